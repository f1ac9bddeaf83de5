import { GraphQLError } from 'graphql'
import { CompositionError } from '../federation/index.ts'

/**
 * What is wrong with a graph, for whoever wrote it: `PLACE:LINE:COLUMN: words`, as far as that is known.
 *
 * @param place Where its supergraph comes from, and by which name it was parsed; absent: it could not be had
 */
export function graphFault(error: unknown, place: string | undefined): string {
  const words = error instanceof Error ? error.message : String(error)
  // Lines of what was printed anew on the way are of no use to anybody.
  const at = error instanceof GraphQLError && error.source?.name === place ? error.locations?.[0] : undefined
  if (at) return `${place}:${at.line}:${at.column}: ${words}`
  return place === undefined || error instanceof CompositionError || words.startsWith('The ') ? words : `${place}: ${words}`
}
