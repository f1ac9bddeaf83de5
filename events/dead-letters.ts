import { partitionKey, type EventLog, type LogRecord, type NewRecord, type Positions } from './log.ts'
import { parseEvent, type Parsed, type ParkReason, type RejectReason } from './parse.ts'
import { readRetained, readUpTo } from './read-up-to.ts'
import type { Topics } from './topics.ts'

/** What is kept of a record that ingest did not apply: everything that is needed to judge it and to send it again. */
export interface DeadLetter {
  /** Where the record lies: `topic/partition/offset`. A record that is refused twice (after a crash) has one id. */
  id: string
  /** `parked`: nothing is wrong with it, a later version may understand it. */
  kind: 'rejected' | 'parked'
  reason: RejectReason | ParkReason
  message: string
  topic: string
  partition: number
  offset: number
  key: string | null
  appendedAt: number
  rejectedAt: number
  /** How many bytes were refused. */
  bytes: number
  /** The untouched bytes, base64; `null` where the record had none; left out above `MAX_COPIED_BYTES`. */
  value?: string | null
}

/** Above this a letter refers to the record instead of holding its bytes: a copy might be more than a log takes. */
const MAX_COPIED_BYTES = 4 << 20

export interface ListedDeadLetter extends Omit<DeadLetter, 'value'> {
  /** When it was last sent again, ms since the epoch. */
  resubmittedAt?: number
}

/** A record of the dead-letter topic says either of the two. */
type Refused = { entry: 'refused' } & DeadLetter
type Entry = Refused | { entry: 'resubmitted'; id: string; resubmittedAt: number }

type Log = Pick<EventLog, 'read' | 'starts' | 'ends' | 'append'>

/** The record for the dead-letter topic. It goes to the partition number of the refused one, whose owner writes it. */
export function deadLetterRecord(
  record: LogRecord, parsed: Parsed & { ok: false }, rejectedAt: number, topics: Topics,
): NewRecord {
  const { topic, partition, offset, key, appendedAt } = record
  return entryRecord(topics, partition, {
    entry: 'refused',
    id: `${partitionKey(topic, partition)}/${offset}`,
    kind: parsed.parked ? 'parked' : 'rejected',
    reason: parsed.reason,
    message: parsed.message,
    topic, partition, offset, key, appendedAt, rejectedAt,
    bytes: record.value?.length ?? 0,
    ...((record.value?.length ?? 0) <= MAX_COPIED_BYTES && { value: record.value && base64(record.value) }),
  })
}

const base64 = ({ buffer, byteOffset, byteLength }: Uint8Array) =>
  Buffer.from(buffer, byteOffset, byteLength).toString('base64')

const entryRecord = (topics: Topics, partition: number, entry: Entry): NewRecord =>
  ({ topic: topics.deadLetters, key: entry.id, partition, value: Buffer.from(JSON.stringify(entry)) })

function entryOf({ value }: LogRecord): Entry | null {
  try {
    const entry = JSON.parse(Buffer.from(value ?? []).toString()) as Entry
    return entry.entry === 'refused' || entry.entry === 'resubmitted' ? entry : null
  } catch {
    return null // Not written by Freshet: nothing that could be listed or sent again.
  }
}

export interface ListOptions {
  /** The most letters to return. Default 100. */
  limit?: number
  /** Positions in the dead-letter topic, as `next` of the former page. */
  from?: Positions
  /** Leave out what was sent again. */
  waitingOnly?: boolean
  signal?: AbortSignal
}

/**
 * Dead letters in the order in which they were refused, within each partition. It reads the topic twice, since what was
 * sent again is told behind the letter; no more than `limit` letters are held.
 */
export async function listDeadLetters(
  log: Log, topics: Topics, { limit = 100, from, waitingOnly = false, signal }: ListOptions = {},
): Promise<{ letters: ListedDeadLetter[]; /** Absent on the last page. */ next?: Positions }> {
  const sentAgain = await resubmissions(log, topics, signal)
  const letters = new Map<string, ListedDeadLetter>()
  const reached: Record<string, number> = { ...(from ?? (await log.starts([topics.deadLetters]))) }
  const options = { ...(from && { from }), ...(signal && { signal }) }
  for await (const batch of readRetained(log, [topics.deadLetters], options)) {
    for (const record of batch) {
      const entry = entryOf(record)
      if (entry?.entry === 'refused' && !letters.has(entry.id)) {
        const resubmittedAt = sentAgain.get(entry.id)
        if (!(waitingOnly && resubmittedAt !== undefined)) {
          if (letters.size === limit) return { letters: [...letters.values()], next: reached }
          letters.set(entry.id, listed(entry, resubmittedAt))
        }
      }
      reached[partitionKey(record.topic, record.partition)] = record.offset + 1
    }
  }
  return { letters: [...letters.values()] }
}

