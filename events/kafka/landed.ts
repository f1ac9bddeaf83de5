import type { Batch, Placed } from './batches.ts'
import type { Connection } from './client.ts'
import { failureOf } from './failures.ts'
import { starts } from './offsets.ts'
import type { FetchedRecord, FetchResponse } from './records.ts'

export interface ProducerIdentity {
  producerId: string
  producerEpoch: number
}

const readUncommitted = 0

/**
 * Looks in the log for a batch whose acknowledgement never came, by its producer and number.
 * @param from an offset that the batch cannot lie before
 */
export async function findLanded(connection: Connection, batch: Batch, identity: ProducerIdentity, from: number): Promise<Placed | undefined> {
  const { cluster } = connection
  const [leader] = Object.keys(cluster.findLeaderForPartitions(batch.topic, [batch.partition]))
  const broker = await cluster.findBroker({ nodeId: leader ?? '-1' })
  const isOurs = ({ batchContext: { producerId, producerEpoch, firstSequence } }: FetchedRecord): boolean =>
    producerId === identity.producerId && producerEpoch === identity.producerEpoch && firstSequence === batch.firstSequence
  let position = from
  for (;;) {
    let response: FetchResponse
    try {
      response = await broker.fetch({
        replicaId: -1,
        isolationLevel: readUncommitted,
        maxWaitTime: 1,
        topics: [{ topic: batch.topic, partitions: [{ partition: batch.partition, fetchOffset: String(position), maxBytes: 1 << 20 }] }],
      }) as FetchResponse
    } catch (error) {
      if (failureOf(error).name !== 'KafkaJSOffsetOutOfRange') throw error
      const first = (await starts(connection, [batch.topic]))[batch.key]!
      // Behind the end: the log has lost what it had acknowledged, so it cannot hold what came after.
      if (first <= position) return undefined
      position = first
      continue
    }
    const messages = response.responses[0]?.partitions[0]?.messages ?? []
    const found = messages.find(isOurs)
    if (found) return { baseOffset: Number(found.batchContext.firstOffset), appendedAt: Number(found.timestamp) }
    const last = messages.at(-1)
    if (!last || Number(last.offset) < position) return undefined
    position = Number(last.offset) + 1
  }
}
