import fc from 'fast-check'
import type { Candidate, Profile } from '../../ranking/candidate.ts'
import { bitOf, candidateSources, type CandidateSource, type CandidateSources } from '../../ranking/candidate.ts'

export const now = 1_800_000_000_000

export const sourcesOf = (names: readonly CandidateSource[]): CandidateSources => names.reduce((all, name) => all | bitOf(name), 0)

const sellers = ['s-0', 's-1', 's-2', 's-3']
const categories = ['shoes', 'books', 'toys']
const positive = fc.double({ min: 0, max: 1e6, noNaN: true })

const unit = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }).map((values) => {
  const vector = Float32Array.from(values)
  const length = Math.hypot(...vector)
  return length > 0 ? vector.map((value) => value / length) : Float32Array.from([1, 0, 0])
})

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })

const details = fc.record({
  sellerId: optional(fc.constantFrom(...sellers)),
  category: optional(fc.constantFrom(...categories)),
  // Clocks differ: a stream may have begun a little in the future.
  startedAt: optional(fc.integer({ min: now - 86_400_000, max: now + 60_000 })),
  auctionActive: fc.boolean(),
  giveawayActive: fc.boolean(),
  viewersNow: fc.nat(1_000_000),
  popularity: positive,
  similarity: optional(fc.double({ min: -1, max: 1, noNaN: true })),
  vector: optional(unit),
  sources: fc.subarray([...candidateSources], { minLength: 1 }).map(sourcesOf),
})

/** Candidates with ids of their own, in any order. */
export const someCandidates: fc.Arbitrary<Candidate[]> = fc.array(details, { maxLength: 40 })
  .chain((all) => fc.shuffledSubarray(all.map((each, i): Candidate => ({ id: `l-${i}`, ...each })), { minLength: all.length }))

const affinity = (id: string) => fc.record({
  id: fc.constant(id), watchSeconds: positive, engagements: positive, purchases: positive, lastAt: fc.integer({ min: now - 10 ** 10, max: now + 60_000 }),
})

const affinities = (ids: string[]) => fc.subarray(ids).chain((chosen) => fc.tuple(...chosen.map(affinity))).map((all) => new Map(all.map((each) => [each.id, each])))

export const someProfile: fc.Arbitrary<Profile> = fc.record({
  follows: fc.subarray(sellers).map((ids) => new Set(ids)),
  sellers: affinities(sellers),
  categories: affinities(categories),
  interests: fc.subarray(categories).map((ids) => new Set(ids)),
})
