import { partitionKey, type LogRecord } from '../events/log.ts'
import type { AppendedEvent } from '../resolvers/context.ts'
import { plainPosition, type Cut, type Place } from './cut.ts'

/** A record of a topic on its way to subscribers. */
export interface Tailed<E> {
  at: Place
  /** Null for what is no event. */
  event: E | null
  bytes: number
  /** By what those who follow read: what they have with it. One object for all of them, whose text is made once. */
  cuts?: Map<string, Cut> | undefined
}

export const tailed = <E>(record: LogRecord, decode: (record: LogRecord) => E | null): Tailed<E> => ({
  at: { lane: partitionKey(record.topic, record.partition), position: plainPosition(record.offset + 1) },
  event: decode(record),
  bytes: record.value?.byteLength ?? 0,
})

/** Null for what is no event: dead letters get those. */
export function toAppendedEvent({ value, appendedAt }: LogRecord): AppendedEvent | null {
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
