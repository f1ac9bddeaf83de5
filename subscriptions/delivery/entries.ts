import { comparePositions, includes, includesCut, topicOf } from '../cut.ts'
import type { Cut, SourceEvent } from '../../resolvers/live.ts'
import type { Budget } from './budget.ts'
import type { Payload } from './payload.ts'
import type { Framing } from './sink.ts'

/** A payload of a source, with what is known of its place. */
export interface Rendered extends Partial<Pick<SourceEvent, 'at' | 'gap' | 'eventTime' | 'appliedAt'>> {
  payload: Payload
  /** What is included once it is delivered; absent where the source has no positions. */
  cut: Cut | undefined
  /** Payloads of one key supersede each other. */
  key: string
}

export interface Entry extends Rendered {
  readonly index: number
  /** Of all entries before it. */
  readonly before: number
  readonly bytes: number
}

/** What an entry takes beside its text. */
const overhead = 300

export const isIncluded = (cut: Cut, { at, cut: reached }: Rendered): boolean =>
  at ? includes(cut, at) : reached !== undefined && includesCut(cut, reached)

/** Frames of some entries that follow each other, to be joined by an operation's id. */
interface Frames {
  from: number
  to: number
  segments: readonly string[]
}

/** Payloads in their order, the oldest of which are let go. They are numbered from 0 on. */
export class Entries {
  readonly #budget: Budget
  #kept: Entry[] = []
  /** How many at the beginning of `#kept` are let go. */
  #offset = 0
  #first = 0
  #bytes = 0
  #written = 0
  #base: Cut | undefined
  #reached: Cut | undefined
  readonly #frames = new Map<Framing, Frames>()

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** What is included before the first one that is kept. */
  get base(): Cut | undefined {
    return this.#base
  }

  set base(cut: Cut | undefined) {
    this.#base = cut
  }

  /** The number of the first one that is kept. */
  get first(): number {
    return this.#first
  }

  /** The number of the next one. */
  get end(): number {
    return this.#first + this.#kept.length - this.#offset
  }

  get bytes(): number {
    return this.#bytes
  }

  /** What is included with all of them. A last word, which has no place, changes nothing of it. */
  get cut(): Cut | undefined {
    return this.#reached ?? this.#base
  }

  at(index: number): Entry {
    return this.#kept[index - this.#first + this.#offset] as Entry
  }

  append(rendered: Rendered): Entry {
    const { head, cursor = '', gap = '', tail } = rendered.payload
    const bytes = head.length + cursor.length + gap.length + tail.length + overhead
    const entry: Entry = { ...rendered, index: this.end, before: this.#written, bytes }
    this.#kept.push(entry)
    this.#reached = rendered.cut ?? this.#reached
    this.#written += bytes
    this.#bytes += bytes
    this.#budget.add(bytes)
    return entry
  }

  /** Lets go of the oldest one. */
  shift(): Entry | undefined {
    const entry = this.#kept[this.#offset]
    if (!entry) return undefined
    this.#kept[this.#offset++] = undefined as unknown as Entry
    if (this.#offset > 32 && this.#offset * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#offset)
      this.#offset = 0
    }
    this.#first++
    this.#bytes -= entry.bytes
    this.#budget.add(-entry.bytes)
    this.#base = entry.cut ?? this.#base
    if (this.#frames.size > 0) this.#frames.clear()
    return entry
  }

  clear(): void {
    while (this.shift());
  }

  /** Whether just this was included at some place among those that are kept. */
  standsAt(cut: Cut): boolean {
    const isEqual = (reached: Cut | undefined): boolean => reached !== undefined && includesCut(reached, cut) && includesCut(cut, reached)
    return isEqual(this.#base) || this.#kept.some((entry, index) => index >= this.#offset && isEqual(entry.cut))
  }

  /** Whether all that came behind this cut is still kept. */
  reachesBackTo(cut: Cut): boolean {
    return this.#base !== undefined && includesCut(cut, this.#base)
  }

  /** Whether the cut is further in some lane than all of them, or knows a partition of their topics that they do not. */
  isPassedBy(cut: Cut): boolean {
    const reached = this.cut ?? {}
    const topics = new Set(Object.keys(reached).map(topicOf))
    return Object.entries(cut).some(([lane, position]) => reached[lane] ? comparePositions(position, reached[lane]) > 0 : topics.has(topicOf(lane)))
  }

  /** The number of the first kept one that is not included in the cut. */
  behind(cut: Cut): number {
    const { cut: reached } = this
    if (reached && includesCut(cut, reached)) return this.#hasLastWord ? this.end - 1 : this.end
    let index = this.#first
    while (index < this.end && isIncluded(cut, this.at(index))) index++
    return index
  }

  /** Whoever has got all else has still to be told why nothing more comes. */
  get #hasLastWord(): boolean {
    const last = this.#kept.at(-1)
    return last !== undefined && last.cut === undefined
  }

  /** How far a write from here goes, up to `end`, given how many bytes it may have; one entry at least. */
  within(from: number, end: number, maxBytes: number): number {
    const { before } = this.at(from)
    const reaches = (index: number): boolean => this.at(index).before + this.at(index).bytes - before <= maxBytes
    if (reaches(end - 1)) return end
    let to = from + 1
    while (to < end && reaches(to)) to++
    return to
  }

  /** Frames of these entries with this id. They are put together once for all who are at the same place. */
  frames(framing: Framing, from: number, to: number, id: string): string {
    let frames = this.#frames.get(framing)
    if (frames?.from !== from || frames.to !== to) this.#frames.set(framing, frames = { from, to, segments: this.#segments(framing, from, to) })
    return frames.segments.join(id)
  }

  #segments(framing: Framing, from: number, to: number): string[] {
    const segments: string[] = []
    let open = ''
    for (let index = from; index < to; index++) {
      const [before, after] = framing.frame(this.at(index).payload)
      segments.push(open + before)
      open = after
    }
    segments.push(open)
    return segments
  }
}

/** The frame of one payload. */
export const frameOf = (framing: Framing, payload: Payload, id: string): string => {
  const [before, after] = framing.frame(payload)
  return before + id + after
}

/** The payload with a cursor, and a gap, of one subscriber's own. */
export const withOwn = (payload: Payload, own: Partial<Pick<Payload, 'cursor' | 'gap'>>): Payload => ({ ...payload, ...own })
