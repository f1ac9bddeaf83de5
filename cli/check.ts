import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkEventSchemas } from '../events/schema-files.ts'
import { graphFaults } from '../gateway/check-graph.ts'
import { composedGraph, readyGraph } from '../gateway/graph-source.ts'
import { composeOwnSubgraphs, ownDefinitions } from '../resolvers/compose.ts'
import { subgraphNames } from '../resolvers/subgraphs.ts'
import { committedSupergraph } from '../schema/supergraph.ts'
import { generateTypes } from './codegen.ts'
import { patienceMs } from './compose.ts'
import { graphSettingsOf } from './parts.ts'
import type { Settings } from './settings.ts'

const root = fileURLToPath(new URL('..', import.meta.url))

/** `freshet check`: whether what is generated fits what it is generated from, and the subgraphs each other. @returns whether all does */
export async function check({ settings, say }: { settings: Settings; say: (line: string) => void }): Promise<boolean> {
  const faults = [...checkSupergraph(), ...(await checkForeign(settings)), ...checkEventSchemas(), ...(await checkGenerated())]
  for (const fault of faults) say(`WRONG  ${fault}`)
  say(faults.length === 0 ? 'Supergraph, event schemas and generated types are up to date.' : `${faults.length} found.`)
  return faults.length === 0
}

function checkSupergraph(): string[] {
  let composed: string
  try {
    composed = composeOwnSubgraphs()
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
  return composed === committedSupergraph() ? [] : ['schema/supergraph.graphql is stale: run `npm run freshet -- compose` and commit it.']
}

/** Whether foreign subgraphs, as they are now, compose with Freshet's own, or the supergraph from elsewhere can be served. */
export function checkForeign(settings: Settings): Promise<string[]> {
  const graph = graphSettingsOf(settings)
  const { supergraph, subgraphs } = graph
  if (supergraph === undefined && subgraphs.length === 0) return Promise.resolve([])
  const source = supergraph === undefined ? () => composedGraph(graph, ownDefinitions(), () => {}) : () => readyGraph(graph)
  return graphFaults({
    source: { load: async (signal) => source().load(signal) }, settings: graph, own: subgraphNames,
    signal: AbortSignal.timeout(patienceMs),
  })
}

/** Generates everything anew in memory and compares it with the files. */
async function checkGenerated(): Promise<string[]> {
  const files = await generateTypes(root)
  return files
    .filter(({ filename, content }) => content !== read(filename))
    .map(({ filename }) => `${relative(root, filename)} is stale: run \`npm run codegen\` and commit it.`)
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
