import type { FieldType } from './supergraph.ts'
import type { Condition, Wanted } from './wanted.ts'

/** One call of a subgraph in the making, and the calls whose answers it needs. */
export interface Fetch {
  graph: string
  kind: 'query' | 'mutation' | 'subscription'
  /** Absent for root fields. */
  entity: EntityOf | undefined
  selection: Selection
  after: ReadonlySet<Fetch>
  /** Without these nothing is there that the fetch could be about. */
  conditions: readonly Condition[]
}

/** By what the entities of a fetch are asked for, and where they are. */
export interface EntityOf {
  path: readonly PathSegment[]
  /** The type of the objects there. */
  type: string
  /** The type's name in the subgraph: an interface's where it sees an interface object. */
  as: string
  needs: readonly Wanted[]
}

export type PathSegment = { Field: string } | { TypeCondition: string[] } | '@'

/** What a fetch selects of a value. */
export interface Selection {
  /** Whether it selects `__typename`. */
  typename: boolean
  /** By response key and conditions. */
  fields: Map<string, Entry>
  /** For values of certain types only. */
  on: Map<string, Selection>
  /** Where the selection is of an object. */
  position: Position | undefined
}

export interface Entry {
  key: string
  name: string
  args: string
  variables: readonly string[]
  conditions: readonly Condition[]
  type: FieldType
  selection: Selection | undefined
}

/** An object of the response, and the fetches that bring fields of it. */
export interface Position {
  /** Its type: an object type, or an interface where the subgraph before it knows no more than that. */
  type: string
  path: readonly PathSegment[]
  conditions: readonly Condition[]
  /** The first is the one that brings the object itself. None at the root as long as no field is asked for. */
  places: Place[]
}

/** What one fetch selects of the object at a position. */
export interface Place {
  id: string
  fetch: Fetch
  as: string
  /** The requirement that this fetch brings along. */
  requires: string | undefined
  selection: Selection
  /** Fields of other subgraphs that this one answers here. */
  provided: readonly Wanted[]
}

export const newSelection = (): Selection => ({ typename: false, fields: new Map(), on: new Map(), position: undefined })
