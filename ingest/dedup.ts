import { hashInto } from './hash.ts'

export interface DeduplicatorOptions {
  /** How long a duplicate may come after its event, by append time, ms: the allowed lateness plus how far ahead an event may be. */
  retentionMs: number
  /** A slice ends after so much append time … Default: a twelfth of the retention. */
  sliceMs?: number
  /** … or so many events, so that it fits into one record of the state topic. Default 100,000 (800 kB). */
  maxSliceEvents?: number
}

/** Events that were appended one after the other. */
export interface DedupSlice {
  /** Rises with each slice of a deduplicator; its name in checkpoints. */
  readonly number: number
  /** Append times of its first and latest event, ms. */
  readonly first: number
  readonly last: number
  /** How many events it knows. */
  readonly size: number
}

/**
 * Which events of ONE partition of one topic were seen: append times never fall there, and an event's duplicate has its
 * key and so its partition. Keeps 64-bit hashes of (source, id), eleven to twenty-two bytes an event. What it forgets is
 * so old that its duplicate is late, and late events are not counted; two of a hundred million events within the retention
 * share a hash with probability 3e-4.
 */
export class Deduplicator {
  readonly #retentionMs: number
  readonly #sliceMs: number
  readonly #maxSliceEvents: number
  #slices: Slice[] = []
  #next = 0

  constructor({ retentionMs, sliceMs = Math.ceil(retentionMs / 12), maxSliceEvents = 100_000 }: DeduplicatorOptions) {
    this.#retentionMs = retentionMs
    this.#sliceMs = sliceMs
    this.#maxSliceEvents = maxSliceEvents
  }

