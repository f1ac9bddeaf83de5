import { writeFileSync } from 'node:fs'
import { composedGraph, supergraphPlace } from '../gateway/graph-source.ts'
import { composeOwnSubgraphs, ownDefinitions } from '../resolvers/compose.ts'
import { supergraphPath } from '../schema/supergraph.ts'
import { graphSettingsOf } from './parts.ts'
import { SettingsError, type Settings } from './settings.ts'

/** How long foreign subgraphs may take to tell their SDL, ms. */
export const patienceMs = 30_000

/** The supergraph of own and foreign subgraphs. @throws Error that names every conflict with its place */
export async function composeAll(settings: Settings): Promise<string> {
  if (settings.subgraphs.length === 0) return composeOwnSubgraphs()
  const graph = await composedGraph(graphSettingsOf(settings), ownDefinitions(gatewayUrlOf(settings)), () => {}).load(AbortSignal.timeout(patienceMs))
  return `${graph?.supergraphSdl.trim()}\n`
}

/** Where other routers, which may be given the supergraph, find Freshet's own subgraphs. */
const gatewayUrlOf = ({ publicUrl, port }: Settings): string | undefined => publicUrl ?? (port === 0 ? undefined : `http://localhost:${port}`)

/**
 * `freshet compose`: Freshet's own subgraphs, with the foreign ones of the settings. With those it is not the committed supergraph.
 *
 * @throws Error that names every conflict with its place, or where the settings have a supergraph from elsewhere
 */
export async function compose({ settings, output, say }: { settings: Settings; output?: string; say: (line: string) => void }): Promise<void> {
  // Whoever waits for the file that is to be written must not go on with an older one, or one that nobody serves.
  if (settings.supergraph !== undefined) throw new SettingsError(servedAsItIs(supergraphPlace(settings.supergraph)))
  const supergraph = await composeAll(settings).catch((error: unknown) => {
    throw new Error(error instanceof Error ? error.message : String(error), { cause: error })
  })
  const file = output ?? (settings.subgraphs.length === 0 ? supergraphPath : 'supergraph.graphql')
  if (file === '-') return say(supergraph.trimEnd())
  writeFileSync(file, supergraph)
  say(`Wrote ${file}.`)
}

const servedAsItIs = (place: string): string =>
  `There is nothing to compose: the supergraph of ${place} is served as it is ("supergraph" in the settings, or FRESHET_SUPERGRAPH). `
  + '`freshet check` says whether it can be. To compose subgraphs here instead, take that setting out.'
