import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteLog } from '../../events/sqlite.ts'
import { sourceSuite, type SuiteLog } from './source-suite.ts'

const open = async (): Promise<SuiteLog> => {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-log-'))
  let ahead = 0
  const log = await openSqliteLog({ directory, partitions: 4, retentionBytes: 1, clock: () => Date.now() + ahead })
  return {
    log, prefix: 'freshet',
    async truncate(before) {
      log.protect(before)
      await log.ensureTopics([{ name: 'tick' }])
      // It looks from time to time, after an append.
      ahead += 10_000
      await log.append([{ topic: 'tick', key: 'k', value: null }])
      for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    },
    dispose: async () => {
      await log.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

sourceSuite('the embedded log, from memory', open, { ring: {} })
sourceSuite('the embedded log, from the log', open, { ring: { maxCount: 1 } })
