import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { TextIndex } from '../../../search/embedded/text.ts'

type Document = { name?: string; bio?: string; interests?: string[] }
const weights = { name: 2, bio: 1, interests: 1 } as const
const fields = Object.keys(weights) as (keyof typeof weights)[]

const wordsOf = (value: string | string[] | undefined): string[] => [value ?? []].flat().flatMap((text) => text.split(' ')).filter(Boolean)

/** BM25F from its formula, k1 = 1.2 and b = 0.75. */
function scoreOf(documents: readonly Document[], document: Document, query: string): number {
  const average = (field: keyof Document): number => {
    const lengths = documents.map((other) => wordsOf(other[field]).length).filter(Boolean)
    return lengths.reduce((sum, length) => sum + length, 0) / lengths.length
  }
  return wordsOf(query).reduce((score, word) => {
    const holders = documents.filter((other) => fields.some((field) => wordsOf(other[field]).includes(word))).length
    const rarity = Math.log(1 + (documents.length - holders + 0.5) / (holders + 0.5))
    return score + rarity * fields.reduce((sum, field) => {
      const words = wordsOf(document[field])
      const frequency = words.filter((other) => other === word).length
      return frequency === 0 ? sum
        : sum + weights[field] * frequency / (frequency + 1.2 * (0.25 + 0.75 * words.length / average(field)))
    }, 0)
  }, 0)
}

const text = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e'), { maxLength: 6 }).map((words) => words.join(' '))
const arbitraryDocument: fc.Arbitrary<Document> = fc.record({ name: text, bio: text, interests: fc.array(fc.constantFrom('a', 'b', 'f')) }, { requiredKeys: [] })
const reader = (document: Document) => (field: string): string | string[] | undefined => document[field as keyof Document]

describe('the text index', () => {
  it('scores by BM25F after any additions, replacements and removals', () => {
    const change = fc.record({ slot: fc.nat(7), document: fc.option(arbitraryDocument) })
    fc.assert(fc.property(fc.array(change, { maxLength: 30 }), text, (changes, query) => {
      const index = new TextIndex('user')
      const held = new Map<number, Document>()
      for (const { slot, document } of changes) {
        if (held.has(slot)) index.remove(slot, reader(held.get(slot)!))
        held.delete(slot)
        if (!document) continue
        index.add(slot, reader(document))
        held.set(slot, document)
      }
      const documents = [...held.values()]
      const expected = [...held].map(([slot, document]) => ({ slot, score: scoreOf(documents, document, query) })).filter(({ score }) => score > 0)
      const found = index.search(query, 100, () => true, (a, b) => a < b)
      assert.deepEqual(found.map(({ slot }) => slot).sort(), expected.map(({ slot }) => slot).sort())
      for (const { slot, score } of found) {
        assert.ok(Math.abs(score - expected.find((other) => other.slot === slot)!.score) < 1e-9)
      }
      assert.ok(found.every(({ score }, at) => at === 0 || score <= found[at - 1]!.score))
      const even = index.search(query, 2, (slot) => slot % 2 === 0, (a, b) => a < b)
      assert.deepEqual(even, found.filter(({ slot }) => slot % 2 === 0).slice(0, 2))
    }), { numRuns: 300 })
  })

  it('breaks ties as it is told, at the end of the page too', () => {
    const index = new TextIndex('user')
    for (const slot of [5, 3, 4, 1, 2]) index.add(slot, reader({ name: 'a' }))
    assert.deepEqual(index.search('a', 2, () => true, (a, b) => a < b).map(({ slot }) => slot), [1, 2])
  })

  it('counts a word that is repeated very often as often as it can', () => {
    const index = new TextIndex('user')
    index.add(0, reader({ name: 'a '.repeat(1000), bio: 'b' }))
    index.add(1, reader({ bio: 'a' }))
    assert.deepEqual(index.search('b', 5, () => true, () => false).map(({ slot }) => slot), [0])
    index.remove(0, reader({ name: 'a '.repeat(1000), bio: 'b' }))
    assert.deepEqual(index.search('a b', 5, () => true, () => false).map(({ slot }) => slot), [1])
  })
})
