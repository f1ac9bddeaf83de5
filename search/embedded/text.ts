import { entityFields, type FieldDefinition, type FieldValue } from '../entities.ts'
import type { EntityKind } from '../../events/entity.ts'
import { tokenise } from '../tokenise.ts'
import { Top, type Scored } from '../top.ts'

/**
 * Full text by BM25F over an inverted index: per field b-normalised term frequencies, weighted and summed, times the
 * term's inverse document frequency (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009, section 3.5, in
 * the form that Weaviate computes, so that scores are alike).
 */
const k1 = 1.2
const b = 0.75

/** Frequencies of up to four fields share one small integer, seven bits each. */
const fieldBits = 7
const maxFrequency = 2 ** fieldBits - 1
const maxFields = 4

export class TextIndex {
  readonly #fields: { name: string; weight: number }[]
  /** Per term: slot, frequencies, slot, frequencies… in no order. */
  readonly #postings = new Map<string, number[]>()
  /** Words per slot and field. */
  #lengths = new Uint16Array(0)
  readonly #totals: number[]
  readonly #holders: number[]
  #documents = 0
  #scores = new Float64Array(0)

  constructor(kind: EntityKind) {
    this.#fields = Object.entries(entityFields[kind] as Record<string, FieldDefinition>)
      .filter(([, definition]) => definition.searchable)
      .map(([name, definition]) => ({ name, weight: definition.searchable! }))
    if (this.#fields.length > maxFields) throw new RangeError(`${kind}: at most ${maxFields} fields can be searchable.`)
    this.#totals = this.#fields.map(() => 0)
    this.#holders = this.#fields.map(() => 0)
  }

  /** Adds the document of a slot that holds none. `read` gives the fields' values. */
  add(slot: number, read: (field: string) => FieldValue | undefined): void {
    this.#reserve(slot)
    this.#documents++
    for (const [term, frequencies] of this.#analyse(slot, read, 1)) {
      const postings = this.#postings.get(term)
      if (postings) postings.push(slot, frequencies)
      else this.#postings.set(term, [slot, frequencies])
    }
  }

  /** Removes the document of a slot; `read` must give the values that were added. */
  remove(slot: number, read: (field: string) => FieldValue | undefined): void {
    this.#documents--
    for (const term of this.#analyse(slot, read, -1).keys()) {
      const postings = this.#postings.get(term)!
      if (postings.length === 2) {
        this.#postings.delete(term)
        continue
      }
      let at = 0
      while (at < postings.length && postings[at] !== slot) at += 2
      const frequencies = postings.pop()!
      const last = postings.pop()!
      if (at < postings.length) {
        postings[at] = last
        postings[at + 1] = frequencies
      }
    }
  }

  /** The best by BM25F among accepted slots: best first, equal scores by `tie`. */
  search(text: string, limit: number, accept: (slot: number) => boolean, tie: (a: number, b: number) => boolean): Scored[] {
    const scores = this.#scores
    const touched = this.#score(text)
    const top = new Top(limit, (x, y) => scores[x]! > scores[y]! || (scores[x] === scores[y] && tie(x, y)))
    for (const slot of touched) {
      const worst = top.worst
      // The filter is asked only about what can still enter.
      if ((worst === undefined || scores[slot]! >= scores[worst]!) && accept(slot)) top.push(slot)
    }
    const found = top.take().map((slot) => ({ slot, score: scores[slot]! }))
    for (const slot of touched) scores[slot] = 0
    return found
  }

  #score(text: string): number[] {
    const counts = new Map<string, number>()
    for (const term of tokenise(text)) counts.set(term, (counts.get(term) ?? 0) + 1)
    const scores = this.#scores
    const lengths = this.#lengths
    const fields = this.#fields.map(({ weight }, index) => ({
      weight, shift: index * fieldBits, average: this.#totals[index]! / Math.max(1, this.#holders[index]!),
    }))
    const touched: number[] = []
    for (const [term, count] of counts) {
      const postings = this.#postings.get(term)
      if (!postings) continue
      const holders = postings.length / 2
      const weight = count * Math.log(1 + (this.#documents - holders + 0.5) / (holders + 0.5))
      for (let at = 0; at < postings.length; at += 2) {
        const slot = postings[at]!
        const packed = postings[at + 1]!
        let sum = 0
        for (let index = 0; index < fields.length; index++) {
          const field = fields[index]!
          const frequency = (packed >> field.shift) & maxFrequency
          if (frequency === 0) continue
          const length = lengths[slot * maxFields + index]! / field.average
          sum += (field.weight * frequency) / (frequency + k1 * (1 - b + b * length))
        }
        if (scores[slot] === 0) touched.push(slot)
        scores[slot]! += weight * sum
      }
    }
    return touched
  }

  /** Counts a document's terms; `sign` tells whether its lengths join or leave the averages. */
  #analyse(slot: number, read: (field: string) => FieldValue | undefined, sign: 1 | -1): Map<string, number> {
    const counts = new Map<string, number>()
    this.#fields.forEach(({ name }, index) => {
      const value = read(name)
      const tokens = value === undefined ? [] : tokenise(Array.isArray(value) ? value.join(' ') : String(value))
      const shift = index * fieldBits
      for (const token of tokens) {
        const packed = counts.get(token) ?? 0
        if (((packed >> shift) & maxFrequency) < maxFrequency) counts.set(token, packed + (1 << shift))
      }
      const length = Math.min(tokens.length, 65_535)
      this.#lengths[slot * maxFields + index] = sign > 0 ? length : 0
      if (length === 0) return
      this.#totals[index]! += sign * length
      this.#holders[index]! += sign
    })
    return counts
  }

  #reserve(slot: number): void {
    if (slot < this.#scores.length) return
    const capacity = Math.max(64, slot + 1, this.#scores.length * 2)
    const lengths = new Uint16Array(capacity * maxFields)
    lengths.set(this.#lengths)
    this.#lengths = lengths
    this.#scores = new Float64Array(capacity)
  }
}
