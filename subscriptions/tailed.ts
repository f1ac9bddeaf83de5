import { partitionKey, type LogRecord } from '../events/log.ts'
import type { AppendedEvent } from '../resolvers/context.ts'
import { plainPosition, type Cut, type Place } from './cut.ts'

/** A record of a topic on its way to subscribers. */
export interface Tailed {
  at: Place
  /** Null for what is no event: dead letters get those. */
  event: AppendedEvent | null
  bytes: number
  /** By the lanes of those who read it as it comes: what they have with it. One object for all of them, whose text is made once. */
  cuts?: Map<string, Cut> | undefined
}

export const tailed = (record: LogRecord): Tailed => ({
  at: { lane: partitionKey(record.topic, record.partition), position: plainPosition(record.offset + 1) },
  event: toAppendedEvent(record),
  bytes: record.value?.byteLength ?? 0,
})

function toAppendedEvent({ value, appendedAt }: LogRecord): AppendedEvent | null {
  if (value === null) return null
  try {
    const { id, source, type, subject, time, data } = JSON.parse(Buffer.from(value).toString('utf8')) as Record<string, unknown>
    const happened = typeof time === 'string' ? Date.parse(time) : NaN
    if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string' || typeof subject !== 'string') return null
    return Number.isNaN(happened) ? null : { id, source, type, subject, time: happened, appendedAt, data }
  } catch {
    return null
  }
}
