import { Draft, placeId, type Value } from './draft.ts'
import { newSelection, type Fetch, type PathSegment, type Place, type Position } from './fetch-tree.ts'
import { providedOf, type FieldType, type GraphField, type Source, type Supergraph } from './supergraph.ts'
import { allOf, collect, type Condition, type Wanted, type WantedField } from './wanted.ts'

/** How many fetches in a row may lead to one field. */
const maximumHops = 10

/** Attempts at fields and fetches of one operation: interfaces in interfaces can multiply. */
const maximumAttempts = 20_000
const maximumFetches = 2_000

/** What of the selection no subgraph can be found for. */
export class Unplannable extends Error {
  override name = 'Unplannable'
}

/**
 * Finds for each wanted field a fetch that brings it. At each object of the response it takes the field from a fetch
 * that is there anyway, or else enters the nearest subgraph that has it: by a key whose fields are wanted in turn, as
 * are those of a requirement. What a subgraph cannot bring further down is left, and is tried in the next one.
 */
export class Search {
  readonly #draft = new Draft()
  readonly #supergraph: Supergraph
  readonly #kind: Fetch['kind']
  /** What is being entered, outermost first. */
  readonly #entering: { position: Position, id: string }[] = []
  readonly #isolated: boolean
  #attempts = 0

  /** @param isolated Whether requirements and keys share no objects with what is selected beside. */
  constructor(supergraph: Supergraph, kind: Fetch['kind'], isolated: boolean) {
    this.#supergraph = supergraph
    this.#kind = kind
    this.#isolated = isolated
  }

  /** Those that were found. A fetch comes behind those that it needs. */
  get fetches(): readonly Fetch[] {
    return this.#draft.fetches
  }

  /** @throws Unplannable when a field cannot be reached. */
  root(wanted: readonly Wanted[]): void {
    const type = this.#supergraph.rootTypes[this.#kind]
    const left = this.#object({ type, path: [], conditions: [], places: [] }, wanted, maximumHops, new Set())
    if (left.length > 0) throw new Unplannable(`No subgraph can be reached for ${pathTo(left[0]!)}.`)
  }

  /** What is wanted of an object. Returns what cannot be had; `sources` takes the fetches that bring the rest. */
  #object(position: Position, wanted: readonly Wanted[], hops: number, sources: Set<Fetch>): Wanted[] {
    const { fields, rest } = collect(wanted, position.type, this.#supergraph.applies)
    const isWide = this.#supergraph.isAbstract(position.type)
    const left: Wanted[] = isWide ? [...rest] : []
    const [first] = position.places
    for (const field of fields) {
      if (field.name === '__typename' && !isWide) {
        if (!first) continue
        this.#draft.selectTypename(first.selection)
        this.#draft.found(first.fetch, sources)
        continue
      }
      const missing = field.name === '__typename' ? field : this.#field(position, field, fields, hops, sources)
      if (missing) left.push(missing)
    }
    return isWide && left.length > 0 ? this.#narrow(position, left, hops, sources) : left
  }