  /** Whether this event is new; it is known from now on. @param appendedAt of this record, ms; never falls */
  add(source: string, id: string, appendedAt: number): boolean {
    hashInto(lanes, source, id)
    const high = lanes[0] as number
    const low = (lanes[1] as number) || 1
    for (let i = this.#slices.length - 1; i >= 0; i--) if ((this.#slices[i] as Slice).has(high, low)) return false
    this.#open(appendedAt).add(high, low, appendedAt)
    return true
  }

  /** The slices kept, oldest first. Only the last one still grows. */
  get slices(): readonly DedupSlice[] {
    return this.#slices
  }

  /** Events known. */
  get size(): number {
    return this.#slices.reduce((sum, { size }) => sum + size, 0)
  }

  /** Memory that the hashes take. */
  get bytes(): number {
    return this.#slices.reduce((sum, { bytes }) => sum + bytes, 0)
  }

  /**
   * For a checkpoint: what has come to a slice since the last call (or since it was restored), eight bytes an event and a
   * short head; null where nothing has. A slice is the sum of what this gave of it, so that no checkpoint writes twice.
   */
  takeNew(slice: DedupSlice): Uint8Array | null {
    const found = this.#slices.find(({ number }) => number === slice.number)
    if (!found) throw new RangeError(`Slice ${slice.number} is forgotten: take of what \`slices\` names now.`)
    return found.takeNew()
  }

  /** Takes back all that `takeNew` gave, in any order, in the place of what is known. @throws RangeError when something is no part of a slice */
  restore(parts: Iterable<Uint8Array>): void {
    const bySlice = Map.groupBy(Iterator.from(parts).map(readPart), ({ number }) => number)
    this.#slices = [...bySlice.values()].map((of) => Slice.of(of)).sort((a, b) => a.number - b.number)
    this.#next = (this.#slices.at(-1)?.number ?? -1) + 1
  }

  #open(appendedAt: number): Slice {
    const last = this.#slices.at(-1)
    if (last && last.size < this.#maxSliceEvents && appendedAt < last.first + this.#sliceMs) return last
    last?.close()
    this.#slices = this.#slices.filter((slice) => slice.last >= appendedAt - this.#retentionMs)
    const slice = new Slice(this.#next++, appendedAt, appendedAt)
    this.#slices.push(slice)
    return slice
  }
}

const lanes = new Uint32Array(2)
const headBytes = 24

/** What one call of `takeNew` gave. */
interface Part {
  number: number
  first: number
  last: number
  lanes: Uint32Array
}

function readPart(bytes: Uint8Array): Part {
  if (bytes.byteLength < headBytes || (bytes.byteLength - headBytes) % 8 !== 0)
    throw new RangeError(`Expected ${headBytes} bytes and 8 for each event of a slice, got ${bytes.byteLength}.`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const lanes = new Uint32Array((bytes.byteLength - headBytes) / 4)
  for (let i = 0; i < lanes.length; i++) lanes[i] = view.getUint32(headBytes + i * 4, true)
  return { number: view.getFloat64(0, true), first: view.getFloat64(8, true), last: view.getFloat64(16, true), lanes }
}

/** Open addressing with linear probing; two 32-bit lanes a slot, of which the second is never 0 in a used one. */
class Slice implements DedupSlice {
  readonly number: number
  first: number
  last: number
  size = 0
  #slots: Uint32Array
  /** What no checkpoint has yet, two lanes an event. */
  #new: number[] = []

  constructor(number: number, first: number, last: number, capacity = 64) {
    this.number = number
    this.first = first
    this.last = last
    this.#slots = new Uint32Array(capacity * 2)
  }

  get bytes(): number {
    return this.#slots.byteLength
  }

  has(high: number, low: number): boolean {
    return this.#slots[this.#slotOf(high, low) + 1] !== 0
  }

  add(high: number, low: number, appendedAt: number): void {
    if (appendedAt > this.last) this.last = appendedAt
    if ((this.size + 1) * 2 > this.#slots.length * 0.75) this.#resize(this.#slots.length)
    this.#put(high, low)
    this.#new.push(high, low)
  }

  /** It grows no more: as small as lookups allow. */
  close(): void {
    this.#resize(Math.ceil(this.size / 0.75) + 1)
  }

  takeNew(): Uint8Array | null {
    if (this.#new.length === 0) return null
    const bytes = new Uint8Array(headBytes + this.#new.length * 4)
    const view = new DataView(bytes.buffer)
    view.setFloat64(0, this.number, true)
    view.setFloat64(8, this.first, true)
    view.setFloat64(16, this.last, true)
    for (const [i, lane] of this.#new.entries()) view.setUint32(headBytes + i * 4, lane, true)
    this.#new = []
    return bytes
  }

  /** Of all its parts at once: a table that grows is filled again and again. */
  static of(parts: readonly Part[]): Slice {
    const events = parts.reduce((sum, { lanes }) => sum + lanes.length / 2, 0)
    const slice = new Slice(
      (parts[0] as Part).number, Math.min(...parts.map(({ first }) => first)), Math.max(...parts.map(({ last }) => last)), Math.ceil(events / 0.7) + 64,
    )
    for (const { lanes } of parts)
      for (let at = 0; at < lanes.length; at += 2)
        // What a checkpoint that was not completed has, the next one has again.
        if (!slice.has(lanes[at] as number, lanes[at + 1] as number)) slice.#put(lanes[at] as number, lanes[at + 1] as number)
    return slice
  }

  #put(high: number, low: number): void {
    const slot = this.#slotOf(high, low)
    this.#slots[slot] = high
    this.#slots[slot + 1] = low
    this.size++
  }

  /** Where it is, or the free slot where it would be. */
  #slotOf(high: number, low: number): number {
    const slots = this.#slots
    let slot = Math.floor((high / 0x100000000) * (slots.length / 2)) * 2
    while (slots[slot + 1] !== 0 && (slots[slot] !== high || slots[slot + 1] !== low)) {
      slot += 2
      if (slot === slots.length) slot = 0
    }
    return slot
  }

  #resize(capacity: number): void {
    const former = this.#slots
    this.#slots = new Uint32Array(capacity * 2)
    this.size = 0
    for (let slot = 0; slot < former.length; slot += 2)
      if (former[slot + 1] !== 0) this.#put(former[slot] as number, former[slot + 1] as number)
  }
}
