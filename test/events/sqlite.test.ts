import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteLog } from '../../events/sqlite.ts'
import type { EventLog } from '../../events/log.ts'
import { eventLogContract } from './contract.ts'

eventLogContract('the embedded log', async ({ partitions }) => {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-log-'))
  const opened: EventLog[] = []
  const open = async (count: number) => {
    const log = await openSqliteLog({ directory, partitions: count })
    opened.push(log)
    return log
  }
  return {
    log: await open(partitions),
    prefix: 'test',
    reopen: ({ partitions: count = partitions } = {}) => open(count),
    dispose: async () => {
      await Promise.all(opened.map((log) => log.close()))
      rmSync(directory, { recursive: true })
    },
  }
})
