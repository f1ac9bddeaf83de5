import { describe } from 'node:test'
import { openKafkaLog } from '../../events/kafka.ts'
import type { EventLog } from '../../events/log.ts'
import { requireReal } from '../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { eventLogContract } from './contract.ts'

const skip = requireReal('kafka')

describe('the Kafka adapter', { skip }, () => {
  eventLogContract('Kafka', async ({ partitions }) => {
    const { brokers } = await sharedKafka()
    const opened: EventLog[] = []
    const open = async (count: number): Promise<EventLog> => {
      const log = await openKafkaLog({ brokers, clientId: 'test', partitions: count })
      opened.push(log)
      return log
    }
    return {
      log: await open(partitions),
      prefix: uniquePrefix(),
      reopen: (options) => open(options?.partitions ?? partitions),
      dispose: async () => { await Promise.all(opened.map((log) => log.close())) },
    }
  }, { runs: 5 })
})
