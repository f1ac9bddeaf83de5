// Appends to the log in argv[2] until it is killed, and says on standard output what was acknowledged: one line of JSON per call.
import { writeSync } from 'node:fs'
import { openSqliteLog } from '../../events/sqlite.ts'

const [directory, partitions, run] = process.argv.slice(2)
const log = await openSqliteLog({ directory: directory!, partitions: Number(partitions) })
await log.ensureTopics([{ name: 'log' }, { name: 'state', compacted: true }])

let call = 0
async function appendForEver(): Promise<never> {
  for (;;) {
    const mine = call++
    const size = 1 + (mine % 37)
    const records = Array.from({ length: size }, (_, i) => ({
      topic: 'log', key: `k${(mine + i) % 11}`, value: Buffer.from(JSON.stringify({ call: `${run}/${mine}`, i })),
    }))
    const acknowledged = await log.append([
      ...records,
      { topic: 'state', key: 'last', partition: 0, value: Buffer.from(JSON.stringify({ run: Number(run), call: mine })) },
    ])
    writeSync(1, `${JSON.stringify({ call: `${run}/${mine}`, at: acknowledged.slice(0, -1).map((a) => [a.partition, a.offset]) })}\n`)
  }
}
await Promise.all([appendForEver(), appendForEver(), appendForEver()])
