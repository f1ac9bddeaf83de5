import { print, type DocumentNode } from 'graphql'
import type { PlanNode } from '../plan.ts'
import { riskyOperations } from './risks.ts'
import { inOrder } from './order.ts'
import { Search } from './search.ts'
import { spoiltOperations } from './spoilt.ts'
import { Supergraph } from './supergraph.ts'
import { wantedByOperation } from './wanted.ts'
import { writeFetches } from './write.ts'

/** Plans operations over one supergraph: right rather than optimal. It makes the same nodes as the native planner. */
export interface Planner {
  /** @throws Unplannable when a field cannot be reached, or the operation is too large. */
  plan(document: DocumentNode): PlanNode | undefined
  /** Whether the native planner may plan the operation wrongly. */
  isRisky(document: DocumentNode): boolean
}

/** @throws GraphQLError when the SDL does not parse. */
export const createPlanner = (supergraphSdl: string): Planner => {
  const supergraph = new Supergraph(supergraphSdl)
  const isRisky = riskyOperations(supergraph)
  const isSpoilt = spoiltOperations(supergraph)
  const plan = (document: DocumentNode): PlanNode | undefined => {
    const selected = wantedByOperation(document)
    const { operation, wanted } = selected
    const search = new Search(supergraph, operation.operation, isSpoilt?.(selected) === true)
    search.root(wanted)
    const variables = new Map(operation.variableDefinitions?.map((definition) =>
      [definition.variable.name.value, print(definition)]))
    return inOrder(search.fetches, (together) => writeFetches(together, supergraph, variables))
  }
  return { plan, isRisky: (document) => isRisky(document) || isSpoilt?.(wantedByOperation(document)) === true }
}
