// Appends 64 KiB at a time, many at once, to the log in argv[2], whose files may not grow beyond what the parent allows. Says
// on standard output what the log reports and what was acknowledged, and ends on "stop" on standard input.
import { writeSync } from 'node:fs'
import { openSqliteLog } from '../../events/sqlite.ts'

/** More bytes than one transaction takes: the order must hold across those that fail. */
const OUTSTANDING = 200

const say = (line: string) => writeSync(1, `${line}\n`)
const log = await openSqliteLog({ directory: process.argv[2]!, partitions: 1, report: (message) => say(`report ${message}`) })
await log.ensureTopics([{ name: 'a' }])
say('open')
const stop = new AbortController()
process.stdin.once('data', () => stop.abort())

let sequence = 0
async function appendUntilStopped(): Promise<void> {
  while (!stop.signal.aborted) {
    const value = Buffer.alloc(65_536)
    value.writeUInt32LE(sequence++)
    const [appended] = await log.append([{ topic: 'a', key: 'k', value }], { signal: stop.signal })
    say(`offset ${appended!.offset}`)
  }
}
const ends = await Promise.allSettled(Array.from({ length: OUTSTANDING }, appendUntilStopped))
for (const end of ends) say(end.status === 'rejected' ? `error ${end.reason.code}` : 'stopped')
say('end')
await log.close()
process.stdin.destroy()
