import { Kind, valueFromASTUntyped, type ConstObjectValueNode, type ConstValueNode } from 'graphql'
import { isObject, type Obj } from '../merge.ts'
import { parseTemplate, TemplateError, textsOf, type Template } from './template.ts'

/** Whether an event passes. */
export interface Predicate {
  (event: Obj): boolean
  /** Every event that passes has one of these texts at this path; absent where nothing of the kind can be said. */
  readonly within?: { readonly path: readonly string[], readonly texts: ReadonlySet<string> }
}

/** A filter whose arguments are not given yet. Given them, it is a predicate, or known to pass all or nothing. */
export type EventFilter = (args: Record<string, unknown>) => Predicate | boolean

export interface FilterChecks {
  /** Each problem with where in the condition it is: `condition.AND[0].IN`. */
  problem: (message: string) => void
  /** Told of every path, to be checked against the event's type. */
  fieldPath: (path: readonly string[], where: string) => void
  template: (template: Template, where: string) => void
}

/**
 * Compiles the condition of `@openfed__subscriptionFilter`: exactly one of AND, OR, NOT and IN on each level. `IN`
 * compares scalars by their text, so that an `ID` matches whether the event has it as `1` or as `"1"`; a field that is
 * a list matches when one of its items does, a field that the event does not have matches nothing.
 * https://cosmo-docs.wundergraph.com/federation/directives/openfed-subscriptionfilter
 */
export const compileFilter = (
  value: ConstValueNode | undefined, checks: FilterChecks, where = 'condition',
): EventFilter => {
  if (value?.kind !== Kind.OBJECT) return wrong(checks, where, 'must be an object with AND, OR, NOT or IN')
  const [field, another] = value.fields
  if (!field || another) return wrong(checks, where, 'must have exactly one of AND, OR, NOT and IN')
  const name = field.name.value
  const inner = `${where}.${name}`
  switch (name) {
    case 'AND':
    case 'OR': {
      const items = field.value.kind === Kind.LIST ? field.value.values : [field.value]
      if (items.length === 0) return wrong(checks, inner, 'must have at least one condition')
      const conditions = items.map((item, index) => compileFilter(item, checks, `${inner}[${index}]`))
      return name === 'AND' ? every(conditions) : not(every(conditions.map(not)))
    }
    case 'NOT':
      return not(compileFilter(field.value, checks, inner))
    case 'IN':
      if (field.value.kind !== Kind.OBJECT) return wrong(checks, inner, 'must be {fieldPath: "…", values: […]}')
      return compileIn(field.value, checks, inner)
    default:
      return wrong(checks, where, `has "${name}"; expected AND, OR, NOT or IN`)
  }
}

const wrong = ({ problem }: FilterChecks, where: string, message: string): EventFilter => {
  problem(`"${where}" ${message}.`)
  return () => false
}

const not = (filter: EventFilter): EventFilter => (args) => {
  const bound = filter(args)
  return typeof bound === 'boolean' ? !bound : (event) => !bound(event)
}

const every = (filters: readonly EventFilter[]): EventFilter => (args) => {
  const predicates: Predicate[] = []
  for (const filter of filters) {
    const bound = filter(args)
    if (bound === false) return false
    if (bound !== true) predicates.push(bound)
  }
  if (predicates.length === 0) return true
  return withHint((event) => predicates.every((passes) => passes(event)), predicates.find(({ within }) => within)?.within)
}

/** The predicate, and what is known of the events that pass it. */
export const withHint = (passes: (event: Obj) => boolean, within: Predicate['within']): Predicate =>
  within ? Object.assign(passes, { within }) : passes

const compileIn = (value: ConstObjectValueNode, checks: FilterChecks, where: string): EventFilter => {
  const given = new Map(value.fields.map((field) => [field.name.value, field.value]))
  const path = given.get('fieldPath')
  const values = given.get('values')
  if (value.fields.length !== 2 || !path || !values) return wrong(checks, where, 'must have "fieldPath" and "values"')
  if (path.kind !== Kind.STRING || !/^\w+(\.\w+)*$/.test(path.value)) {
    return wrong(checks, `${where}.fieldPath`, 'must be field names joined by dots')
  }
  const keys = path.value.split('.')
  checks.fieldPath(keys, `${where}.fieldPath`)
  const items = values.kind === Kind.LIST ? values.values : [values]
  if (items.length === 0) return wrong(checks, `${where}.values`, 'must have at least one value')
  const texts = new Set<string>()
  const templates: Template[] = []
  let allowsNull = false
  for (const [index, item] of items.entries()) {
    if (item.kind === Kind.OBJECT || item.kind === Kind.LIST) {
      return wrong(checks, `${where}.values[${index}]`, 'must be a scalar or a template')
    }
    const literal: unknown = valueFromASTUntyped(item)
    if (literal === null) allowsNull = true
    else if (typeof literal === 'string' && /\{\{|\}\}/.test(literal)) {
      try {
        templates.push(parseTemplate(literal))
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error
        return wrong(checks, `${where}.values[${index}]`, `is no template: ${error.message}`)
      }
      checks.template(templates.at(-1) as Template, `${where}.values[${index}]`)
    } else texts.add(String(literal))
  }
  return (args) => {
    const all = templates.length === 0 ? texts : new Set(texts)
    for (const template of templates) for (const text of textsOf(template, args)) all.add(text)
    if (all.size === 0 && !allowsNull) return false
    return withHint((event) => contains(event, keys, 0, all, allowsNull), allowsNull ? undefined : { path: keys, texts: all })
  }
}

const contains = (
  value: unknown, path: readonly string[], depth: number, texts: ReadonlySet<string>, allowsNull: boolean,
): boolean => {
  if (Array.isArray(value)) return value.some((item) => contains(item, path, depth, texts, allowsNull))
  if (depth < path.length) {
    const key = path[depth]!
    return isObject(value) && Object.hasOwn(value, key) && contains(value[key], path, depth + 1, texts, allowsNull)
  }
  if (value === null) return allowsNull
  return typeof value !== 'object' && texts.has(String(value))
}
