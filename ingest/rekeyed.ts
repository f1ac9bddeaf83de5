import type { Effect } from './effects.ts'

/**
 * What one shard's round does to entities of another shard: one record of the re-keyed topic for each target partition.
 * Lateness and duplicates were judged at the source, by the event's own record.
 */
export interface RekeyedRecord {
  /** The shard that read the events. */
  shard: number
  effects: readonly RekeyedEffect[]
}

/** An effect with the event that had it and the place of that event in the log. */
export interface RekeyedEffect {
  topic: string
  offset: number
  /** Of the effect within its event. */
  index: number
  type: string
  source: string
  id: string
  /** Event time and append time of the event's own record, ms. */
  time: number
  appendedAt: number
  effect: Effect
}

export const encodeRekeyed = (record: RekeyedRecord): Uint8Array => Buffer.from(JSON.stringify(record))
export const decodeRekeyed = (value: Uint8Array): RekeyedRecord => JSON.parse(utf8.decode(value)) as RekeyedRecord

const utf8 = new TextDecoder()

/** By source (`topic/shard`) the place of the last effect received: offset, index within the event. */
export type HighWaterMarks = Readonly<Record<string, readonly [offset: number, index: number]>>

/**
 * Effects of one source come in the order of its log, so whatever is not beyond the greatest place seen is a repetition:
 * a source that crashed re-emits, and it does no harm.
 */
export class Repetitions {
  readonly #marks = new Map<string, { offset: number; index: number }>()

  constructor(marks: HighWaterMarks = {}) {
    this.restore(marks)
  }

  restore(marks: HighWaterMarks): void {
    for (const [source, [offset, index]] of Object.entries(marks)) this.#marks.set(source, { offset, index })
  }

  /** Whether this effect was received before; if not, it is from now on. */
  seen(source: string, offset: number, index: number): boolean {
    const mark = this.#marks.get(source)
    if (!mark) {
      this.#marks.set(source, { offset, index })
      return false
    }
    if (offset < mark.offset || (offset === mark.offset && index <= mark.index)) return true
    mark.offset = offset
    mark.index = index
    return false
  }

  marks(): HighWaterMarks {
    return Object.fromEntries([...this.#marks].map(([source, { offset, index }]) => [source, [offset, index] as const]))
  }
}