  #field(
    position: Position, field: WantedField, siblings: readonly WantedField[], hops: number, sources: Set<Fetch>,
  ): WantedField | undefined {
    if (++this.#attempts > maximumAttempts || this.#draft.fetches.length > maximumFetches) {
      throw new Unplannable('The operation is too large to be planned.')
    }
    let missing = field
    const tried = new Set<string>()
    for (const place of [...position.places]) {
      const known = this.#answered(place, field.name)
      if (!known) continue
      tried.add(place.id)
      const rest = this.#take(position, place, known, missing, hops, sources)
      if (!rest) return undefined
      missing = rest
    }
    if (hops < 1) return missing
    const others = this.#bestFirst(position, missing, siblings)
    for (let distance = 1; distance <= hops; distance++) {
      for (const source of others) {
        if (tried.has(placeId(source))) continue
        const mark = this.#draft.mark()
        const place = this.#enter(position, source, distance)
        if (!place) continue
        tried.add(place.id)
        const known = this.#supergraph.field(source.graph, source.as, field.name)
        const rest = known ? this.#take(position, place, known, missing, hops, sources) : missing
        if (!rest) return undefined
        if (rest === missing) this.#draft.rollback(mark)
        missing = rest
      }
    }
    return missing
  }

  /** The subgraphs that answer a field, those first that bring most of what is wanted without further fetches. */
  #bestFirst(position: Position, field: WantedField, siblings: readonly WantedField[]): readonly Source[] {
    const sources = this.#supergraph.sources(position.type, field.name)
    if (sources.length < 2) return sources
    const gains = new Map(sources.map((source) => {
      const mark = this.#draft.mark()
      const known = this.#supergraph.field(source.graph, source.as, field.name)
      const tried: Position = { ...position, path: [], places: [] }
      if (known) this.#take(tried, this.#rootPlace(tried, source), known, field, 0, new Set())
      const below = this.#draft.foundSince(mark)
      this.#draft.rollback(mark)
      const beside = siblings.filter(({ name }) => this.#supergraph.sources(position.type, name)
        .some(({ graph, as, requires }) => graph === source.graph && as === source.as && !requires)).length
      return [source, below + beside]
    }))
    return [...sources].sort((a, b) => gains.get(b)! - gains.get(a)!)
  }

  /** The field when the place's subgraph answers it here. */
  #answered(place: Place, name: string): GraphField | undefined {
    const { graph } = place.fetch
    if (this.#supergraph.isAbstractIn(graph, place.as)) return undefined
    const field = this.#supergraph.field(graph, place.as, name)
    if (!field) return undefined
    const isOwn = !field.external && (!field.requires || field.requires.text === place.requires)
    return isOwn || providedOf(place.provided, place.as, name, this.#supergraph.applies) ? field : undefined
  }

  /** Selects a field of an object; returns what is missing below it, the field itself when that is all. */
  #take(
    position: Position, place: Place, known: GraphField, field: WantedField, hops: number, sources: Set<Fetch>,
  ): WantedField | undefined {
    return this.#select(place, known, this.#supergraph.fieldType(position.type, field.name) ?? known.type, field,
      position.path, position.conditions, hops, sources)
  }

  #select(
    { fetch, as, selection, provided }: Pick<Place, 'fetch' | 'as' | 'selection' | 'provided'>, known: GraphField,
    type: FieldType, field: WantedField, path: readonly PathSegment[], above: readonly Condition[], hops: number,
    sources: Set<Fetch>,
  ): WantedField | undefined {
    const mark = this.#draft.mark()
    const entry = this.#draft.select(selection, field, known.type)
    if (!field.selections || !entry.selection) {
      this.#draft.found(fetch, sources)
      return undefined
    }
    const given = providedOf(provided, as, field.name, this.#supergraph.applies) ?? []
    const below = new Set<Fetch>()
    const left = this.#value({
      fetch,
      selection: entry.selection,
      as: known.type.name,
      provided: [...given, ...known.provides],
      isAbstract: this.#supergraph.isAbstract(type.name),
      path: [...path, { Field: field.key }, ...known.type.isList ? ['@' as const] : []],
      conditions: allOf(above, field.conditions),
    }, field.selections, hops, below)
    if (left.length > 0 && this.#draft.foundSince(mark) === 0) {
      this.#draft.rollback(mark)
      return field
    }
    for (const one of below) sources.add(one)
    sources.add(fetch)
    return left.length > 0 ? { ...field, selections: left } : undefined
  }

  /** What is wanted of a field's value, as the fetch's subgraph knows its type. */
  #value(value: Value, wanted: readonly Wanted[], hops: number, sources: Set<Fetch>): Wanted[] {
    const { fetch, selection, as } = value
    if (this.#supergraph.isAbstractIn(fetch.graph, as)) return this.#abstract(value, wanted, hops, sources)
    if (value.isAbstract) this.#draft.selectTypename(selection)
    return this.#object(this.#draft.position(value, selection, as, value.path), wanted, hops, sources)
  }

  #abstract(value: Value, wanted: readonly Wanted[], hops: number, sources: Set<Fetch>): Wanted[] {
    const { fetch, selection, as, provided } = value
    const mark = this.#draft.mark()
    const possible = this.#supergraph.possible(fetch.graph, as)
    this.#draft.selectTypename(selection)
    sources.add(fetch)
    const { fields, rest } = collect(wanted, as, this.#supergraph.applies)
    const narrower: Wanted[] = rest
    for (const field of fields) {
      if (field.name === '__typename') {
        this.#draft.found(fetch, sources)
        continue
      }
      const known = this.#common(fetch.graph, as, field.name, possible, provided)
      const type = known && (this.#supergraph.fieldType(as, field.name) ?? known.type)
      const missing = known && type
        ? this.#select(value, known, type, field, value.path, value.conditions, hops, sources) : field
      if (missing) narrower.push(missing)
    }
    if (narrower.length === 0) return []
    // Where nothing implements the interface, what it has elsewhere cannot be had.
    if (possible.length === 0 && !this.#supergraph.hasObjects(as)) return narrower
    const left: Wanted[] = []
    for (const type of possible) {
      const own = collect(narrower, type, this.#supergraph.applies).fields
      if (own.length === 0) continue
      const position = this.#draft.position(value, this.#draft.narrowed(selection, type), type, [...value.path, { TypeCondition: [type] }])
      const missing = this.#object(position, own, hops, sources)
      // Subgraphs may differ about a value's type: what is asked of all types, one of them has to answer for all.
      if (missing.some((one) => one.kind === 'field' && !one.selections && fields.some(({ key }) => key === one.key))) {
        this.#draft.rollback(mark)
        return [...wanted]
      }
      if (missing.length > 0) left.push({ kind: 'fragment', type, conditions: [], selections: missing })
    }
    return left
  }

  /** The interface's field where the subgraph answers it for all types alike. */
  #common(
    graph: string, as: string, name: string, possible: readonly string[], provided: readonly Wanted[],
  ): GraphField | undefined {
    const { applies } = this.#supergraph
    const answers = (type: string): boolean => {
      const field = this.#supergraph.field(graph, type, name)
      return field !== undefined
        && (!field.external && !field.requires || providedOf(provided, type, name, applies) !== undefined)
    }
    return answers(as) && possible.every(answers) ? this.#supergraph.field(graph, as, name) : undefined
  }

  /** What only a subgraph knows that has the interface's types, where those before it know the interface alone. */
  #narrow(position: Position, wanted: readonly Wanted[], hops: number, sources: Set<Fetch>): Wanted[] {
    const as = position.type
    let left: readonly Wanted[] = wanted
    const tried = new Set<string>()
    for (let distance = 1; distance <= hops && left.length > 0; distance++) {
      for (const graph of this.#supergraph.graphsOf(as)) {
        if (!this.#supergraph.isAbstractIn(graph, as) || tried.has(graph)) continue
        const place = this.#enter(position, { graph, as, requires: undefined }, distance)
        if (!place) continue
        tried.add(graph)
        const { fetch, selection } = place
        const { path, conditions } = position
        left = this.#abstract({ fetch, selection, as, provided: [], isAbstract: true, path, conditions }, left, hops, sources)
        if (left.length === 0) break
      }
    }
    return [...left]
  }

  /** Another fetch at a position, by a key that can be had there. */
  #enter(position: Position, source: Source, hops: number): Place | undefined {
    const id = placeId(source)
    const existing = position.places.find((place) => place.id === id)
    if (existing) return existing
    const { graph, as, requires } = source
    const [first] = position.places
    if (position.path.length === 0) return this.#rootPlace(position, source)
    // What its key needs may be in itself alone: that leads nowhere, by as many ways as there are.
    if (!first || this.#entering.some((other) => other.position === position && other.id === id)) return undefined
    for (const key of this.#supergraph.keys(graph, as)) {
      const mark = this.#draft.mark()
      const after = new Set([first.fetch])
      const needs = [key, requires].flatMap((set) => (this.#isolated ? set?.isolated : set?.wanted) ?? [])
      this.#entering.push({ position, id })
      const missing = this.#object(position, needs, hops - 1, after)
      this.#entering.pop()
      if (missing.length > 0) {
        this.#draft.rollback(mark)
        continue
      }
      this.#draft.selectTypename(first.selection)
      return this.#draft.place(position, source, {
        graph,
        kind: 'query',
        entity: { path: position.path, type: position.type, as, needs },
        selection: newSelection(),
        after,
        conditions: position.conditions,
      })
    }
    return undefined
  }

  #rootPlace(position: Position, source: Source): Place {
    const { graph } = source
    return this.#draft.place(position, source, {
      graph, kind: this.#kind, entity: undefined, selection: newSelection(), after: new Set(), conditions: [],
    })
  }
}

const pathTo = (wanted: Wanted): string => {
  const below = wanted.selections?.[0]
  const own = wanted.kind === 'field' ? `"${wanted.name}"` : `"... on ${wanted.type ?? 'it'}"`
  return below ? `${own} > ${pathTo(below)}` : own
}
