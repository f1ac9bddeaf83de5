import type { NewRecord } from './log.ts'
import { MAX_EVENT_BYTES, parseEvent, type Parsed, type ParseContext } from './parse.ts'
import type { Topics } from './topics.ts'
import { eventTypes, type EventType, type FreshetEvent } from './vocabulary.ts'

/** An event as a record: its type decides the topic, its subject is the key. */
export function toRecord(event: FreshetEvent<EventType>, topics: Topics): NewRecord & { value: Uint8Array } {
  return { topic: topics[eventTypes[event.type].topic], key: event.subject, value: Buffer.from(JSON.stringify(event)) }
}

/** What somebody publishes: judged as ingest will judge it, and ready to be appended. `appendedAt` is now. */
export function parsePublished(
  input: unknown, topics: Topics, context: Pick<ParseContext, 'appendedAt' | 'futureMs'>,
): (Parsed & { ok: true; record: NewRecord }) | (Parsed & { ok: false }) {
  const parsed = parseEvent(input, context)
  if (!parsed.ok) return parsed
  const record = toRecord(parsed.event, topics)
  if (record.value.length > MAX_EVENT_BYTES) {
    const message = `expected at most ${MAX_EVENT_BYTES} bytes, got ${record.value.length}`
    return { ok: false, parked: false, reason: 'OVERSIZED', message }
  }
  return { ...parsed, record }
}
