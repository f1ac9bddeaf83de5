import { setTimeout as delay } from 'node:timers/promises'
import { LogUnavailableError } from '../events/log.ts'
import type { Engine } from '../federation/index.ts'
import type { Logger } from '../ingest/observer.ts'
import type { EngineHost } from './engine-host.ts'
import { graphFault } from './graph-fault.ts'
import { GraphUnavailableError, type Graph, type GraphSource } from './graph-source.ts'
import type { Telemetry } from './telemetry.ts'

export interface ReloadOptions {
  source: GraphSource
  build: (graph: Graph) => Promise<Engine>
  host: EngineHost
  telemetry: Telemetry
  logger: Logger
  signal: AbortSignal
}

/** Operations that are asked for are planned for so long before a new supergraph serves, ms. */
const warmMs = 2_000

/** What a look for changes has led to. `refused`: the former supergraph still serves. */
export type Reloaded = 'swapped' | 'unchanged' | 'refused' | 'unavailable'

/** Looks for a changed graph, one look at a time, and swaps in what can be built from it. Never rejects. */
export function createReload({ source, build, host, telemetry, logger, signal }: ReloadOptions): () => Promise<Reloaded> {
  let last: Promise<Reloaded> = Promise.resolve('unchanged')
  let isAway = false
  /** Could not be built because the log was away. */
  let pending: Graph | undefined
  const look = async (): Promise<Reloaded> => {
    let graph: Graph | undefined
    try {
      graph = await source.load(signal) ?? pending
      pending = graph
      if (!graph) {
        isAway = false
        return 'unchanged'
      }
      const engine = await build(graph)
      pending = undefined
      isAway = false
      if (signal.aborted) {
        await engine.close()
        return 'unchanged'
      }
      await engine.warm(host.current.recorded(), AbortSignal.any([signal, AbortSignal.timeout(warmMs)]))
      await host.swap(engine)
      telemetry.supergraphSwaps.inc()
      logger.info('The supergraph has changed; the new one serves.')
      return 'swapped'
    } catch (error) {
      if (signal.aborted) return 'unchanged'
      if (error instanceof GraphUnavailableError || error instanceof LogUnavailableError) {
        // Said once, until it is there again.
        if (!isAway) logger.warn(`${error.message} What is known of it still serves.`)
        isAway = true
        return 'unavailable'
      }
      pending = undefined
      telemetry.supergraphRefusals.inc()
      logger.error(`The changed supergraph is refused; the former one still serves. ${graphFault(error, graph?.place)}`)
      return 'refused'
    }
  }
  return () => last = last.then(look)
}

/** Resolves after so many milliseconds, or rejects when the signal is aborted. */
export type Wait = (ms: number, signal: AbortSignal) => Promise<unknown>

/** Looks every so often, counted from the end of the look before, until the signal is aborted. */
export async function pollFor(
  reload: () => Promise<Reloaded>, pollSeconds: number, signal: AbortSignal, wait: Wait = (ms) => delay(ms, undefined, { signal }),
): Promise<void> {
  if (pollSeconds === 0) return
  while (!signal.aborted) {
    await wait(pollSeconds * 1000, signal).catch(() => undefined)
    if (!signal.aborted) await reload()
  }
}
