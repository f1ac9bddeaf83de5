import { append } from './append.ts'
import type { ByteReader, ByteWriter } from '../packed-bytes.ts'
import { bucketStart } from './windows.ts'

/**
 * The buckets of one entity that hold something: a sorted list, flat, of key, amount, key, amount, … A key is the second
 * at which the bucket begins times `kinds`, plus what is counted. Sixteen bytes a bucket and no object of its own, because
 * tens of thousands of entities have some; nearly every write hits the last ones or appends.
 */
export type Cells = number[]

/** Shared by all that have none: `addToCells` gives another list. */
export const noCells: Cells = []

/** How many kinds of amounts a key tells apart: a power of two. */
export const kinds = 16

/**
 * Adds to the bucket of `second`; nothing where no reader could see it. Gives the list, which may be another one.
 *
 * @param appendedAt greatest append time, ms
 */
export function addToCells(cells: Cells, second: number, kind: number, amount: number, appendedAt: number): Cells {
  const start = bucketStart(second, appendedAt)
  if (start < 0) return cells
  const key = start * kinds + kind
  const at = placeOf(cells, cells.length, key)
  if (cells[at] === key) {
    cells[at + 1] = (cells[at + 1] as number) + amount
    return cells
  }
  if (at < cells.length) {
    cells.splice(at, 0, key, amount)
    return cells
  }
  // Now and then, so that an entity that never rests stays small and appending stays cheap.
  if (cells.length > 0 && cells.length % 64 === 0) coarsen(cells, appendedAt)
  return append(cells, [key, amount])
}

/** Moves what has grown older to coarser buckets and drops what no reader can see, in place. Changes no readable sum. */
export function coarsen(cells: Cells, appendedAt: number): void {
  let length = 0
  for (let read = 0; read < cells.length; read += 2) {
    const second = Math.floor((cells[read] as number) / kinds)
    const start = bucketStart(second, appendedAt)
    const amount = cells[read + 1] as number
    if (start < 0 || amount === 0) continue
    const key = (cells[read] as number) - (second - start) * kinds
    const at = placeOf(cells, length, key)
    if (at < length && cells[at] === key) {
      cells[at + 1] = (cells[at + 1] as number) + amount
      continue
    }
    cells.copyWithin(at + 2, at, length)
    cells[at] = key
    cells[at + 1] = amount
    length += 2
  }
  if (length < cells.length) cells.length = length
}

/** Each key as its distance from the former one, which small numbers say. */
export function encodeCells(cells: Cells, into: ByteWriter): void {
  into.number(cells.length)
  for (let at = 0, former = 0; at < cells.length; at += 2) {
    into.number((cells[at] as number) - former)
    into.number(cells[at + 1] as number)
    former = cells[at] as number
  }
}

export const decodeCells = (from: ByteReader): Cells => cellsOf(from.numbers())

/** Takes the list: makes keys of distances. */
export function cellsOf(distances: number[]): Cells {
  for (let at = 2; at < distances.length; at += 2) distances[at] = (distances[at] as number) + (distances[at - 2] as number)
  return distances.length > 0 ? distances : noCells
}

/** Where the key is among the first `length` numbers, or where it belongs. Keys sought are mostly among the last. */
function placeOf(cells: Cells, length: number, key: number): number {
  let at = length
  while (at > 0 && (cells[at - 2] as number) >= key) at -= 2
  return at
}
