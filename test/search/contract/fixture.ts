import { after, before } from 'node:test'
import type { EntityKind } from '../../../events/entity.ts'
import type { EntityIndex, IndexHit, IndexQuery, Upsert } from '../../../search/entity-index.ts'

/** The vector spaces that the contract uses, by dimensions, for adapters that must declare them. */
export const spaces = { 'space-a': 8, 'space-b': 4 } as const

/** A new, empty, open index, and how to take it away. */
export type Make = (options: { spaces: Readonly<Record<string, number>> }) => Promise<{ index: EntityIndex; dispose(): Promise<void> }>

/** One index for the group of tests that calls this. */
export function useIndex(make: Make, fill?: (index: EntityIndex) => Promise<void>): () => EntityIndex {
  let made: Awaited<ReturnType<Make>> | undefined
  before(async () => {
    made = await make({ spaces })
    await fill?.(made.index)
  })
  after(async () => {
    await made?.dispose()
  })
  return () => {
    if (!made) throw new Error('The index is there in tests, not outside of them.')
    return made.index
  }
}

let revisions = 0

/** A write with the stamps that a writer would give it. */
export function write(kind: EntityKind, id: string, fields: Upsert['fields'], vectors?: Upsert['vectors']): Upsert {
  const revision = ++revisions
  return { kind, id, fields, ...(vectors && { vectors }), revision, eventTime: 1_700_000_000_000 + revision, appliedAt: 1_700_000_000_005 + revision }
}

export const idsOf = (hits: readonly IndexHit[]): string[] => hits.map(({ entity }) => entity.id)

/** All hits of a query, page by page. */
export async function pageThrough(index: EntityIndex, query: IndexQuery): Promise<IndexHit[]> {
  const hits: IndexHit[] = []
  for (let after: string | undefined; ;) {
    const page = await index.query({ ...query, ...(after !== undefined && { after }) })
    hits.push(...page.hits)
    if (!page.hasNextPage) return hits
    if (page.hits.length === 0) throw new Error('A page without hits says that another one follows.')
    after = page.hits.at(-1)!.cursor
  }
}

/** A reproducible stream of numbers in 0…1 (mulberry32). */
export function randomFrom(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), seed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export function randomVector(dimensions: number, random: () => number): Float32Array {
  const vector = Float32Array.from({ length: dimensions }, () => random() * 2 - 1)
  const length = Math.hypot(...vector)
  return vector.map((value) => value / length)
}
