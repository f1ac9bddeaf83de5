import { entityKinds, type EntityKind } from '../events/entity.ts'
import { entityFields, fieldOf, type FieldType } from './entities.ts'
import { InvalidIndexQueryError, type HybridQuery, type IndexQuery, type Ordering, type Upsert } from './entity-index.ts'
import type { ComparisonOperator, Filter } from './filter.ts'

/** What a query may ask, checked alike in front of every adapter. */
export const queryLimits = {
  /** Levels of and/or/not above a comparison, itself included. */
  filterDepth: 10,
  filterNodes: 100,
  inValues: 1000,
  textLength: 4096,
  orderings: 5,
  hits: 1000,
  ids: 1000,
  dimensions: 8192,
} as const

const comparable: Record<FieldType, readonly ComparisonOperator[]> = {
  text: ['eq', 'ne', 'in', 'contains', 'isNull'],
  keyword: ['eq', 'ne', 'in', 'isNull'],
  keywords: ['contains', 'isNull'],
  integer: ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'isNull'],
  number: ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'isNull'],
  timestamp: ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'isNull'],
  boolean: ['eq', 'ne', 'isNull'],
}
const idOperators: readonly ComparisonOperator[] = ['eq', 'ne', 'in']

const expectation: Record<FieldType, string> = {
  text: `a string of up to ${queryLimits.textLength} characters`,
  keyword: `a string of up to ${queryLimits.textLength} characters`,
  keywords: `a string of up to ${queryLimits.textLength} characters`,
  integer: 'an integer',
  timestamp: 'an integer: milliseconds since the epoch',
  number: 'a finite number',
  boolean: 'true or false',
}

const fail = (message: string, limit?: keyof typeof queryLimits): never => {
  throw new InvalidIndexQueryError(message, limit)
}

const shown = (value: unknown): string => {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > 60 ? `${text.slice(0, 57)}…` : text
}

/** Whether a single value fits a field of the type. A list's element for `keywords`. */
function fits(type: FieldType, value: unknown): boolean {
  switch (type) {
    case 'text':
    case 'keyword':
    case 'keywords': return typeof value === 'string' && value.length <= queryLimits.textLength
    case 'integer':
    case 'timestamp': return Number.isSafeInteger(value)
    case 'number': return Number.isFinite(value)
    case 'boolean': return typeof value === 'boolean'
  }
}

/** Throws `InvalidIndexQueryError` where the filter does not fit the kind's fields or is larger than allowed. */
export function validateFilter(kind: EntityKind, filter: Filter): void {
  let nodes = 0
  const visit = (node: Filter, depth: number): void => {
    if (++nodes > queryLimits.filterNodes) fail(`A filter has at most ${queryLimits.filterNodes} nodes; this one has more.`, 'filterNodes')
    if (depth > queryLimits.filterDepth) fail(`A filter is at most ${queryLimits.filterDepth} levels deep; this one is deeper.`, 'filterDepth')
    if (typeof node !== 'object' || node === null) return fail(`A filter is an object; got ${shown(node)}.`)
    if ('and' in node || 'or' in node) {
      const parts: unknown = 'and' in node ? node.and : node.or
      if (!Array.isArray(parts)) return fail(`\`${'and' in node ? 'and' : 'or'}\` takes a list of filters; got ${shown(parts)}.`)
      for (const part of parts as Filter[]) visit(part, depth + 1)
    } else if ('not' in node) {
      visit(node.not, depth + 1)
    } else {
      validateComparison(kind, node)
    }
  }
  visit(filter, 1)
}

function validateComparison(kind: EntityKind, { field, op, value }: Extract<Filter, { op: string }>): void {
  const definition = field === 'id' ? undefined : fieldOf(kind, field)
  if (field !== 'id' && !definition?.filterable) {
    const filterable = Object.keys(entityFields[kind]).filter((name) => fieldOf(kind, name)?.filterable)
    fail(`${kind}.${field} cannot be filtered by: expected one of id, ${filterable.join(', ')}.`)
  }
  const operators = definition ? comparable[definition.type] : idOperators
  if (!operators.includes(op)) {
    fail(`${kind}.${field} is compared by ${operators.join(', ')}; got ${shown(op)}.`)
  }
  const type = definition?.type ?? 'keyword'
  if (op === 'isNull') {
    if (typeof value !== 'boolean') fail(`${kind}.${field} isNull takes true or false; got ${shown(value)}.`)
  } else if (op === 'in') {
    if (!Array.isArray(value)) fail(`${kind}.${field} in takes a list; got ${shown(value)}.`)
    const values = value as readonly unknown[]
    if (values.length > queryLimits.inValues) {
      fail(`${kind}.${field} in takes up to ${queryLimits.inValues} values; got ${values.length}.`, 'inValues')
    }
    const bad = values.find((element) => !fits(type, element))
    if (bad !== undefined || values.includes(undefined)) {
      fail(`${kind}.${field} in takes values that are each ${expectation[type]}; got ${shown(bad)}.`)
    }
  } else if (!fits(type, value)) {
    fail(`${kind}.${field} ${op} takes ${expectation[type]}; got ${shown(value)}.`)
  }
}

