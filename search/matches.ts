import type { EntityKind } from '../events/entity.ts'
import type { AnyFields, FieldValue } from './entities.ts'
import type { Filter } from './filter.ts'

export { validateFilter, validateQuery } from './validate.ts'

/** The meaning of the filter tree, in one place: the embedded index and live queries on change records both use it. */

export type Reader<Row> = (row: Row) => FieldValue | undefined

type Comparison = Extract<Filter, { op: string }>

/**
 * Compiles a filter that `validateFilter` has passed into a predicate over rows of any shape; `read` gives the reader of
 * a field, `id` included.
 */
export function compileRows<Row>(filter: Filter, read: (field: string) => Reader<Row>): (row: Row) => boolean {
  if ('and' in filter) return all(filter.and.map((part) => compileRows(part, read)))
  if ('or' in filter) return any(filter.or.map((part) => compileRows(part, read)))
  if ('not' in filter) {
    const inner = compileRows(filter.not, read)
    return (row) => !inner(row)
  }
  return compare(filter, read(filter.field))
}

/** Compiles a filter that `validateFilter` has passed into a predicate over an entity's id and fields. */
export function compileFilter(_kind: EntityKind, filter: Filter): (id: string, fields: AnyFields) => boolean {
  const predicate = compileRows<{ id: string; fields: AnyFields }>(filter, (field) =>
    field === 'id' ? (row) => row.id : (row) => row.fields[field])
  return (id, fields) => predicate({ id, fields })
}

/**
 * The same filter without constants: `true` and `false` where it holds for everything or nothing (an empty `and`, `or`
 * or `in`), for adapters whose engine knows no constants.
 */
export function foldFilter(filter: Filter): Filter | boolean {
  if ('and' in filter) return foldList(filter.and, false, (and) => ({ and }))
  if ('or' in filter) return foldList(filter.or, true, (or) => ({ or }))
  if ('not' in filter) {
    const inner = foldFilter(filter.not)
    return typeof inner === 'boolean' ? !inner : { not: inner }
  }
  return filter.op === 'in' && filter.value.length === 0 ? false : filter
}

function foldList(parts: readonly Filter[], absorbing: boolean, make: (parts: Filter[]) => Filter): Filter | boolean {
  const folded = parts.map(foldFilter)
  if (folded.includes(absorbing)) return absorbing
  const rest = folded.filter((part) => typeof part !== 'boolean')
  if (rest.length === 0) return !absorbing
  return rest.length === 1 ? rest[0]! : make(rest)
}

/** Whether a change of one of these fields can change what the filter says. */
export function fieldsOf(filter: Filter): Set<string> {
  if ('and' in filter) return new Set(filter.and.flatMap((part) => [...fieldsOf(part)]))
  if ('or' in filter) return new Set(filter.or.flatMap((part) => [...fieldsOf(part)]))
  return 'not' in filter ? fieldsOf(filter.not) : new Set([filter.field])
}

function compare<Row>(comparison: Comparison, read: Reader<Row>): (row: Row) => boolean {
  switch (comparison.op) {
    case 'eq': {
      const { value } = comparison
      return (row) => read(row) === value
    }
    case 'ne': {
      const { value } = comparison
      return (row) => read(row) !== value
    }
    case 'gt': {
      const { value } = comparison
      return (row) => read(row)! > value
    }
    case 'gte': {
      const { value } = comparison
      return (row) => read(row)! >= value
    }
    case 'lt': {
      const { value } = comparison
      return (row) => read(row)! < value
    }
    case 'lte': {
      const { value } = comparison
      return (row) => read(row)! <= value
    }
    case 'in': {
      const values = new Set<FieldValue | undefined>(comparison.value)
      return (row) => values.has(read(row))
    }
    case 'contains': {
      const { value } = comparison
      const lower = value.toLowerCase()
      return (row) => {
        const held = read(row)
        return typeof held === 'string' ? held.toLowerCase().includes(lower) : Array.isArray(held) && held.includes(value)
      }
    }
    case 'isNull': {
      const missing = comparison.value
      return (row) => isMissing(read(row)) === missing
    }
  }
}

/** An empty list counts as missing: writers may send one where they mean none, and Weaviate cannot tell them apart. */
const isMissing = (value: FieldValue | undefined): boolean =>
  value === undefined || (Array.isArray(value) && value.length === 0)

// Two parts are the usual case: a direct call of each is twice as fast as a loop over closures.
function all<Row>(parts: ((row: Row) => boolean)[]): (row: Row) => boolean {
  const [first, second] = parts
  if (!first) return () => true
  if (!second) return first
  return parts.length === 2 ? (row) => first(row) && second(row) : (row) => parts.every((part) => part(row))
}

function any<Row>(parts: ((row: Row) => boolean)[]): (row: Row) => boolean {
  const [first, second] = parts
  if (!first) return () => false
  if (!second) return first
  return parts.length === 2 ? (row) => first(row) || second(row) : (row) => parts.some((part) => part(row))
}
