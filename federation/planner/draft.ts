import { newSelection, type Entry, type Fetch, type PathSegment, type Place, type Position, type Selection } from './fetch-tree.ts'
import type { FieldType, Source } from './supergraph.ts'
import { conditionsText, type Condition, type Wanted, type WantedField } from './wanted.ts'

/** A field's value as a fetch brings it. */
export interface Value {
  fetch: Fetch
  selection: Selection
  /** The name of its type in the fetch's subgraph. */
  as: string
  provided: readonly Wanted[]
  /** Whether clients know no more of its type than that it is one of several. */
  isAbstract: boolean
  path: readonly PathSegment[]
  conditions: readonly Condition[]
}

/** A state of the draft that it can be taken back to. */
export interface Mark {
  at: number
  found: number
}

/** Equal for places at one position that bring the same. */
export const placeId = ({ graph, as, requires }: Source): string => `${graph} ${as} ${requires?.text ?? ''}`

/** The fetches of a plan in the making. An attempt that leads nowhere is taken back, with all that it changed. */
export class Draft {
  readonly #fetches: Fetch[] = []
  readonly #journal = new Journal()
  /** Fields for which a fetch was found; taken back with them. */
  readonly #found = { count: 0 }

  get fetches(): readonly Fetch[] {
    return this.#fetches
  }

  mark(): Mark {
    return { at: this.#journal.mark, found: this.#found.count }
  }

  rollback({ at }: Mark): void {
    this.#journal.rollback(at)
  }

  /** A field is brought by this fetch, which is added to `sources`. */
  found(fetch: Fetch, sources: Set<Fetch>): void {
    this.#journal.change(this.#found, 'count', this.#found.count + 1)
    sources.add(fetch)
  }

  /** For how many fields a fetch was found since then. */
  foundSince(mark: Mark): number {
    return this.#found.count - mark.found
  }

  /** Selects a field, if it is not selected yet. */
  select(selection: Selection, field: WantedField, type: FieldType): Entry {
    const { key, name, args, variables, conditions, selections } = field
    const id = `${key} ${conditionsText(conditions)}`
    const existing = selection.fields.get(id)
    if (existing) return existing
    const entry = { key, name, args, variables, conditions, type, selection: selections && newSelection() }
    this.#journal.set(selection.fields, id, entry)
    return entry
  }

  selectTypename(selection: Selection): void {
    this.#journal.change(selection, 'typename', true)
  }

  /** The part of a selection that is for values of this type only. */
  narrowed(selection: Selection, type: string): Selection {
    const existing = selection.on.get(type)
    if (existing) return existing
    const part = newSelection()
    this.#journal.set(selection.on, type, part)
    return part
  }

  /** Where the value's object is in the response. */
  position({ fetch, conditions, provided }: Value, selection: Selection, as: string, path: readonly PathSegment[]): Position {
    if (selection.position) return selection.position
    const id = placeId({ graph: fetch.graph, as, requires: undefined })
    const position: Position = {
      type: as, path, conditions, places: [{ id, fetch, as, requires: undefined, selection, provided }],
    }
    this.#journal.change(selection, 'position', position)
    return position
  }

  /** Adds a fetch that brings fields of the object at a position. */
  place(position: Position, source: Source, fetch: Fetch): Place {
    const { as, requires } = source
    const place: Place = {
      id: placeId(source), fetch, as, requires: requires?.text, selection: fetch.selection, provided: [],
    }
    this.#journal.push(this.#fetches, fetch)
    this.#journal.push(position.places, place)
    return place
  }
}

/** Remembers how to undo each change. */
class Journal {
  readonly #undo: (() => void)[] = []

  get mark(): number {
    return this.#undo.length
  }

  rollback(mark: number): void {
    while (this.#undo.length > mark) this.#undo.pop()!()
  }

  push<T>(list: T[], item: T): void {
    list.push(item)
    this.#undo.push(() => list.pop())
  }

  set<T>(map: Map<string, T>, key: string, value: T): void {
    const former = map.get(key)
    map.set(key, value)
    this.#undo.push(() => {
      if (former === undefined) map.delete(key)
      else map.set(key, former)
    })
  }

  change<T extends object, K extends keyof T>(target: T, key: K, value: T[K]): void {
    const former = target[key]
    if (former === value) return
    target[key] = value
    this.#undo.push(() => { target[key] = former })
  }
}
