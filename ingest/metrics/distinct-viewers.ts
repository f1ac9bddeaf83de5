import { hash53 } from '../hash.ts'
import { ByteReader, ByteWriter, ownBytes } from '../packed-bytes.ts'
import { append } from './append.ts'
import { addToCells, coarsen, decodeCells, encodeCells, kinds } from './cells.ts'
import type { Cells } from './cells.ts'
import { forEachEntry, insert, isFull, newTable, slotOf } from './last-seen-table.ts'
import type { LastSeenTable } from './last-seen-table.ts'
import { bucketStart, firstSecond, secondOf } from './windows.ts'

/**
 * Distinct people by when each was last seen: a person counts in a window while the bucket of their last sighting does.
 * People are known by a 53-bit hash of their id; two that share one count as one (ingest/hash.ts says how seldom).
 *
 * A few people are a flat list (person, last seen, …), looked through when read. Many are a table with a histogram of
 * last sightings beside it, in which a sighting moves one count: reading then costs buckets, not people.
 */
export interface Viewers {
  few: number[]
  many: ManyViewers | null
}

interface ManyViewers {
  /** Null while nobody was seen since the state came from its record: reading does without. */
  table: LastSeenTable | null
  /** What the table is to be made of; empty once it is. */
  packed: Uint8Array
  histogram: Cells
}

/** Beyond these many people the list becomes a table; with half of them it becomes a list again. */
const mostInList = 8

const newViewers = (): Viewers => ({ few: nobody, many: null })

/** Shared by all that nobody watched: `seen` gives another list. */
export const nobody: number[] = []

export const personOf = (userId: string): number => hash53(userId)

/** A person was seen at the event time `at`, when the greatest append time is `appendedAt`. */
export function seen(state: Viewers, person: number, at: number, appendedAt: number): void {
  if (isExpired(at, appendedAt)) return
  if (state.many === null) {
    if (seenAmongFew(state.few, person, at)) return
    state.few = append(aliveAt(state.few, appendedAt), [person, at])
    if (state.few.length > 2 * mostInList) spread(state, state.few, appendedAt)
    return
  }
  const { many } = state
  const table = many.table ?? unpackTable(many)
  const slot = slotOf(table, person)
  const last = table.slots[slot + 1] as number
  if (table.slots[slot] === 0) {
    insert(table, slot, person, at)
    many.histogram = addToCells(many.histogram, secondOf(at), 0, 1, appendedAt)
    if (isFull(table)) many.table = tableOf(aliveAt(listViewers(state), appendedAt))
  } else if (at > last) {
    table.slots[slot + 1] = at
    if (secondOf(last) === secondOf(at)) return
    many.histogram = addToCells(many.histogram, secondOf(last), 0, -1, appendedAt)
    many.histogram = addToCells(many.histogram, secondOf(at), 0, 1, appendedAt)
  }
}

/** How many different people were last seen within the window at `now`. */
export function countViewers(state: Viewers, window: number, now: number): number {
  const first = firstSecond(window, now)
  let sum = 0
  if (state.many === null) {
    for (let i = 1; i < state.few.length; i += 2) if ((state.few[i] as number) >= first * 1_000) sum++
    return sum
  }
  const { histogram } = state.many
  for (let at = histogram.length - 2; at >= 0 && (histogram[at] as number) >= first * kinds; at -= 2) sum += histogram[at + 1] as number
  return sum
}

/** Drops whom no reader can count any more. Changes no readable value. */
export function pruneViewers(state: Viewers, appendedAt: number): void {
  if (state.many === null) {
    if (state.few.length > 0) state.few = aliveAt(state.few, appendedAt)
    return
  }
  const { table } = state.many
  if (table === null) {
    coarsen(state.many.histogram, appendedAt)
    if (state.many.histogram.length === 0) state.many = null
    return
  }
  let alive = 0
  // Counted first: this comes around again and again, and mostly there is nothing to do.
  forEachEntry(table, (_, at) => { if (!isExpired(at, appendedAt)) alive++ })
  if (alive <= mostInList / 2) {
    state.few = alive === 0 ? nobody : aliveAt(listViewers(state), appendedAt)
    state.many = null
    return
  }
  if (alive * 8 < table.slots.length) state.many.table = tableOf(aliveAt(listViewers(state), appendedAt))
  coarsen(state.many.histogram, appendedAt)
}

