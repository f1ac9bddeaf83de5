import type { EntityGroup, Path } from './compile.ts'
import { generate, quoted } from './generate.ts'
import { isObject, type Obj } from './merge.ts'
import type { RequiresSelection } from './plan.ts'
import { rewriteInput } from './rewrites.ts'
import type { SupergraphTypes } from './schema.ts'
import type { PathKey } from './errors.ts'

/** An object in the response tree that a fetch is about, and where it is. */
export interface Place {
  object: Obj
  path: Trail | undefined
}

/** A path, linked from its end: extending it copies nothing, and it is written out for errors only. */
export interface Trail {
  above: Trail | undefined
  key: PathKey
}

export const pathOf = (trail: Trail | undefined): PathKey[] => {
  const path: PathKey[] = []
  for (let at = trail; at; at = at.above) path.push(at.key)
  return path.reverse()
}

/** The distinct representations of a group and the objects that each of them stands for. */
export interface Representations {
  values: Obj[]
  /** What identifies each value within the group. */
  keys: string[]
  objects: Obj[][]
  /** Objects of the right type that lack a field which the plan should have fetched before. */
  incomplete: Obj[]
}

/** Finds the group's objects in the tree and builds what their entities are asked by, equal ones once. */
export const represent = (
  group: EntityGroup, data: Obj, types: SupergraphTypes, variables: Record<string, unknown>,
): Representations => {
  const result: Representations = { values: [], keys: [], objects: [], incomplete: [] }
  const indexes = new Map<string, number>()
  /** The first value with this key: most objects stand for a value that is there already, and need none made of them to see it. */
  const firsts = new Map<unknown, number>()
  const { walks, plain } = finderOf(group, types)
  const visit = (object: Obj): void => {
    const first = plain && firsts.get(object[plain.key])
    if (first !== undefined && plain!.represents(result.values[first]!, object)) return void result.objects[first]!.push(object)
    const value = plain ? plain.representation(object) : representation(object, group, types, variables)
    if (value === undefined) return
    if (value === incomplete) return void result.incomplete.push(object)
    const key = plain ? plain.identity(value) : identityOf(value)
    const index = indexes.get(key)
    if (index !== undefined) return void result.objects[index]!.push(object)
    if (plain && first === undefined) firsts.set(object[plain.key], result.values.length)
    indexes.set(key, result.values.length)
    result.values.push(value)
    result.keys.push(key)
    result.objects.push([object])
  }
  for (const walk of walks) walk(data, visit)
  return result
}

/** The entities of a group at other places than its own, by what identifies them; none where the group asks by more than plain fields. */
export const eachEntityAt = (
  paths: readonly Path[], group: EntityGroup, data: Obj, types: SupergraphTypes, visit: (key: string, object: Obj) => void,
): void => {
  const { plain } = finderOf(group, types)
  if (!plain) return
  for (const path of paths) {
    walkOf(path, 0, types)(data, (object) => {
      const value = plain.representation(object)
      if (value !== undefined && value !== incomplete) visit(plain.identity(value), object)
    })
  }
}

/** What is worked out of a group once. */
interface Finder {
  walks: readonly Walk[]
  plain: PlainKey | undefined
}

/** Groups belong to plans of one supergraph. */
const finders = new WeakMap<EntityGroup, Finder>()

const finderOf = (group: EntityGroup, types: SupergraphTypes): Finder => {
  let finder = finders.get(group)
  if (!finder) finders.set(group, finder = { walks: group.paths.map((path) => walkOf(path, 0, types)), plain: plainKey(group, types) })
  return finder
}

/** Every place of the group at which one of these objects stands. Only errors need places. */
export const placesOf = (
  objects: Iterable<Obj>, group: Pick<EntityGroup, 'paths'>, data: Obj, types: SupergraphTypes,
): Place[] => {
  const wanted = new Set(objects)
  const places: Place[] = []
  for (const path of group.paths) {
    trace(data, path, 0, undefined, types, (object, at) => {
      if (wanted.has(object)) places.push({ object, path: at })
    })
  }
  return places
}

/** Equal for equal representations of one group: their fields come in one order. Lengths keep strings apart. */
const identityOf = (representation: Obj): string => {
  let identity = ''
  for (const name in representation) {
    const value = representation[name]
    identity += typeof value === 'string' ? `${value.length}"${value}` : `${JSON.stringify(value)};`
  }
  return identity
}

/** Calls `visit` for the objects at the end of a path. */
type Walk = (value: unknown, visit: (object: Obj) => void) => void

const walkOf = (path: Path, index: number, types: SupergraphTypes): Walk => {
  const segment = path[index]
  const next = segment === undefined ? undefined : walkOf(path, index + 1, types)
  const walk: Walk = (value, visit) => {
    if (value === null || typeof value !== 'object') return
    if (Array.isArray(value)) {
      // The planner writes one segment for a list in a list, too.
      const each = segment === 'item' ? next! : walk
      for (let item = 0; item < value.length; item++) each(value[item], visit)
    } else if (segment === undefined) {
      visit(value as Obj)
    } else if (segment === 'item') {
      return
    } else if ('field' in segment) {
      next!((value as Obj)[segment.field], visit)
    } else if (satisfies(value as Obj, segment.types, types)) {
      next!(value, visit)
    }
  }
  return walk
}

