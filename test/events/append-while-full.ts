// Appends 64 KiB at a time to the log in argv[2], whose files may not grow beyond what the parent allows; says on standard
// output what the log reports and what was acknowledged, and ends on "stop" on standard input.
import { writeSync } from 'node:fs'
import { openSqliteLog } from '../../events/sqlite.ts'

const log = await openSqliteLog({
  directory: process.argv[2]!, partitions: 1, report: (message) => writeSync(1, `report ${message}\n`),
})
await log.ensureTopics([{ name: 'a' }])
writeSync(1, 'open\n')
const stop = new AbortController()
process.stdin.once('data', () => stop.abort())
const value = new Uint8Array(65_536)
try {
  for (;;) {
    const [appended] = await log.append([{ topic: 'a', key: 'k', value }], { signal: stop.signal })
    writeSync(1, `offset ${appended!.offset}\n`)
  }
} catch (error) {
  writeSync(1, `error ${(error as { code?: string }).code}\n`)
}
await log.close()
process.stdin.destroy()
