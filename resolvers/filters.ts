import type { EntityKind } from '../events/entity.ts'
import type { Filter } from '../search/filter.ts'
import { validateFilter } from '../search/validate.ts'
import { checkAsIndex } from './errors.ts'

/** Comparators of the GraphQL filter inputs, all of which the index knows by the same name. */
const operators = ['eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte', 'contains', 'isNull'] as const

/**
 * A GraphQL filter input as the index's filter tree. Fields and comparators of one input object must all hold. A null
 * stands for a comparator that was not given, so that a client's optional variables mean what they say.
 */
export function toFilter(input: object | null | undefined): Filter | undefined {
  if (!input) return undefined
  const conditions: Filter[] = []
  for (const [name, value] of Object.entries(input)) {
    if (value === null || value === undefined) continue
    if (name === 'and') conditions.push({ and: list(value) })
    else if (name === 'or') conditions.push({ or: list(value) })
    else if (name === 'not') conditions.push({ not: toFilter(value as object) ?? { and: [] } })
    else conditions.push(...comparisons(name, value as Record<string, unknown>))
  }
  return conditions.length === 0 ? undefined : conditions.length === 1 ? conditions[0] : { and: conditions }
}

/**
 * The same for a subscription, whose filter meets changes and not the index, which would have judged it.
 *
 * @throws GraphQLError `BAD_USER_INPUT` where the filter is larger than allowed or does not fit the kind's fields
 */
export function toLiveFilter(kind: EntityKind, input: object | null | undefined): Filter | undefined {
  const filter = toFilter(input)
  if (filter) checkAsIndex(() => validateFilter(kind, filter))
  return filter
}

/** An empty object holds for everything, also inside a list. */
const list = (inputs: readonly object[]): Filter[] => inputs.map((input) => toFilter(input) ?? { and: [] })

function comparisons(field: string, comparators: Record<string, unknown>): Filter[] {
  return operators
    .filter((op) => comparators[op] !== null && comparators[op] !== undefined)
    .map((op) => ({ field, op, value: comparators[op] }) as Filter)
}

/** Both must hold. */
export const bothFilters = (a: Filter | undefined, b: Filter | undefined): Filter | undefined =>
  a && b ? { and: [a, b] } : (a ?? b)
