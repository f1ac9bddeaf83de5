import type { LogRecord, Positions, ReadOptions } from '../log.ts'
import { unpack } from './packing.ts'
import type { Slot, Slots } from './slots.ts'
import type { Row, Store } from './store.ts'

/** One batch ends at this size even when it has fewer records than were asked for. */
const BATCH_BYTES = 4 << 20

/** Where a reader stands in one slot. */
interface Cursor {
  slot: Slot
  position: number
  /** Whether a row begins at `position`. Only the position that a reader starts from may lie within one. */
  aligned: boolean
  /** Decoded with their row, but beyond the last batch. */
  left: LogRecord[]
}

const hasMore = ({ slot, position, left }: Cursor): boolean => left.length > 0 || position < slot.next

/** Readers that wait for an append. */
export class Waiters {
  readonly #waiting = new Set<{ ready: () => boolean; wake: () => void }>()

  /** Resolves once `ready` holds after an append, or one of the signals is aborted. */
  until(ready: () => boolean, signals: readonly AbortSignal[]): Promise<void> {
    return new Promise((resolve) => {
      const waiter = {
        ready,
        wake: () => {
          this.#waiting.delete(waiter)
          for (const signal of signals) signal.removeEventListener('abort', waiter.wake)
          resolve()
        },
      }
      this.#waiting.add(waiter)
      for (const signal of signals) signal.addEventListener('abort', waiter.wake)
    })
  }

  wake(): void {
    for (const waiter of this.#waiting) if (waiter.ready()) waiter.wake()
  }
}

/** Reads from `from` for ever, until one of the signals is aborted. */
export async function* read(
  store: Store, slots: Slots, waiters: Waiters, { from, maxRecords = 1_000 }: Pick<ReadOptions, 'from' | 'maxRecords'>,
  signals: readonly AbortSignal[],
): AsyncGenerator<LogRecord[], void> {
  if (!(maxRecords >= 1)) throw new RangeError(`maxRecords is ${maxRecords}; expected 1 or more.`)
  const cursors = cursorsOf(slots, from)
  const ended = () => signals.some(({ aborted }) => aborted)
  while (!ended()) {
    const batch = nextBatch(store, cursors, maxRecords)
    if (batch.length === 0) {
      await waiters.until(() => cursors.some(hasMore), signals)
      continue
    }
    yield batch
    // Who catches up must not keep appends and sockets waiting.
    if (cursors.some(hasMore)) await new Promise(setImmediate)
  }
}

const cursorsOf = (slots: Slots, from: Positions): Cursor[] =>
  Object.entries(from).map(([key, position]) => {
    if (!Number.isSafeInteger(position) || position < 0) {
      throw new RangeError(`The position of ${key} is ${position}; expected a whole number from 0.`)
    }
    return { slot: slots.at(key), position, aligned: false, left: [] }
  })

/** A fair share of every slot that has something: no busy partition holds back the others. */
function nextBatch(store: Store, cursors: Cursor[], maxRecords: number): LogRecord[] {
  const batch: LogRecord[] = []
  const ready = cursors.filter(hasMore)
  let bytes = 0
  for (const [i, cursor] of ready.entries()) {
    if (batch.length >= maxRecords || bytes >= BATCH_BYTES) break
    const share = Math.ceil((maxRecords - batch.length) / (ready.length - i))
    bytes += take(store, cursor, share, BATCH_BYTES - bytes, batch)
    // To the back of the line for the next batch.
    if (ready.length > 1) cursors.push(...cursors.splice(cursors.indexOf(cursor), 1))
  }
  return batch
}

/** Moves up to `most` records into the batch; the number of bytes moved. */
function take(store: Store, cursor: Cursor, most: number, mostBytes: number, batch: LogRecord[]): number {
  const before = batch.length
  const { slot } = cursor
  const compacted = slot.topic.compacted ?? false
  let bytes = 0
  let room = most
  const move = (records: LogRecord[]): LogRecord[] => {
    let moved = 0
    while (moved < records.length && moved < room && (bytes < mostBytes || batch.length === before)) {
      const record = records[moved++]!
      bytes += record.value?.length ?? 0
      batch.push(record)
    }
    room -= moved
    return records.slice(moved)
  }
  cursor.left = move(cursor.left)
  if (cursor.left.length > 0 || room === 0 || bytes >= mostBytes) return bytes
  const from = cursor.aligned ? cursor.position : (store.floor(compacted, slot.number, cursor.position)?.offset ?? 0)
  store.scan(compacted, slot.number, from, (row) => {
    cursor.left = move(decode(slot, row, cursor.position))
    cursor.position = Math.max(cursor.position, row.offset + row.count)
    return cursor.left.length === 0 && room > 0 && bytes < mostBytes
  })
  cursor.aligned = true
  return bytes
}

function decode({ topic, partition }: Slot, { offset, appendedAt, blob }: Row, from: number): LogRecord[] {
  const records: LogRecord[] = []
  let at = offset
  unpack(blob, (key, value) => {
    if (at >= from) records.push({ topic: topic.name, partition, offset: at, key, value, appendedAt })
    at++
  })
  return records
}
