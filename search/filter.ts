/**
 * The one typed filter tree: GraphQL's `filter` inputs, the index's queries and live queries all speak it. Each adapter
 * translates it; `matches` (search/matches.ts) is its meaning.
 *
 * A missing field satisfies `isNull: true`, `ne` and `not` of a comparison, and no other comparison. `contains` holds for
 * a list that has the value, or a text that has it as a substring (case-insensitively). `eq`, `ne` and `in` on texts
 * compare whole values, exactly. `id` is a field of every kind.
 */
export type Filter =
  | { and: readonly Filter[] }
  | { or: readonly Filter[] }
  | { not: Filter }
  | { field: string; op: 'eq' | 'ne' | 'gt' | 'gte' | 'lt' | 'lte'; value: string | number | boolean }
  | { field: string; op: 'in'; value: readonly (string | number)[] }
  | { field: string; op: 'contains'; value: string }
  | { field: string; op: 'isNull'; value: boolean }

export type ComparisonOperator = Extract<Filter, { op: string }>['op']
