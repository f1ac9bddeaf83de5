import type { Positions } from '../log.ts'
import { offsetAt, type Slot, type Slots } from './slots.ts'
import type { Store } from './store.ts'

/** Rows that one sweep removes at most: it runs between other work. */
const SWEEP_ROWS = 200
/** As long as Kafka's `delete.retention.ms`: who falls back less than that learns of every removed key. */
const TOMBSTONE_MS = 24 * 60 * 60 * 1000

/**
 * Removes a little of what may go, and says whether there is more.
 *
 * - By age: what is older than its topic's `retentionMs`; where a position was protected, only what lies before it.
 * - By size: the oldest rows first, and only what lies before a protected position. Positions that nobody released are
 *   needed by somebody: the file then grows beyond its bound.
 *
 * The last row of a slot always stays: it tells where the slot ends.
 */
export function sweep(
  store: Store, slots: Slots, released: Positions, { now, retentionBytes }: { now: number; retentionBytes: number },
): boolean {
  let more = false
  store.transaction(() => {
    const byAge = trimByAge(store, slots, released, now)
    const bySize = trimBySize(store, slots, released, retentionBytes)
    more = byAge || bySize
  })
  return more
}

function trimByAge(store: Store, slots: Slots, released: Positions, now: number): boolean {
  let more = false
  for (const slot of slots.all()) {
    const { topic, number, key } = slot
    if (topic.compacted) {
      store.trimTombstones(number, now - TOMBSTONE_MS, lastRow(store, slot))
      continue
    }
    if (topic.retentionMs === undefined) continue
    const before = Math.min(offsetAt(store, slot, now - topic.retentionMs), released[key] ?? Infinity)
    const whole = wholeRowsBefore(store, slot, before)
    if (whole > 0) more = store.trim(number, whole, SWEEP_ROWS).rows === SWEEP_ROWS || more
  }
  return more
}

function trimBySize(store: Store, slots: Slots, released: Positions, retentionBytes: number): boolean {
  let excess = store.usedBytes() - retentionBytes
  if (excess <= 0) return false
  const removable = [...slots.all()].flatMap((slot) => {
    if (slot.topic.compacted) return []
    const before = wholeRowsBefore(store, slot, released[slot.key] ?? 0)
    const first = store.first(false, slot.number)
    return first && first.offset < before ? [{ slot, before, appendedAt: first.appendedAt }] : []
  })
  for (let rows = 0; rows < SWEEP_ROWS && excess > 0 && removable.length > 0; rows++) {
    const oldest = removable.reduce((a, b) => (b.appendedAt < a.appendedAt ? b : a))
    excess -= store.trim(oldest.slot.number, oldest.before, 1).bytes
    const next = store.first(false, oldest.slot.number)
    if (next && next.offset < oldest.before) oldest.appendedAt = next.appendedAt
    else removable.splice(removable.indexOf(oldest), 1)
  }
  return excess > 0 && removable.length > 0
}

/** Where the last row begins. */
const lastRow = (store: Store, slot: Slot): number => store.last(slot.topic.compacted ?? false, slot.number)?.offset ?? 0

/** The greatest offset ≤ `before` at which a row begins and that leaves the last row alone; rows before it are whole. */
function wholeRowsBefore(store: Store, slot: Slot, before: number): number {
  const last = lastRow(store, slot)
  if (before >= last) return last
  return store.floor(false, slot.number, before)?.offset ?? 0
}
