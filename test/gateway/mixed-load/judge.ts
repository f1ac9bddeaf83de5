import type { FormattedExecutionResult } from 'graphql'
import type { Remote } from './market.ts'
import type { Expected } from './operations.ts'

/** Whether a subgraph may have been away. */
export type Away = (name: Remote) => boolean

/**
 * Compares an answer with what must be answered: right in full, or with holes where a subgraph was away, and then with an error that
 * names it. Gives what is wrong, or undefined.
 */
export function faultOf({ data, errors = [] }: FormattedExecutionResult, expected: Expected, away: Away): string | undefined {
  const missing = new Set<Remote>()
  const wrong = differenceOf(data, expected, '', away, missing)
  if (wrong !== undefined) return wrong
  const named = new Set<unknown>()
  for (const { message, extensions } of errors) {
    const name = extensions?.serviceName
    if (typeof name !== 'string' || !away(name as Remote)) return `an error of a subgraph that was there: ${message} ${JSON.stringify(extensions)}`
    named.add(name)
  }
  // At least one of those without which something is missing, wherever anything is.
  if (missing.size > 0 && ![...missing].some((name) => named.has(name))) return `something is missing, and no error names any of ${[...missing].join(', ')}`
  return undefined
}

function differenceOf(actual: unknown, expected: Expected, at: string, away: Away, missing: Set<Remote>): string | undefined {
  if (actual === null || actual === undefined) {
    const absent = expected.needs.filter(away)
    if (actual === undefined || absent.length === 0) return `${at} is ${JSON.stringify(actual)}, and nothing that it needs was away`
    for (const name of absent) missing.add(name)
    return undefined
  }
  if (expected.kind === 'leaf') return actual === expected.value ? undefined : `${at} is ${JSON.stringify(actual)}, expected ${JSON.stringify(expected.value)}`
  if (expected.kind === 'list') {
    if (!Array.isArray(actual) || actual.length !== expected.items.length) return `${at} is not a list of ${expected.items.length}`
    for (const [place, item] of expected.items.entries()) {
      const wrong = differenceOf(actual[place], item, `${at}[${place}]`, away, missing)
      if (wrong !== undefined) return wrong
    }
    return undefined
  }
  const given = actual as Record<string, unknown>
  const extra = Object.keys(given).find((key) => !(key in expected.fields))
  if (extra !== undefined) return `${at}.${extra} was not asked for`
  for (const [name, field] of Object.entries(expected.fields)) {
    const wrong = differenceOf(given[name], field, `${at}.${name}`, away, missing)
    if (wrong !== undefined) return wrong
  }
  return undefined
}
