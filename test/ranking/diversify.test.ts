import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bitOf, type Candidate } from '../../ranking/candidate.ts'
import { diversify, likenessOf, type Diversity, type Scored } from '../../ranking/diversify.ts'
import { someCandidates } from './arbitrary.ts'

/** Maximal marginal relevance as its definition says it, without remembering anything. */
function naive(items: readonly Scored[], count: number, { lambda, perSeller }: Diversity): string[] {
  const chosen: Scored[] = []
  const greatest = Math.max(0, ...items.map(({ score }) => score)) || 1
  const left = new Set(items)
  while (chosen.length < count) {
    const open = [...left].filter(({ candidate: { sellerId } }) =>
      sellerId === undefined || chosen.filter(({ candidate }) => candidate.sellerId === sellerId).length < perSeller)
    if (open.length === 0) break
    const valueOf = ({ candidate, score }: Scored): number =>
      lambda * (score / greatest) - (1 - lambda) * Math.max(0, ...chosen.map((other) => likenessOf(other.candidate, candidate)))
    const best = open.map((item) => ({ item, value: valueOf(item) }))
      .sort((a, b) => b.value - a.value || (a.item.candidate.id < b.item.candidate.id ? -1 : 1))[0]!.item
    chosen.push(best)
    left.delete(best)
  }
  return chosen.map(({ candidate }) => candidate.id)
}

const scored = someCandidates.chain((candidates) =>
  fc.array(fc.integer({ min: 0, max: 20 }), { minLength: candidates.length, maxLength: candidates.length })
    .map((scores): Scored[] => candidates.map((candidate, i) => ({ candidate, score: scores[i]! / 4 }))))

const diversity = fc.record({ lambda: fc.constantFrom(0, 0.3, 0.5, 0.85, 1), perSeller: fc.integer({ min: 1, max: 3 }) })

const candidate = (id: string, rest: Partial<Candidate> = {}): Candidate => ({
  id, sellerId: undefined, category: undefined, startedAt: undefined, auctionActive: false, giveawayActive: false, viewersNow: 0, popularity: 0,
  similarity: undefined, vector: undefined, sources: bitOf('TRENDING'), ...rest,
})

describe('diversify', () => {
  test('chooses what the definition chooses', () => {
    fc.assert(fc.property(scored, fc.nat(30), diversity, (items, count, options) => {
      assert.deepEqual(diversify(items, count, options).map((item) => item.candidate.id), naive(items, count, options))
    }), { numRuns: 500 })
  })

  test('keeps the cap per seller and takes none twice', () => {
    fc.assert(fc.property(scored, fc.nat(60), diversity, (items, count, options) => {
      const chosen = diversify(items, count, options)
      assert.equal(new Set(chosen).size, chosen.length)
      assert.ok(chosen.length <= count)
      const ofSeller = Map.groupBy(chosen.filter((item) => item.candidate.sellerId !== undefined), (item) => item.candidate.sellerId)
      for (const group of ofSeller.values()) assert.ok(group.length <= options.perSeller)
    }))
  })

  test('with lambda 1 the score alone decides, ties by id', () => {
    const items = [['b', 1], ['a', 1], ['c', 3], ['d', 2]].map(([id, score]) => ({ candidate: candidate(String(id)), score: Number(score) }))
    assert.deepEqual(diversify(items, 4, { lambda: 1, perSeller: 1 }).map((item) => item.candidate.id), ['c', 'd', 'a', 'b'])
  })

  test('prefers something else to more of the same', () => {
    const items = [
      { candidate: candidate('first', { category: 'shoes', vector: Float32Array.from([1, 0]) }), score: 10 },
      { candidate: candidate('same', { category: 'shoes', vector: Float32Array.from([1, 0]) }), score: 9 },
      { candidate: candidate('other', { category: 'books', vector: Float32Array.from([0, 1]) }), score: 8 },
    ]
    assert.deepEqual(diversify(items, 3, { lambda: 0.5, perSeller: 2 }).map((item) => item.candidate.id), ['first', 'other', 'same'])
  })

  test('likeness is symmetric and 0 to 1', () => {
    fc.assert(fc.property(someCandidates, (candidates) => {
      const [a, b] = candidates
      if (!a || !b) return
      const likeness = likenessOf(a, b)
      assert.ok(likeness >= 0 && likeness <= 1, String(likeness))
      assert.equal(likeness, likenessOf(b, a))
    }))
    assert.equal(likenessOf(candidate('a', { sellerId: 's' }), candidate('b', { sellerId: 's' })), 1)
    assert.equal(likenessOf(candidate('a', { category: 'c' }), candidate('b', { category: 'c' })), 0.5)
    assert.equal(likenessOf(candidate('a'), candidate('b')), 0)
  })
})