/** The same with the way to each object. */
const trace = (
  value: unknown, path: Path, index: number, at: Trail | undefined, types: SupergraphTypes,
  visit: (object: Obj, path: Trail | undefined) => void,
): void => {
  if (value === null || typeof value !== 'object') return
  const segment = path[index]
  if (Array.isArray(value)) {
    const next = segment === 'item' ? index + 1 : index
    for (let item = 0; item < value.length; item++) {
      trace(value[item], path, next, { above: at, key: item }, types, visit)
    }
  } else if (segment === 'item') {
    return
  } else if (segment === undefined) {
    visit(value as Obj, at)
  } else if ('field' in segment) {
    trace((value as Obj)[segment.field], path, index + 1, { above: at, key: segment.field }, types, visit)
  } else if (satisfies(value as Obj, segment.types, types)) {
    trace(value, path, index + 1, at, types, visit)
  }
}

/** An object that did not tell its type stands where only one type is possible. */
const satisfies = (value: Obj, conditions: readonly string[], types: SupergraphTypes): boolean => {
  const name = value.__typename
  return typeof name !== 'string' || conditions.some((condition) => types.matches(condition, name))
}

const incomplete = Symbol('incomplete')

/** How the entities of a group are represented where it asks for one object type by fields without selections. */
interface PlainKey {
  /** One of the fields. */
  key: string
  /** Whether this value is the object's. */
  represents(value: Obj, object: Obj): boolean
  representation(object: Obj): Obj | typeof incomplete | undefined
  /** Equal for equal representations. */
  identity(representation: Obj): string
}

/** Code for {@link representation} and {@link identityOf}; nothing where the group asks for more. */
const plainKey = ({ requires, inputRewrites }: EntityGroup, types: SupergraphTypes): PlainKey | undefined => {
  const [fragment] = requires
  if (requires.length !== 1 || inputRewrites.length > 0 || fragment?.kind !== 'InlineFragment') return undefined
  const { typeCondition, selections, skipIf, includeIf } = fragment
  if (skipIf || includeIf || !types.isObject(typeCondition)) return undefined
  const names = selections.map((field) => field.kind === 'Field' && !field.selections?.length && !field.alias ? field.name : undefined)
  const keys = names.filter((name) => name !== undefined && name !== '__typename')
  if (keys.length === 0 || new Set(names).size < names.length || names.includes(undefined) || !names.includes('__typename')) return undefined
  const [key] = keys as [string]
  return {
    key,
    represents: generate<PlainKey['represents']>(`return (value, object) =>
      ${names.map((name) => `value[${quoted(name!)}] === object[${quoted(name!)}]`).join(' && ')}`, {}),
    representation: generate<PlainKey['representation']>(`return (object) => {
      const typename = object.__typename
      if (typeof typename === 'string' && typename !== ${quoted(typeCondition)}) return undefined
      ${names.map((name, index) => `const value${index} = object[${quoted(name!)}]`).join('\n')}
      if (${names.map((_, index) => `value${index} === undefined`).join(' || ')}) return incomplete
      if (typeof typename !== 'string') return undefined
      if (${names.flatMap((name, index) => name === '__typename' ? [] : [`value${index} === null`]).join(' && ')}) return undefined
      return { ${names.map((name, index) => `${quoted(name!)}: value${index}`).join(', ')} }
    }`, { incomplete }),
    identity: keys.length > 1 ? identityOf : (representation) => {
      const value = representation[key]
      return typeof value !== 'string' ? `\0${JSON.stringify(value)}` : value.startsWith('\0') ? `\0"${value}` : value
    },
  }
}

/** Nothing when the entity is not meant or cannot be known: it is of another type, or all its keys are null. */
const representation = (
  object: Obj, group: EntityGroup, types: SupergraphTypes, variables: Record<string, unknown>,
): Obj | typeof incomplete | undefined => {
  const value: Obj = {}
  if (!select(object, group.requires, value, types, variables)) return incomplete
  let known = false
  for (const key in value) if (key !== '__typename' && value[key] !== null) known = true
  if (!known || typeof value.__typename !== 'string') return undefined
  if (group.inputRewrites.length > 0) rewriteInput(value, group.inputRewrites, types)
  return value
}

const select = (
  source: Obj, selections: readonly RequiresSelection[], into: Obj, types: SupergraphTypes,
  variables: Record<string, unknown>,
): boolean => {
  for (const selection of selections) {
    if (selection.kind === 'InlineFragment') {
      if (selection.skipIf && variables[selection.skipIf] === true) continue
      if (selection.includeIf && variables[selection.includeIf] !== true) continue
      if (!satisfies(source, [selection.typeCondition], types)) continue
      if (!select(source, selection.selections, into, types, variables)) return false
    } else if (selection.kind === 'Field') {
      const value = selectValue(source[selection.name], selection.selections, types, variables)
      if (value === undefined) return false
      into[selection.alias ?? selection.name] = value
    }
  }
  return true
}

const selectValue = (
  value: unknown, selections: readonly RequiresSelection[] | undefined, types: SupergraphTypes,
  variables: Record<string, unknown>,
): unknown => {
  if (!selections?.length || value === null || value === undefined) return value
  if (Array.isArray(value)) {
    const items = value.map((item) => selectValue(item, selections, types, variables))
    return items.includes(undefined) ? undefined : items
  }
  if (!isObject(value)) return undefined
  const into: Obj = {}
  return select(value, selections, into, types, variables) ? into : undefined
}
