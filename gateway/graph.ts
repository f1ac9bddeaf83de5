import type { GraphQLSchema } from 'graphql'
import type { EventLog } from '../events/log.ts'
import { createCallbacks, inProcessSubgraph, Writes, type Callbacks, type Engine } from '../federation/index.ts'
import { silentObserver, type Logger } from '../ingest/observer.ts'
import { persist } from '../ingest/persist.ts'
import { buildOwnSubgraph, ownDefinitions } from '../resolvers/compose.ts'
import { subgraphNames } from '../resolvers/subgraphs.ts'
import { committedSupergraph, supergraphPath } from '../schema/supergraph.ts'
import type { Cursors } from '../subscriptions/cursor.ts'
import { buildEngine } from './build-engine.ts'
import { explain } from './errors.ts'
import { logEventSource } from './event-source.ts'
import { isOwn, type GraphSettings } from './foreign.ts'
import { graphFault } from './graph-fault.ts'
import { composedGraph, GraphFileError, GraphUnavailableError, readyGraph, type Graph, type GraphSource } from './graph-source.ts'
import { createMergedSubgraph, type MergedSubgraph } from './merged-subgraph.ts'
import type { Peers } from './processes/peers.ts'
import { Transports } from './transports.ts'

export interface ConnectOptions {
  graph: GraphSettings
  log: EventLog
  cursors: Cursors
  logger: Logger
  onError: (error: unknown) => void
  /** The other processes behind the port. */
  peers?: Peers
  /** Gives up waiting for foreign subgraphs. */
  signal: AbortSignal
}

/** The first engine, and what its successors are made of. */
export interface ConnectedGraph {
  engine: Engine
  source: GraphSource
  build: (graph: Graph) => Promise<Engine>
  callbacks: Callbacks | undefined
  /** Freshet's own subgraphs, to be served on their own. */
  schemas: ReadonlyMap<string, GraphQLSchema>
  /** All of them as one. */
  merged: MergedSubgraph
}

/** Freshet's own subgraphs alone need no composition, theirs is committed; and they do not change. */
const committed = (): GraphSource => {
  let graph: Graph | undefined = { supergraphSdl: committedSupergraph(), sdl: new Map(), place: supergraphPath }
  return { load: () => {
    const once = graph
    graph = undefined
    return Promise.resolve(once)
  } }
}

/**
 * Composes own and foreign subgraphs, or takes a ready supergraph, and builds the first engine. Waits for foreign subgraphs
 * that are away, and says so.
 *
 * @throws Error with every reason why there is no engine to be built
 */
export async function connectGraph({ graph: settings, log, cursors, logger, onError, peers, signal }: ConnectOptions): Promise<ConnectedGraph> {
  const schemas = new Map(subgraphNames.map((name) => [name as string, buildOwnSubgraph(name)]))
  const own = new Map([...schemas].map(([name, schema]) => [name, inProcessSubgraph({ schema, positioned: true, onError, explain })]))
  const callbacks = settings.publicUrl === undefined ? undefined : createCallbacks({ publicUrl: `${settings.publicUrl}/callbacks`, newId: peers?.newId })
  const transports = new Transports({ log, events: logEventSource({ log, cursors, report: onError }), callbacks, report: onError })
  // Engines follow each other: who has written on one reads what was written on the next.
  // What is asked of foreign subgraphs may be shared, so a client that reads what it wrote must not join a call of another process
  // that began before; of our own, nothing is.
  const among = isOwn(settings) ? undefined : peers
  const writes = new Writes(undefined, among?.wrote)
  among?.onWrote((key) => writes.answered(key))
  const build = (graph: Graph): Promise<Engine> => buildEngine(graph, { own, foreign: settings.subgraphs, transports, writes })
  const merged = createMergedSubgraph({ own, writes, onError })
  const source = sourceOf(settings, logger)
  let graph: Graph | undefined
  try {
    graph = await persist({
      ...settings.supergraph === undefined ? { system: 'subgraphs', what: 'reading their SDL' } : { system: 'supergraph', what: 'reading it' },
      signal, logger, metrics: silentObserver,
      isSystems: (error) => error instanceof GraphUnavailableError && !(error instanceof GraphFileError),
    }, () => source.load(signal))
    return { engine: await build(graph as Graph), source, build, callbacks, schemas, merged }
  } catch (error) {
    if (signal.aborted) throw error
    // Its words are for whoever wrote the settings; where in Freshet it was found is not.
    throw new Error(graphFault(error, graph?.place), { cause: error })
  }
}

function sourceOf(settings: GraphSettings, logger: Logger): GraphSource {
  if (settings.supergraph !== undefined) return readyGraph(settings)
  if (isOwn(settings)) return committed()
  const away = new Set<string>()
  return composedGraph(settings, ownDefinitions(), (name, error) => {
    // Said once, until it is there again.
    if (!error) away.delete(name)
    else if (!away.has(name)) {
      away.add(name)
      logger.warn(`${error.message} What is known of it still serves.`)
    }
  })
}