/** Person, last seen, person, last seen, …, in no particular order. */
export function listViewers({ few, many }: Viewers): number[] {
  if (many === null) return few
  const list: number[] = []
  forEachEntry(many.table ?? unpackTable(many), (person, at) => list.push(person, at))
  return list
}

/** People and histogram apart, so that the people need not be looked at by who reads a count alone. */
export function encodeViewers({ few, many }: Viewers, appendedAt: number, into: ByteWriter): void {
  encodePeople(few, appendedAt, into)
  const histogram = many?.histogram ?? []
  encodeCells(histogram, into)
  // In nobody's window any more.
  if (many === null || histogram.length === 0) return
  if (many.table === null) return into.bytes(many.packed)
  people.clear()
  encodePeople(listViewers({ few, many }), appendedAt, people)
  into.bytes(people.take())
}

export function decodeViewers(from: ByteReader): Viewers {
  const few = decodePeople(from)
  const histogram = decodeCells(from)
  return { few: few.length > 0 ? few : nobody, many: histogram.length > 0 ? { table: null, packed: ownBytes(from.bytes()), histogram } : null }
}

const people = new ByteWriter(1 << 16)

/** A time, and of each how long before it they were last seen: small numbers. */
function encodePeople(list: readonly number[], before: number, into: ByteWriter): void {
  into.number(before)
  into.number(list.length)
  for (let at = 0; at < list.length; at += 2) {
    into.number(list[at] as number)
    into.number(before - (list[at + 1] as number))
  }
}

function decodePeople(from: ByteReader): number[] {
  const before = from.number()
  const list = from.numbers()
  for (let at = 1; at < list.length; at += 2) list[at] = before - (list[at] as number)
  return list
}

function unpackTable(many: ManyViewers): LastSeenTable {
  const table = tableOf(decodePeople(new ByteReader(many.packed)))
  many.table = table
  many.packed = none
  return table
}

const none = new Uint8Array()

/** Of the former encoding: what `listViewers` gives. */
export function viewersFrom(list: number[], appendedAt: number): Viewers {
  const state = newViewers()
  if (list.length === 0) return state
  state.few = list
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

/** From a list to a table and its histogram. */
function spread(state: Viewers, list: readonly number[], appendedAt: number): void {
  let histogram: Cells = []
  // In order of time each sighting meets the last cell.
  const times = new Float64Array(list.length / 2)
  for (let i = 0; i < times.length; i++) times[i] = list[2 * i + 1] as number
  for (const at of times.sort()) histogram = addToCells(histogram, secondOf(at), 0, 1, appendedAt)
  state.few = nobody
  state.many = { table: tableOf(list), packed: none, histogram }
}

/** With room for half as many again. */
function tableOf(list: readonly number[]): LastSeenTable {
  const table = newTable((list.length / 2) * 1.5)
  for (let i = 0; i < list.length; i += 2)
    insert(table, slotOf(table, list[i] as number), list[i] as number, list[i + 1] as number)
  return table
}

const isExpired = (at: number, appendedAt: number): boolean => bucketStart(secondOf(at), appendedAt) < 0

function aliveAt(list: number[], appendedAt: number): number[] {
  if (!list.some((at, i) => i % 2 === 1 && isExpired(at, appendedAt))) return list
  const alive: number[] = []
  for (let i = 0; i < list.length; i += 2)
    if (!isExpired(list[i + 1] as number, appendedAt)) alive.push(list[i] as number, list[i + 1] as number)
  return alive.length === 0 ? nobody : alive
}
