import { norm } from '../vector-math.ts'
import { allocate, comparing, floats, release, strideOf } from './arena.ts'
import { Top, type Scored } from '../top.ts'

const rowsPerBlock = 256

/** A column that nobody holds any more gives its blocks back. */
const abandoned = new FinalizationRegistry<{ blocks: readonly (number | undefined)[]; length: number }>(({ blocks, length }) => {
  for (const start of blocks) if (start !== undefined) release(start, length)
})

/**
 * The vectors of one space of one kind, in blocks that are made when a slot in them is first written: nothing is copied
 * to grow, and a space that few entities use costs little. Vectors are kept as they came, so that reading gives them
 * back; their inverse lengths make the dot product a cosine.
 */
export class VectorColumn {
  readonly dimensions: number
  /** Floats from row to row. */
  readonly #stride: number
  /** Where each block begins in the arena. */
  readonly #blocks: (number | undefined)[] = []
  /** 1 / length; 0 for the zero vector, −1 where there is none. */
  #scales = new Float32Array(0)
  /** Scores of the scan that runs: reused, since a scan never waits. */
  #scores = new Float64Array(0)
  #size = 0

  constructor(dimensions: number) {
    this.dimensions = dimensions
    this.#stride = strideOf(dimensions)
    abandoned.register(this, { blocks: this.#blocks, length: rowsPerBlock * this.#stride })
  }

  get size(): number {
    return this.#size
  }

  has(slot: number): boolean {
    return slot < this.#scales.length && this.#scales[slot]! >= 0
  }

  get(slot: number): Float32Array | undefined {
    if (!this.has(slot)) return undefined
    const start = this.#blocks[Math.floor(slot / rowsPerBlock)]! + (slot % rowsPerBlock) * this.#stride
    return floats().slice(start, start + this.dimensions)
  }

  set(slot: number, vector: Float32Array): void {
    const block = Math.floor(slot / rowsPerBlock)
    const start = (this.#blocks[block] ??= allocate(rowsPerBlock * this.#stride))
    floats().set(vector, start + (slot % rowsPerBlock) * this.#stride)
    if (slot >= this.#scales.length) this.#grow(block)
    if (this.#scales[slot]! < 0) this.#size++
    const length = norm(vector)
    this.#scales[slot] = length === 0 ? 0 : 1 / length
  }

  remove(slot: number): boolean {
    if (!this.has(slot)) return false
    this.#scales[slot] = -1
    this.#size--
    return true
  }

  /** The nearest by cosine, exactly: best first, equal scores by `tie`. `query` has length 1 (or is all zeros). */
  nearest(query: Float32Array, limit: number, accept: (slot: number) => boolean, tie: (a: number, b: number) => boolean): Scored[] {
    const scores = this.#scores
    const product = comparing(query)
    const top = new Top(limit, (a, b) => scores[a]! > scores[b]! || (scores[a] === scores[b] && tie(a, b)))
    let threshold = -Infinity
    for (let block = 0; block < this.#blocks.length; block++) {
      const start = this.#blocks[block]
      if (start === undefined) continue
      const first = block * rowsPerBlock
      for (let row = 0; row < rowsPerBlock; row++) {
        const slot = first + row
        const scale = this.#scales[slot]!
        // The filter is cheaper than the product, and inside the scan it neither loses nor wastes candidates.
        if (scale < 0 || !accept(slot)) continue
        const score = product(start + row * this.#stride) * scale
        if (score < threshold) continue
        scores[slot] = score
        top.push(slot)
        const worst = top.worst
        if (worst !== undefined) threshold = scores[worst]!
      }
    }
    return top.take().map((slot) => ({ slot, score: scores[slot]! }))
  }

  #grow(block: number): void {
    const scales = new Float32Array(Math.max((block + 1) * rowsPerBlock, this.#scales.length * 2)).fill(-1)
    scales.set(this.#scales)
    this.#scales = scales
    this.#scores = new Float64Array(scales.length)
  }
}
