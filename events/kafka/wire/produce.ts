import type { NewRecord } from '../../log.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ByteWriter } from './byte-writer.ts'
import { assertNoError } from './protocol-error.ts'
import { writeBatch } from './record-batch.ts'

/** Version 3, which every broker since 0.11 takes, those of version 4 included (KIP-896). */
export const produceApi = { apiKey: 0, apiName: 'Produce', apiVersion: 3 } as const

export interface ProduceRequest {
  producerId: number
  producerEpoch: number
  /** How long a leader may wait for its replicas, ms. */
  timeout: number
  batches: readonly { topic: string; partition: number; firstSequence: number; timestamp: number; records: readonly NewRecord[] }[]
}

export interface ProducedPartition {
  topic: string
  partition: number
  baseOffset: number
  /** When the broker appended it, ms since the epoch; −1 where the topic keeps the producers' times. */
  logAppendTime: number
}

const allReplicas = -1

export function writeProduce(into: ByteWriter, { producerId, producerEpoch, timeout, batches }: ProduceRequest): void {
  // No transaction.
  into.int16(-1)
  into.int16(allReplicas)
  into.int32(timeout)
  const topics = Map.groupBy(batches, ({ topic }) => topic)
  into.int32(topics.size)
  for (const [topic, parts] of topics) {
    into.string(topic)
    into.int32(parts.length)
    for (const { partition, firstSequence, timestamp, records } of parts) {
      into.int32(partition)
      writeBatch(into, records, { producerId, producerEpoch, firstSequence, timestamp })
    }
  }
}

/** @throws KafkaProtocolError when a partition was refused */
export function readProduced(answer: ByteReader): ProducedPartition[] {
  return answer.array(() => {
    const topic = answer.string()
    return answer.array((): ProducedPartition => {
      const partition = answer.int32()
      assertNoError(answer.int16(), topic, partition)
      return { topic, partition, baseOffset: answer.int64(), logAppendTime: answer.int64() }
    })
  }).flat()
}
