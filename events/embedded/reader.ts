import { whenAborted } from '../abort.ts'
import type { LogRecord, Positions, ReadOptions } from '../log.ts'
import { Unpacking } from './packing.ts'
import type { Slot, Slots } from './slots.ts'
import type { Store } from './store.ts'

/** One batch ends at this size even when it has fewer records than were asked for. */
const BATCH_BYTES = 4 << 20

/** Where a reader stands in one slot. */
interface Cursor {
  slot: Slot
  position: number
  /** Whether a row begins at `position`. Only the position that a reader starts from may lie within one. */
  aligned: boolean
  /**
   * The row that the last batch ended within. Its records are decoded as they are taken: who works off a backlog would
   * otherwise keep hundreds of them from one collection of the young generation to the next.
   */
  left: { unpacking: Unpacking; appendedAt: number; offset: number } | null
}

const hasMore = ({ slot, position, left }: Cursor): boolean => left !== null || position < slot.next

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
          for (const each of forget) each()
          resolve()
        },
      }
      const forget = signals.map((signal) => whenAborted(signal, waiter.wake))
      this.#waiting.add(waiter)
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
    return { slot: slots.at(key), position, aligned: false, left: null }
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
  const hasRoom = () => batch.length - before < most && (bytes < mostBytes || batch.length === before)
  /** Those of the row before `from` are left out. */
  const move = (from: number) => {
    const { left } = cursor
    if (!left) return
    const { unpacking, appendedAt } = left
    while (!unpacking.done && hasRoom()) {
      const { key, value } = unpacking.next()
      const offset = left.offset++
      if (offset < from) continue
      bytes += value?.length ?? 0
      batch.push({ topic: slot.topic.name, partition: slot.partition, offset, key, value, appendedAt })
    }
    if (unpacking.done) cursor.left = null
  }
  move(0)
  if (cursor.left || !hasRoom()) return bytes
  const from = cursor.aligned ? cursor.position : (store.floor(compacted, slot.number, cursor.position)?.offset ?? 0)
  store.scan(compacted, slot.number, from, ({ offset, appendedAt, count, blob }) => {
    cursor.left = { unpacking: new Unpacking(blob), appendedAt, offset }
    move(cursor.position)
    cursor.position = Math.max(cursor.position, offset + count)
    return cursor.left === null && hasRoom()
  })
  cursor.aligned = true
  return bytes
}
