import weaviate, { Filters, type FilterValue } from 'weaviate-client'
import type { EntityKind } from '../../events/entity.ts'
import { fieldOf } from '../entities.ts'
import type { Filter } from '../filter.ts'
import { comparedProperty, foldedProperty } from './properties.ts'
import { containsPattern, keyOf } from './texts.ts'

type Comparison = Extract<Filter, { op: string }>
type Value = string | number | boolean

/** Translates a filter that `validateFilter` has passed and `foldFilter` has freed of constants. */
export function toWeaviate(kind: EntityKind, filter: Filter): FilterValue {
  if ('and' in filter) return Filters.and(...filter.and.map((part) => toWeaviate(kind, part)))
  if ('or' in filter) return Filters.or(...filter.or.map((part) => toWeaviate(kind, part)))
  if ('not' in filter) return Filters.not(toWeaviate(kind, filter.not))
  return compare(kind, filter)
}

/** Whether the field is missing. By the complement: objects from before a property was added are in no null index. */
export const isMissing = (kind: EntityKind, field: string): FilterValue => Filters.not(isHeld(kind, field))

export const isHeld = (kind: EntityKind, field: string): FilterValue => propertyOf(kind, field).isNull(false)

/** One comparison of values as a cursor holds them. */
export function compareValue(kind: EntityKind, field: string, op: 'eq' | 'gt' | 'lt', value: Value): FilterValue {
  const property = propertyOf(kind, field)
  const key = keyIn(value)
  switch (op) {
    case 'eq': return property.equal(key)
    case 'gt': return property.greaterThan(key as number)
    case 'lt': return property.lessThan(key as number)
  }
}

function compare(kind: EntityKind, { field, op, value }: Comparison): FilterValue {
  const property = propertyOf(kind, field)
  switch (op) {
    case 'eq': return property.equal(keyIn(value))
    // Not the engine's own `NotEqual`: a missing field is not equal either.
    case 'ne': return Filters.not(property.equal(keyIn(value)))
    case 'gt': return property.greaterThan(value as number)
    case 'gte': return property.greaterOrEqual(value as number)
    case 'lt': return property.lessThan(value as number)
    case 'lte': return property.lessOrEqual(value as number)
    case 'in': return oneOf(kind, field, value)
    case 'contains': return contains(kind, field, value)
    case 'isNull': return value ? isMissing(kind, field) : isHeld(kind, field)
  }
}

function oneOf(kind: EntityKind, field: string, values: readonly (string | number)[]): FilterValue {
  const property = propertyOf(kind, field)
  // The client takes a list for one of integers or of fractions by looking at all of it; a mixed one it would not send.
  const groups = [values.filter((value) => typeof value === 'string').map(keyOf), values.filter(Number.isInteger),
    values.filter((value) => typeof value === 'number' && !Number.isInteger(value))]
    .filter((group) => group.length > 0).map((group) => property.containsAny(group as string[]))
  return groups.length === 1 ? groups[0]! : Filters.or(...groups)
}

function contains(kind: EntityKind, field: string, part: string): FilterValue {
  if (fieldOf(kind, field)?.type === 'keywords') return propertyOf(kind, field).containsAny([keyOf(part)])
  return part === '' ? isHeld(kind, field) : weaviate.filter.byProperty(foldedProperty(field)).like(containsPattern(part))
}

const propertyOf = (kind: EntityKind, field: string) => weaviate.filter.byProperty(comparedProperty(field, fieldOf(kind, field)))

const keyIn = (value: Value): Value => (typeof value === 'string' ? keyOf(value) : value)
