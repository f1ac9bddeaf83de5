import type { Batch, Placed } from './batches.ts'
import type { Connection } from './client.ts'
import { failureOf } from './failures.ts'
import { starts } from './offsets.ts'
import type { FetchedBatch } from './wire/record-batch.ts'

export interface ProducerIdentity {
  producerId: number
  producerEpoch: number
}

/**
 * Looks in the log for a batch whose acknowledgement never came, by its producer and number.
 * @param from an offset that the batch cannot lie before
 */
export async function findLanded(connection: Connection, batch: Batch, identity: ProducerIdentity, from: number): Promise<Placed | undefined> {
  const [leader = 'none'] = Object.keys(connection.cluster.findLeaderForPartitions(batch.topic, [batch.partition]))
  const broker = await connection.broker(leader)
  const isOurs = ({ producerId, producerEpoch, firstSequence }: FetchedBatch): boolean =>
    producerId === identity.producerId && producerEpoch === identity.producerEpoch && firstSequence === batch.firstSequence
  let position = from
  for (;;) {
    let batches: FetchedBatch[]
    try {
      const [fetched] = await broker.fetch({
        isolation: 'read uncommitted', maxWait: 1, maxBytes,
        partitions: [{ topic: batch.topic, partition: batch.partition, offset: position, maxBytes }],
      })
      batches = fetched?.batches ?? []
    } catch (error) {
      if (failureOf(error).type !== 'OFFSET_OUT_OF_RANGE') throw error
      const first = (await starts(connection, [batch.topic]))[batch.key]!
      // Behind the end: the log has lost what it had acknowledged, so it cannot hold what came after.
      if (first <= position) return undefined
      position = first
      continue
    }
    const found = batches.find(isOurs)
    if (found) return { baseOffset: found.firstOffset, appendedAt: found.records[0]?.appendedAt ?? batch.sentAt }
    const last = batches.at(-1)
    if (!last || last.lastOffset < position) return undefined
    position = last.lastOffset + 1
  }
}

/** Of an answer; a larger batch comes whole nevertheless. */
const maxBytes = 1 << 20
