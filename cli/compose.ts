import { writeFileSync } from 'node:fs'
import { composeOwnSubgraphs } from '../resolvers/compose.ts'
import { supergraphPath } from '../schema/supergraph.ts'

/** `freshet compose`. @throws CompositionError that names every conflict with its place */
export function compose({ output = supergraphPath, say }: { output?: string; say: (line: string) => void }): void {
  const supergraph = composeOwnSubgraphs()
  if (output === '-') return say(supergraph.trimEnd())
  writeFileSync(output, supergraph)
  say(`Wrote ${output}.`)
}