/**
 * Throws `InvalidIndexQueryError` where an adapter must not run the query. Dimensions are left to the adapter, which
 * knows its spaces (`assertDimensions`).
 */
export function validateQuery(query: IndexQuery): void {
  if (!entityKinds.includes(query.kind)) fail(`kind is one of ${entityKinds.join(', ')}; got ${shown(query.kind)}.`)
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > queryLimits.hits) {
    fail(`limit is an integer from 1 to ${queryLimits.hits}; got ${shown(query.limit)}.`)
  }
  if (query.filter) validateFilter(query.kind, query.filter)
  if (query.orderBy) validateOrderings(query.kind, query.orderBy)
  if (query.hybrid) {
    if (query.orderBy?.length) fail('A hybrid query is ordered by its score: leave out orderBy, or hybrid.')
    validateHybrid(query.hybrid)
  }
}

function validateOrderings(kind: EntityKind, orderBy: readonly Ordering[]): void {
  if (orderBy.length > queryLimits.orderings) {
    fail(`orderBy takes up to ${queryLimits.orderings} orderings; got ${orderBy.length}.`, 'orderings')
  }
  const seen = new Set<string>()
  for (const { field, direction } of orderBy) {
    if (field !== 'id' && !fieldOf(kind, field)?.orderable) {
      const orderable = Object.keys(entityFields[kind]).filter((name) => fieldOf(kind, name)?.orderable)
      fail(`${kind}.${field} cannot be ordered by: expected one of id, ${orderable.join(', ')}.`)
    }
    if (direction !== 'asc' && direction !== 'desc') fail(`The direction of ${field} is asc or desc; got ${shown(direction)}.`)
    if (seen.has(field)) fail(`orderBy names ${field} twice.`)
    seen.add(field)
  }
}

function validateHybrid({ text, vector, alpha, fusion }: HybridQuery): void {
  if (text === undefined && !vector) fail('hybrid takes a text, a vector or both; got neither.')
  if (text !== undefined && (typeof text !== 'string' || text.length > queryLimits.textLength)) {
    fail(`hybrid.text is a string of up to ${queryLimits.textLength} characters; got ${shown(text)}.`)
  }
  if (!Number.isFinite(alpha) || alpha < 0 || alpha > 1) fail(`hybrid.alpha is a number from 0 to 1; got ${shown(alpha)}.`)
  if (fusion !== 'relativeScore' && fusion !== 'ranked') fail(`hybrid.fusion is relativeScore or ranked; got ${shown(fusion)}.`)
  if (vector) validateVector('hybrid.vector', vector.values)
}

/** Throws `InvalidIndexQueryError` where a vector has other dimensions than its space. */
export function assertDimensions(space: string, expected: number, got: number): void {
  if (expected !== got) fail(`Vectors of the space ${space} have ${expected} dimensions; got ${got}.`)
}

/**
 * Throws `InvalidIndexQueryError` where a write does not fit the kind's fields, or where a vector is empty or not finite:
 * one NaN among the scores would put a whole result out of order. `null` removes a field or a vector.
 */
export function validateWrite(kind: EntityKind, fields: Readonly<Record<string, unknown>>, vectors: Upsert['vectors']): void {
  for (const field in fields) {
    const type = fieldOf(kind, field)?.type
    if (!type) return fail(`${kind} has no field ${field}: expected ${Object.keys(entityFields[kind]).join(', ')}.`)
    const value = fields[field]
    if (value === null) continue
    const valid = type === 'keywords' ? Array.isArray(value) && value.every((element) => typeof element === 'string')
      : type === 'text' || type === 'keyword' ? typeof value === 'string'
      : fits(type, value)
    if (!valid) fail(`${kind}.${field} holds ${heldAs(type)}; got ${shown(value)}.`)
  }
  for (const space in vectors) {
    const vector = vectors[space]
    if (vector) validateVector(`A vector of the space ${space}`, vector)
  }
}

/** What a field holds: unlike in queries, texts are as long as their events allow. */
function heldAs(type: FieldType): string {
  if (type === 'keywords') return 'a list of strings'
  return type === 'text' || type === 'keyword' ? 'a string' : expectation[type]
}

function validateVector(name: string, values: Float32Array): void {
  if (values.length < 1 || values.length > queryLimits.dimensions) {
    fail(`${name} has 1 to ${queryLimits.dimensions} dimensions; got ${values.length}.`)
  }
  for (const value of values) if (!Number.isFinite(value)) fail(`${name} holds finite numbers; got ${value}.`)
}
