import { isDeepStrictEqual } from 'node:util'

/** The part of JSON Schema that the vocabulary uses. */
export interface JsonSchema {
  readonly [keyword: string]: unknown
}

/** Words about a schema that do not decide what is valid. */
const ANNOTATIONS = new Set([
  '$schema', '$id', '$comment', 'title', 'description', 'examples', 'default', 'deprecated', 'x-freshet',
])
/** Lower bounds: raising one refuses what was valid. */
const LOWER = new Set(['minimum', 'exclusiveMinimum', 'minLength', 'minItems', 'minProperties'])
/** Upper bounds: lowering one refuses what was valid. */
const UPPER = new Set(['maximum', 'exclusiveMaximum', 'maxLength', 'maxItems', 'maxProperties'])

/**
 * What keeps a changed schema from reading everything that was valid before: one sentence per fault, each beginning with
 * a JSON pointer into the data; an empty list when the change is compatible. A field that was taken away is a fault too,
 * though its events would still pass: what producers send would no longer be looked at.
 *
 * It errs on the side of refusing: a keyword that it does not know may not change.
 */
export function incompatibilities(before: JsonSchema, after: JsonSchema, pointer = '/data'): string[] {
  const faults: string[] = []
  for (const keyword of new Set([...Object.keys(before), ...Object.keys(after)])) {
    if (ANNOTATIONS.has(keyword)) continue
    const [was, is] = [before[keyword], after[keyword]]
    if (isDeepStrictEqual(was, is)) continue
    const check = checks[keyword]
    if (check) faults.push(...check(was, is, pointer))
    else if (LOWER.has(keyword)) faults.push(...bound(keyword, was, is, pointer, (a, b) => b <= a))
    else if (UPPER.has(keyword)) faults.push(...bound(keyword, was, is, pointer, (a, b) => b >= a))
    else if (is !== undefined) {
      const how = was === undefined ? 'was added' : 'changed'
      faults.push(`${pointer}: '${keyword}' ${how}; nobody can tell that what was valid still is`)
    }
  }
  return faults
}

type Check = (was: unknown, is: unknown, pointer: string) => string[]

/** A keyword that is gone allows more. */
const checks: Record<string, Check> = {
  type: (was, is, pointer) => {
    if (is === undefined) return []
    const allowed = list(is)
    const isAllowed = (type: unknown) => allowed.includes(type) || (type === 'integer' && allowed.includes('number'))
    const lost = list(was).filter((type) => !isAllowed(type))
    if (was !== undefined && lost.length === 0) return []
    return [`${pointer}: the type was ${show(was)} and is ${show(is)}; keep it, or add a new field beside it`]
  },
  required: (was, is, pointer) => {
    const before = new Set((was ?? []) as string[])
    return ((is ?? []) as string[]).filter((name) => !before.has(name))
      .map((name) => `${pointer}/${escape(name)}: is required now and was not; make it optional`)
  },
  properties: (was, is, pointer) => {
    const [before, after] = [(was ?? {}) as Record<string, JsonSchema>, (is ?? {}) as Record<string, JsonSchema>]
    // A property that is new was an unknown field before: of no meaning to anybody, so it may be defined now.
    return Object.entries(before).flatMap(([name, schema]) => {
      const here = `${pointer}/${escape(name)}`
      const kept = after[name]
      if (!kept) return [`${here}: was taken away; keep it, and mark it as deprecated`]
      return incompatibilities(schema, kept, here)
    })
  },
  items: (was, is, pointer) => nested(was, is, `${pointer}/*`),
  additionalProperties: (was, is, pointer) => {
    if (is === true || is === undefined) return []
    if (is === false) return [`${pointer}: fields that are not known were kept and are refused now`]
    return nested(was === true ? undefined : was, is, `${pointer}/*`)
  },
  patternProperties: (was, is, pointer) =>
    Object.entries((is ?? {}) as Record<string, JsonSchema>).flatMap(([pattern, schema]) =>
      nested((was as Record<string, JsonSchema> | undefined)?.[pattern], schema, `${pointer}/*`)),
  pattern: (_, is, pointer) =>
    is === undefined ? [] : [`${pointer}: the pattern is ${show(is)} now; nobody can tell that what was valid still is`],
  enum: (was, is, pointer) => {
    if (is === undefined) return []
    const lost = ((was ?? []) as unknown[]).filter((value) => !(is as unknown[]).includes(value))
    if (was !== undefined && lost.length === 0) return []
    const what = was === undefined ? `only ${show(is)} is allowed now` : `${show(lost)} is not allowed any more`
    return [`${pointer}: ${what}`]
  },
  uniqueItems: (_, is, pointer) => (is === true ? [`${pointer}: repeated items were allowed and are refused now`] : []),
}

const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value])

const nested = (was: unknown, is: unknown, pointer: string): string[] =>
  is === undefined ? [] : incompatibilities((was ?? {}) as JsonSchema, is as JsonSchema, pointer)

function bound(
  keyword: string, was: unknown, is: unknown, pointer: string, allows: (was: number, is: number) => boolean,
): string[] {
  if (is === undefined || (was !== undefined && allows(was as number, is as number))) return []
  const former = was === undefined ? 'not set' : show(was)
  return [`${pointer}: '${keyword}' was ${former} and is ${show(is)}, which refuses what was valid`]
}

const show = (value: unknown): string => JSON.stringify(value) ?? 'anything'
const escape = (name: string): string => name.replaceAll('~', '~0').replaceAll('/', '~1')
