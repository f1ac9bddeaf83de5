import type { Supergraph } from './supergraph.ts'
import type { Wanted, WantedField, WantedOperation } from './wanted.ts'

/** A field by which a requirement or a key goes on to other objects, and the type that has it. */
interface Way {
  type: string
  field: WantedField
}

/**
 * Finds operations whose requirements must not share objects with what clients select, nor with each other: a field
 * beside them that may not be null takes the object with it when it fails, in the subgraph already, and what requires
 * the object would be worked out from less. Fields of keys do not count: without them there is no entity. Nothing where
 * neither requirements nor keys of the supergraph go on to other objects.
 */
export const spoiltOperations = (supergraph: Supergraph): ((selected: WantedOperation) => boolean) | undefined => {
  const keys = [...supergraph.keySets()].flatMap(([type, set]) => waysOf(supergraph, set.wanted, type))
  const ways = new Map<string, Way[]>()
  const required = new Map<string, Set<string>>()
  for (const [type, name, { wanted }] of supergraph.requirements()) {
    ways.set(name, [...ways.get(name) ?? [], ...waysOf(supergraph, wanted, type)])
    required.set(name, namesOf(supergraph, wanted, type).union(required.get(name) ?? new Set()))
  }
  if (keys.length === 0 && [...ways.values()].every(({ length }) => length === 0)) return undefined
  return ({ operation, wanted }) => {
    const root = supergraph.rootTypes[operation.operation]
    const names = namesOf(supergraph, wanted, root)
    // Whatever that requires, and so on: what is added to a set while it is gone through, comes in turn.
    for (const name of names) for (const one of required.get(name) ?? []) names.add(one)
    const all = [...[...names].flatMap((name) => ways.get(name) ?? []), ...keys]
    const spoils = (type: string, beside: WantedField): boolean => all.some((way) => way.field !== beside
      && way.field.name === beside.name && way.field.args === beside.args
      && (beside.key === beside.name || beside.key === way.field.key)
      && (supergraph.applies(way.type, type) || supergraph.applies(type, way.type))
      && canBeSpoilt(supergraph, way, beside.selections ?? []))
    return all.some(({ type, field }) => spoils(type, field)) || someField(supergraph, wanted, root, spoils)
  }
}

const namesOf = (supergraph: Supergraph, wanted: readonly Wanted[], type: string): Set<string> => {
  const names = new Set<string>()
  someField(supergraph, wanted, type, (_, { name }) => {
    names.add(name)
    return false
  })
  return names
}

const waysOf = (supergraph: Supergraph, wanted: readonly Wanted[], type: string): Way[] => {
  const ways: Way[] = []
  someField(supergraph, wanted, type, (at, field) => {
    if (field.selections) ways.push({ type: at, field })
    return false
  })
  return ways
}

/** Whether a field of the selection, at any depth, is what is looked for. */
const someField = (
  supergraph: Supergraph, wanted: readonly Wanted[], root: string, find: (type: string, field: WantedField) => boolean,
): boolean => {
  const visits = new Visits()
  const walk = (selections: readonly Wanted[], type: string): boolean =>
    visits.isFirst(selections, type) && selections.some((one) => {
      if (one.kind === 'fragment') return walk(one.selections, one.type ?? type)
      if (find(type, one)) return true
      const below = supergraph.fieldType(type, one.name)
      return below !== undefined && walk(one.selections ?? [], below.name)
    })
  return walk(wanted, root)
}

/** Whether one of the subgraphs that have the way can lose what it leads to by what is selected beside. */
const canBeSpoilt = (supergraph: Supergraph, { type, field }: Way, beside: readonly Wanted[]): boolean =>
  supergraph.sources(type, field.name).some(({ graph, as }) => {
    const given = supergraph.field(graph, as, field.name)?.type
    // Where no null may be at all, the object with the requirement is lost as well.
    if (!given || !/[*\]](?!!)/.test(given.shape)) return false
    const visits = new Visits()
    const walk = (selections: readonly Wanted[], at: string, needed: readonly WantedField[], place: string): boolean =>
      visits.isFirst(selections, `${at} ${place}`) && selections.some((one) => {
        if (one.kind === 'fragment') return walk(one.selections, one.type ?? at, needed, place)
        const same = needed.filter(({ name, args }) => name === one.name && args === one.args)
        if (same.length === 0) return supergraph.mayFail(graph, at, one.name)
        const below = supergraph.field(graph, at, one.name)?.type
        const neededBelow = same.flatMap(({ selections }) => fieldsOf(selections))
        return below !== undefined && walk(one.selections ?? [], below.name, neededBelow, `${place} ${one.name}${one.args}`)
      })
    return walk(beside, given.name, fieldsOf(field.selections), '')
  })

/** Whatever the type that they are wanted for. */
const fieldsOf = (selections: readonly Wanted[] = []): WantedField[] =>
  selections.flatMap((one) => one.kind === 'field' ? one : fieldsOf(one.selections))

/** Fragments in fragments can multiply: a selection is looked at once at each kind of place. */
class Visits {
  readonly #places = new Map<readonly Wanted[], Set<string>>()

  isFirst(selections: readonly Wanted[], place: string): boolean {
    const places = this.#places.get(selections) ?? new Set()
    if (places.has(place)) return false
    this.#places.set(selections, places.add(place))
    return true
  }
}
