import { readFile } from 'node:fs/promises'
import { composeSubgraphs, type SubgraphDefinition } from '../federation/index.ts'
import type { ForeignSubgraph, GraphSettings } from './foreign.ts'
import { remote } from './transports.ts'

/** Of what an engine is built. */
export interface Graph {
  supergraphSdl: string
  /** SDL of foreign subgraphs by name, where it is known. */
  sdl: ReadonlyMap<string, string>
  /** Where the supergraph comes from, for people. */
  place: string
}

/** What is needed did not come; asking again may help. */
export class GraphUnavailableError extends Error {
  override readonly name: string = 'GraphUnavailableError'
}

/** A file is not there or cannot be read: at the start that is a mistake in the settings, later somebody may be writing it. */
export class GraphFileError extends GraphUnavailableError {
  override readonly name = 'GraphFileError'
}

/** Where supergraphs come from. */
export interface GraphSource {
  /**
   * The graph as it is now; undefined: nothing has changed since the last call.
   *
   * @throws GraphUnavailableError where what is needed cannot be had at the moment
   * @throws CompositionError that names subgraph and line
   */
  load(signal: AbortSignal): Promise<Graph | undefined>
}

/** Bytes of a supergraph; a longer one is refused. */
const maxBytes = 32 * 1024 * 1024
/** How long an address may take, ms. */
const timeoutMs = 10_000

const serviceQuery = '{ _service { sdl } }'

/** The SDL of a foreign subgraph: from its file, or from itself. @throws GraphUnavailableError */
async function loadSdl(subgraph: ForeignSubgraph, signal: AbortSignal): Promise<string> {
  const { name, sdl } = subgraph
  if (sdl !== undefined) return read(sdl, `the SDL of the subgraph "${name}"`)
  const transport = remote({ ...subgraph, subscriptions: undefined })
  try {
    const { data, errors } = await transport.execute({ query: serviceQuery, kind: 'query', context: undefined, signal })
    const given = (data as { _service?: { sdl?: unknown } } | null | undefined)?._service?.sdl
    if (typeof given === 'string') return given
    throw new Error(`answered ${serviceQuery} without its SDL${errors?.[0] ? `: ${errors[0].message}` : ''}`)
  } catch (error) {
    throw new GraphUnavailableError(`The subgraph "${name}" ${error instanceof Error ? error.message : 'could not be asked'} (${originOf(subgraph.url)}${reasonOf(error)}). A file with its SDL ("sdl") would do as well.`, { cause: error })
  } finally {
    await transport.close?.()
  }
}

/** Why there was no answer, as the system says it; nothing where it does not. */
const reasonOf = (error: unknown): string => {
  const { cause } = error as { cause?: unknown }
  return cause instanceof Error && cause.message !== '' ? `: ${cause.message}` : ''
}

/** Without path and parameters, which may hold a secret. */
const originOf = (url = ''): string => (URL.canParse(url) ? new URL(url).origin : 'no address')

/**
 * Composes Freshet's own subgraphs with foreign ones. One that is away is as it was known last.
 *
 * @param onAsked told of each foreign subgraph that was known whether it is there
 */
export function composedGraph({ subgraphs }: GraphSettings, own: readonly SubgraphDefinition[], onAsked: (name: string, away: Error | undefined) => void): GraphSource {
  const taken = subgraphs.find(({ name }) => own.some((each) => each.name === name))
  if (taken) throw new Error(`"subgraphs.${taken.name}" has the name of one of Freshet's own subgraphs; give it another.`)
  let known: ReadonlyMap<string, string> = new Map()
  return {
    async load(signal) {
      const sdl = new Map(await Promise.all(subgraphs.map(async (subgraph): Promise<[string, string]> => {
        const before = known.get(subgraph.name)
        try {
          const text = await loadSdl(subgraph, signal)
          onAsked(subgraph.name, undefined)
          return [subgraph.name, text]
        } catch (error) {
          if (before === undefined) throw error
          onAsked(subgraph.name, error as Error)
          return [subgraph.name, before]
        }
      })))
      if (known.size > 0 && [...sdl].every(([name, text]) => known.get(name) === text)) return undefined
      known = sdl
      const foreign = subgraphs.map(({ name, url, sdl: file }) => (
        { name, url, typeDefs: sdl.get(name) as string, place: file ?? `${name} (${originOf(url)})` }))
      return { ...composeSubgraphs([...own, ...foreign]), sdl, place: 'the composed supergraph' }
    },
  }
}

const isAddress = (supergraph: string): boolean => /^https?:\/\//i.test(supergraph)

/** Where a supergraph comes from that was composed elsewhere, for people: the file, or whose address it is. */
export const supergraphPlace = (supergraph: string): string => (isAddress(supergraph) ? originOf(supergraph) : supergraph)

/** A supergraph that was composed elsewhere, from a file or by HTTP (with `ETag` and `If-None-Match`). */
export function readyGraph({ supergraph = '', supergraphHeaders, subgraphs }: GraphSettings): GraphSource {
  const isUrl = isAddress(supergraph)
  let known: string | undefined
  let etag: string | null = null
  let fetchedEtag: string | null = null
  const fetched = async (signal: AbortSignal): Promise<string | undefined> => {
    const response = await fetch(supergraph, {
      headers: { accept: 'text/plain, */*', ...supergraphHeaders, ...etag !== null && { 'if-none-match': etag } },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    })
    if (response.status === 304) {
      await response.body?.cancel()
      return undefined
    }
    if (!response.ok) {
      await response.body?.cancel()
      throw new Error(`was answered with HTTP status ${response.status}`)
    }
    const text = await limited(response)
    fetchedEtag = response.headers.get('etag')
    return text
  }
  return {
    async load(signal) {
      let supergraphSdl: string | undefined
      try {
        supergraphSdl = isUrl ? await fetched(signal) : await read(supergraph, 'the supergraph')
      } catch (error) {
        if (error instanceof GraphUnavailableError) throw error
        throw new GraphUnavailableError(`The supergraph at ${originOf(supergraph)} could not be read: ${(error as Error).message}${reasonOf(error)}`, { cause: error })
      }
      if (supergraphSdl === undefined) return undefined
      if (supergraphSdl === known) {
        etag = fetchedEtag
        return undefined
      }
      const events = subgraphs.filter((subgraph) => subgraph.events)
      const sdl = new Map(await Promise.all(events.map(async (subgraph): Promise<[string, string]> => [subgraph.name, await loadSdl(subgraph, signal)])))
      // Only now: whoever could not have all of it asks for all of it again.
      known = supergraphSdl
      etag = fetchedEtag
      return { supergraphSdl, sdl, place: supergraphPlace(supergraph) }
    },
  }
}

async function read(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new GraphFileError(`The file with ${what} cannot be read: ${(error as Error).message}`, { cause: error })
  }
}

async function limited(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