const listed = ({ entry: _, value: __, ...letter }: Refused, resubmittedAt?: number): ListedDeadLetter =>
  ({ ...letter, ...(resubmittedAt !== undefined && { resubmittedAt }) })

/** The untouched bytes: from the letter, or else from the record itself. */
async function bytesOf(
  log: Log, { value, topic, partition, offset }: Refused, signal?: AbortSignal,
): Promise<Uint8Array | null> {
  if (value !== undefined) return value === null ? null : Buffer.from(value, 'base64')
  const key = partitionKey(topic, partition)
  const to = { [key]: offset + 1 }
  for await (const [record] of readUpTo(log, { [key]: offset }, to, { maxRecords: 1, ...(signal && { signal }) })) {
    if (record?.offset === offset) return record.value
  }
  return null
}

async function resubmissions(log: Log, topics: Topics, signal?: AbortSignal): Promise<Map<string, number>> {
  const sentAgain = new Map<string, number>()
  for await (const batch of readRetained(log, [topics.deadLetters], { ...(signal && { signal }) })) {
    for (const record of batch) {
      const entry = entryOf(record)
      if (entry?.entry === 'resubmitted') sentAgain.set(entry.id, entry.resubmittedAt)
    }
  }
  return sentAgain
}

export interface ShownDeadLetter extends ListedDeadLetter {
  /** The untouched bytes; `null` where there are none, or none any more. */
  value: Uint8Array | null
}

/** One dead letter with its bytes; `null` when there is none of this id. */
export async function showDeadLetter(
  log: Log, topics: Topics, id: string, signal?: AbortSignal,
): Promise<ShownDeadLetter | null> {
  let found: Refused | undefined
  let resubmittedAt: number | undefined
  for await (const batch of readRetained(log, [topics.deadLetters], { ...(signal && { signal }) })) {
    for (const record of batch) {
      if (record.key !== id) continue
      const entry = entryOf(record)
      if (entry?.entry === 'refused') found ??= entry
      else if (entry?.entry === 'resubmitted') resubmittedAt = entry.resubmittedAt
    }
  }
  if (!found) return null
  return { ...listed(found, resubmittedAt), value: await bytesOf(log, found, signal) }
}

export type Resubmitted =
  | { ok: true; topic: string; partition: number; offset: number }
  | { ok: false; reason: 'NOT_FOUND' | RejectReason | ParkReason; message: string }

/**
 * Appends the untouched bytes, or `edited` ones in their place, to the topic they came from, keyed by the event's
 * subject; and notes that in the dead-letter topic. What would be refused again is not sent. `now`: ms since the epoch.
 *
 * A crash between the two appends leaves the letter as if unsent; sent once more, it is a duplicate by (`source`,
 * `id`), which ingest removes.
 */
export async function resubmit(
  log: Log, topics: Topics, id: string,
  { now, edited, signal }: { now: number; edited?: Uint8Array; signal?: AbortSignal },
): Promise<Resubmitted> {
  const letter = await showDeadLetter(log, topics, id, signal)
  if (!letter) {
    const message = `There is no dead letter '${id}'. See \`freshet dead-letters list\`.`
    return { ok: false, reason: 'NOT_FOUND', message }
  }
  return send(log, topics, letter, edited ?? letter.value, now, signal)
}

async function send(
  log: Log, topics: Topics, letter: Pick<DeadLetter, 'id' | 'topic' | 'partition'>, value: Uint8Array | null, now: number,
  signal?: AbortSignal,
): Promise<Resubmitted> {
  // Nothing to parse is no JSON.
  const parsed = parseEvent(value ?? new Uint8Array(), { appendedAt: now })
  if (!parsed.ok) return { ok: false, reason: parsed.reason, message: `It would be refused again. ${parsed.message}` }
  const options = { ...(signal && { signal }) }
  const [appended] = await log.append([{ topic: letter.topic, key: parsed.key, value }], options)
  const note: Entry = { entry: 'resubmitted', id: letter.id, resubmittedAt: now }
  await log.append([entryRecord(topics, letter.partition, note)], options)
  const { topic, partition, offset } = appended!
  return { ok: true, topic, partition, offset }
}

/** Sends again, once each, the parked events that this version understands: after an upgrade. The number sent. */
export async function resubmitParked(
  log: Log, topics: Topics, { now, signal }: { now: number; signal?: AbortSignal },
): Promise<number> {
  const done = await resubmissions(log, topics, signal)
  let sent = 0
  for await (const batch of readRetained(log, [topics.deadLetters], { ...(signal && { signal }) })) {
    for (const record of batch) {
      const entry = entryOf(record)
      if (entry?.entry !== 'refused' || entry.kind !== 'parked' || done.has(entry.id)) continue
      done.set(entry.id, now)
      if ((await send(log, topics, entry, await bytesOf(log, entry, signal), now, signal)).ok) sent++
    }
  }
  return sent
}
