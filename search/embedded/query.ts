import { decodeCursor, encodeCursor, queryFingerprint, type CursorPosition } from '../cursors.ts'
import type { FieldValue } from '../entities.ts'
import { nameOnly, type HybridQuery, type IndexHit, type IndexPage, type IndexQuery, type Ordering, type StoredEntity } from '../entity-index.ts'
import { fuse, legWeights, type Leg } from '../fusion.ts'
import { badPosition, firstPosition, hybridPosition, startAfter } from '../hybrid-position.ts'
import { compileRows } from '../matches.ts'
import { normalised } from '../vector-math.ts'
import type { EntityTable } from './table.ts'
import { Top, type Scored } from '../top.ts'

/** Answers a validated query from a table. */
export function runQuery(table: EntityTable, query: IndexQuery): IndexPage | Promise<IndexPage> {
  return query.hybrid ? hybridPage(table, query, query.hybrid) : listing(table, query)
}

const entityAt = (table: EntityTable, slot: number, { kind, withFields, withVectors }: IndexQuery): StoredEntity =>
  withFields === false ? nameOnly(kind, table.idAt(slot)!) : table.entityAt(slot, withVectors)

const filterOf = (table: EntityTable, { filter }: IndexQuery): ((slot: number) => boolean) =>
  filter ? compileRows<number>(filter, (field) => table.reader(field)) : () => true

// Listings

interface Sort {
  read: (slot: number) => FieldValue | undefined
  descending: boolean
}

const direct: Ordering = { field: 'id', direction: 'asc' }

function listing(table: EntityTable, query: IndexQuery): IndexPage {
  const fingerprint = queryFingerprint(query)
  const sorts = orderings(query).map(({ field, direction }): Sort =>
    ({ read: table.reader(field), descending: direction === 'desc' }))
  const accept = filterOf(table, query)
  const after = query.after === undefined ? undefined : positionIn(decodeCursor(fingerprint, query.after), sorts.length)
  const top = new Top(query.limit + 1, (a, b) => {
    for (const { read, descending } of sorts) {
      const order = compare(read(a), read(b), descending)
      if (order !== 0) return order < 0
    }
    return false
  })
  for (let slot = 0, end = table.end; slot < end; slot++) {
    if (table.idAt(slot) === undefined || !accept(slot)) continue
    if (after && !isAfter(slot, sorts, after)) continue
    top.push(slot)
  }
  const slots = top.take()
  const hasNextPage = slots.length > query.limit
  if (hasNextPage) slots.pop()
  const hits = slots.map((slot): IndexHit => ({
    entity: entityAt(table, slot, query),
    score: 0,
    cursor: encodeCursor(fingerprint, sorts.map(({ read }) => (read(slot) ?? null) as string | number | null)),
  }))
  return { hits, hasNextPage }
}

/** Every listing ends with the id: a total order is what makes cursors exact. */
function orderings({ orderBy = [] }: IndexQuery): readonly Ordering[] {
  const byId = orderBy.findIndex(({ field }) => field === 'id')
  return byId < 0 ? [...orderBy, direct] : orderBy.slice(0, byId + 1)
}

/** Missing values come last in both directions. */
function compare(a: FieldValue | undefined, b: FieldValue | undefined, descending: boolean): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return (a < b) !== descending ? -1 : 1
}

const positionIn = (position: CursorPosition, length: number): (FieldValue | undefined)[] =>
  position.length === length ? position.map((value) => value ?? undefined) : badPosition()

function isAfter(slot: number, sorts: readonly Sort[], after: readonly (FieldValue | undefined)[]): boolean {
  for (let index = 0; index < sorts.length; index++) {
    const order = compare(sorts[index]!.read(slot), after[index], sorts[index]!.descending)
    if (order !== 0) return order > 0
  }
  return false
}

// Hybrid

async function hybridPage(table: EntityTable, query: IndexQuery, hybrid: HybridQuery): Promise<IndexPage> {
  const fingerprint = queryFingerprint(query)
  const from = query.after === undefined
    ? firstPosition(query.limit)
    : hybridPosition(decodeCursor(fingerprint, query.after))
  const text = legWeights(hybrid).text > 0 ? await table.text() : undefined
  const fused = fuse(legs(table, query, hybrid, from.depth, text), hybrid.fusion)
  const start = startAfter(fused, from)
  const hits = fused.slice(start, start + query.limit).map((hit, index): IndexHit => ({
    entity: entityAt(table, table.slotOf(hit.id)!, query),
    score: hit.score,
    parts: hit.parts,
    cursor: encodeCursor(fingerprint, [from.depth, start + index + 1, hit.id]),
  }))
  return { hits, hasNextPage: fused.length > start + hits.length }
}

function legs(table: EntityTable, query: IndexQuery, hybrid: HybridQuery, depth: number,
  text: Awaited<ReturnType<EntityTable['text']>> | undefined): { text?: Leg; vector?: Leg } {
  const weights = legWeights(hybrid)
  const accept = filterOf(table, query)
  const tie = (a: number, b: number): boolean => table.idAt(a)! < table.idAt(b)!
  const toLeg = (found: Scored[], weight: number): Leg =>
    ({ weight, hits: found.map(({ slot, score }) => ({ id: table.idAt(slot)!, score })) })
  const found: { text?: Leg; vector?: Leg } = {}
  if (text) found.text = toLeg(text.search(hybrid.text!, depth, accept, tie), weights.text)
  const vectors = hybrid.vector && table.vectors.get(hybrid.vector.space)
  if (vectors && weights.vector > 0) {
    found.vector = toLeg(vectors.nearest(normalised(hybrid.vector!.values), depth, accept, tie), weights.vector)
  }
  return found
}
