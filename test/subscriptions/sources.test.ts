import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteLog } from '../../events/sqlite.ts'
import { sourceSuite, type SuiteLog } from './source-suite.ts'

const open = async (): Promise<SuiteLog> => {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-log-'))
  const log = await openSqliteLog({ directory, partitions: 4 })
  return {
    log, prefix: 'freshet',
    dispose: async () => {
      await log.close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

sourceSuite('the embedded log, from memory', open, { ring: {} })
sourceSuite('the embedded log, from the log', open, { ring: { maxCount: 1 } })
