import { hash53 } from '../hash.ts'
import { addToCell, dropBelow } from './cells.ts'
import type { Cells } from './cells.ts'
import { forEachEntry, insert, isFull, newTable, slotOf } from './last-seen-table.ts'
import type { LastSeenTable } from './last-seen-table.ts'
import { bucketOf, firstBucket, firstKept, windowMs } from './windows.ts'

/**
 * Distinct people by when each was last seen: a person counts in a window while the bucket of their last sighting does.
 * People are known by a 53-bit hash of their id; two that share one count as one (ingest/hash.ts says how seldom).
 *
 * A few people are a flat list (person, last seen, …), looked through when read. Many are a table with a histogram of
 * last sightings per window beside it, in which a sighting moves one count: reading then costs buckets, not people.
 */
export interface Viewers {
  few: number[]
  many: { table: LastSeenTable; histograms: [Cells, Cells, Cells] } | null
}

/** Beyond these many people the list becomes a table; with half of them it becomes a list again. */
const mostInList = 8
const longest = windowMs.length - 1

export const newViewers = (): Viewers => ({ few: [], many: null })

export const personOf = (userId: string): number => hash53(userId)

/** A person was seen at the event time `at`, when the greatest append time is `appendedAt`. */
export function seen(state: Viewers, person: number, at: number, appendedAt: number): void {
  if (isExpired(at, appendedAt)) return
  if (state.many === null) {
    if (seenAmongFew(state.few, person, at)) return
    state.few = aliveAt(state.few, appendedAt)
    state.few.push(person, at)
    if (state.few.length > 2 * mostInList) spread(state, state.few, appendedAt)
    return
  }
  const { table } = state.many
  const slot = slotOf(table, person)
  const last = table.slots[slot + 1] as number
  if (table.slots[slot] === 0) {
    insert(table, slot, person, at)
    move(state.many.histograms, null, at, appendedAt)
    if (isFull(table)) state.many.table = tableOf(aliveAt(listViewers(state), appendedAt))
  } else if (at > last) {
    table.slots[slot + 1] = at
    move(state.many.histograms, last, at, appendedAt)
  }
}

/** How many different people were last seen within the window at `now`. */
export function countViewers(state: Viewers, window: number, now: number): number {
  const first = firstBucket(window, now)
  let sum = 0
  if (state.many === null) {
    for (let i = 1; i < state.few.length; i += 2) if (bucketOf(window, state.few[i] as number) >= first) sum++
    return sum
  }
  const cells = state.many.histograms[window] as Cells
  for (let at = cells.length - 2; at >= 0 && (cells[at] as number) >= first; at -= 2) sum += cells[at + 1] as number
  return sum
}

/** Drops whom no reader can count any more. Changes no readable value. */
export function pruneViewers(state: Viewers, appendedAt: number): void {
  if (state.many === null) {
    if (state.few.length > 0) state.few = aliveAt(state.few, appendedAt)
    return
  }
  const alive = aliveAt(listViewers(state), appendedAt)
  if (alive.length <= mostInList) {
    state.few = alive
    state.many = null
    return
  }
  if (alive.length * 4 < state.many.table.slots.length) state.many.table = tableOf(alive)
  for (const [window, cells] of state.many.histograms.entries()) dropBelow(cells, firstKept(window, appendedAt))
}

/** Person, last seen, person, last seen, …, in no particular order. */
export function listViewers({ few, many }: Viewers): number[] {
  if (many === null) return few
  const list: number[] = []
  forEachEntry(many.table, (person, at) => list.push(person, at))
  return list
}

/** The inverse of `listViewers`. */
export function viewersFrom(list: number[], appendedAt: number): Viewers {
  const state: Viewers = { few: list, many: null }
  if (list.length > 2 * mostInList) spread(state, list, appendedAt)
  return state
}

function seenAmongFew(list: number[], person: number, at: number): boolean {
  for (let i = 0; i < list.length; i += 2) {
    if (list[i] !== person) continue
    if (at > (list[i + 1] as number)) list[i + 1] = at
    return true
  }
  return false
}

/** From a list to a table and its histograms. */
function spread(state: Viewers, list: readonly number[], appendedAt: number): void {
  const histograms: [Cells, Cells, Cells] = [[], [], []]
  // In order of time each sighting meets the last cell.
  const times = Float64Array.from(list.filter((_, i) => i % 2 === 1)).sort()
  for (const at of times) move(histograms, null, at, appendedAt)
  state.few = []
  state.many = { table: tableOf(list), histograms }
}

/** With room for half as many again. */
function tableOf(list: readonly number[]): LastSeenTable {
  const table = newTable((list.length / 2) * 1.5)
  for (let i = 0; i < list.length; i += 2)
    insert(table, slotOf(table, list[i] as number), list[i] as number, list[i + 1] as number)
  return table
}

/** Moves one person from the bucket of `from` (if any) to that of `to`. What no reader can count any more is left out. */
function move(histograms: [Cells, Cells, Cells], from: number | null, to: number, appendedAt: number): void {
  for (let window = 0; window < windowMs.length; window++) {
    const cells = histograms[window] as Cells
    const first = firstKept(window, appendedAt)
    const target = bucketOf(window, to)
    const former = from === null ? null : bucketOf(window, from)
    if (former === target) continue
    if (former !== null && former >= first) addToCell(cells, former, -1, first)
    if (target >= first) addToCell(cells, target, 1, first)
  }
}

const isExpired = (at: number, appendedAt: number): boolean => bucketOf(longest, at) < firstKept(longest, appendedAt)

function aliveAt(list: number[], appendedAt: number): number[] {
  const alive: number[] = []
  for (let i = 0; i < list.length; i += 2)
    if (!isExpired(list[i + 1] as number, appendedAt)) alive.push(list[i] as number, list[i + 1] as number)
  return alive.length === list.length ? list : alive
}
