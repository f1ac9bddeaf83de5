// A member of a group in a process of its own, so that a test can kill it: tells its assignments, one JSON value a line.
import { openKafkaLog } from '../../events/kafka.ts'

const [brokers = '', group = '', topic = '', partitions = ''] = process.argv.slice(2)
// Ends with the test that started it.
process.stdin.resume().once('end', () => process.exit())

const log = await openKafkaLog({ brokers: brokers.split(','), clientId: 'member', partitions: Number(partitions) })
for await (const { epoch, partitions: owned } of log.join({ group, topics: [topic], signal: new AbortController().signal })) {
  console.log(JSON.stringify({ epoch, owned }))
}
