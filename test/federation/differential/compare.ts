import type { ExecutionResult } from 'graphql'

/**
 * How two answers differ, or nothing. Data must be equal to the order of its keys. Errors need not be the same ones:
 * when a null climbs, which of the errors below it are seen depends on timing. But the same nulls must be explained
 * by errors.
 */
export const difference = (expected: ExecutionResult, actual: ExecutionResult): string | undefined => {
  const left = JSON.stringify(expected.data)
  const right = JSON.stringify(actual.data)
  if (left !== right) return `data:\n  expected ${left}\n  actual   ${right}\n  errors ${JSON.stringify([expected.errors, actual.errors])}`
  const wanted = explained(expected)
  const given = explained(actual)
  const missing = [...wanted.keys()].filter((place) => !given.has(place))
  const extra = [...given.keys()].filter((place) => !wanted.has(place))
  if (missing.length > 0) return `errors missing at ${missing.join()}: ${JSON.stringify([expected.errors, actual.errors])}`
  if (extra.length > 0) return `errors too many at ${extra.join()}: ${JSON.stringify([expected.errors, actual.errors])}`
  for (const [place, errors] of wanted) {
    // Of several fields that may not be null, another one may be found first. But one field has one error.
    const [error, another] = errors
    const [other, more] = given.get(place)!
    if (another !== undefined || more !== undefined || error?.path !== other?.path) continue
    if (error?.message !== other?.message) return `error at ${place}: ${error?.message} / ${other?.message}`
  }
  return undefined
}

interface Explanation {
  path: string
  message: string
}

/** The nulls that errors explain, each with the errors. An interface object's field is the interface's in its subgraph. */
const explained = ({ data, errors }: ExecutionResult): Map<string, Explanation[]> => {
  const places = new Map<string, Explanation[]>()
  for (const { path = [], message } of errors ?? []) {
    const place: (string | number)[] = []
    let value: unknown = data
    for (const key of path) {
      if (value === null || value === undefined) break
      place.push(key)
      value = (value as Record<string | number, unknown>)[key]
    }
    const name = value === null ? place.join('.') : `${place.join('.')} (not null)`
    places.set(name, [...places.get(name) ?? [], { path: path.join('.'), message: message.replace(/ field \w+\./, ' field ') }])
  }
  return places
}
