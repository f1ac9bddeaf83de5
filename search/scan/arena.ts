import { createDotKernel, lanes } from './kernel.ts'

/**
 * The memory in which all vectors lie, so that the kernel reaches them: one for the process, since each WebAssembly memory
 * reserves gigabytes of address space. Blocks are given out and taken back; pages are never returned.
 */

const pageBytes = 65_536
/** Up to 4 GiB: as far as an address reaches. */
const maxPages = 65_536
/** Growing replaces the view, so it is done in larger steps. */
const growPages = 64
/** The query that is being compared lies at the start. */
const maxDimensions = 8192
const firstBlock = maxDimensions * 4

const memory = new WebAssembly.Memory({ initial: growPages, maximum: maxPages })
const dot = createDotKernel(memory)
const free = new Map<number, number[]>()
let view = new Float32Array(memory.buffer)
let end = firstBlock

/** All floats of the arena. Valid until the next `allocate`. */
export const floats = (): Float32Array => view

/** Floats from one row to the next. */
export const strideOf = (dimensions: number): number => Math.ceil(dimensions / lanes) * lanes

/** The first float's place of a block of zeros. Throws a RangeError when 4 GiB are in use. */
export function allocate(length: number): number {
  const used = free.get(length)?.pop()
  if (used !== undefined) {
    view.fill(0, used, used + length)
    return used
  }
  const start = end
  const pages = view.byteLength / pageBytes
  const missing = Math.ceil((start + length * 4) / pageBytes) - pages
  if (missing > 0) {
    memory.grow(Math.max(missing, Math.min(growPages, maxPages - pages)))
    view = new Float32Array(memory.buffer)
  }
  end = start + length * 4
  return start / 4
}

export function release(start: number, length: number): void {
  const blocks = free.get(length)
  if (blocks) blocks.push(start)
  else free.set(length, [start])
}

/** A function that gives the dot product of `query` with the row at a place. Valid until the next call of this one. */
export function comparing(query: Float32Array): (start: number) => number {
  const stride = strideOf(query.length)
  view.set(query)
  view.fill(0, query.length, stride)
  return (start) => dot(start * 4, 0, (start + stride) * 4)
}
