import type { Announced } from './announced.ts'
import { comparePositions, type Cut } from './cut.ts'

export interface RingOptions {
  /** Most batches, and most bytes of them on the log, that are kept. */
  maxBatches: number
  maxBytes: number
}

/** The latest batches of `changes`, oldest first. What it keeps is bounded by count and bytes. */
export class Ring {
  readonly #options: RingOptions
  #entries: Announced[] = []
  /** Those in front of it have gone; removed together when they are many. */
  #first = 0
  /** How many have gone in all: the number of the oldest one that is kept. */
  #gone = 0
  #bytes = 0

  constructor(options: RingOptions) {
    this.#options = options
  }

  get size(): number {
    return this.#entries.length - this.#first
  }

  get oldest(): Announced | undefined {
    return this.#entries[this.#first]
  }

  push(announced: Announced): void {
    this.#entries.push(announced)
    this.#bytes += announced.batch.bytes
    while (this.size > this.#options.maxBatches || (this.#bytes > this.#options.maxBytes && this.size > 1)) this.#drop()
  }

  /** Whether nothing behind the cut is missing in these lanes, seen from where it begins. */
  covers(cut: Cut, begin: Cut, lanes: readonly string[]): boolean {
    return lanes.every((lane) => {
      const [position, start] = [cut[lane], begin[lane]]
      return position !== undefined && (start === undefined || comparePositions(position, start) >= 0)
    })
  }

  /** The next batch in these lanes that the cut does not include whole, from the number `from` on, with its number. */
  next(from: number, cut: Cut, lanes: ReadonlySet<string>): { number: number; announced: Announced } | undefined {
    for (let number = Math.max(from, this.#gone); number < this.#gone + this.size; number++) {
      const announced = this.#entries[this.#first + number - this.#gone] as Announced
      const position = cut[announced.lane]
      if (lanes.has(announced.lane) && (position === undefined || comparePositions(position, announced.end) < 0)) return { number, announced }
    }
    return undefined
  }

  #drop(): void {
    const oldest = this.#entries[this.#first] as Announced
    this.#bytes -= oldest.batch.bytes
    // Nobody else may need it for a long time yet.
    ;(this.#entries as (Announced | undefined)[])[this.#first++] = undefined
    this.#gone++
    if (this.#first > 1024 && this.#first * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#first)
      this.#first = 0
    }
  }
}
