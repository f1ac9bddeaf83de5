import { readFileSync } from 'node:fs'
import type { EventLog } from '../events/log.ts'
import { codes, eventSubgraph, httpSubgraph, type Callbacks, type EventSource, type SubgraphTransport } from '../federation/index.ts'
import { ensureEventTopics } from './event-source.ts'
import type { ForeignSubgraph } from './foreign.ts'

export interface TransportsOptions {
  log: EventLog
  /** What feeds subgraphs that are declared by events. */
  events: EventSource
  callbacks: Callbacks | undefined
  report: (problem: unknown) => void
}

/** A transport in use by one engine. */
export interface Lease {
  transport: SubgraphTransport
  release(): Promise<void>
}

interface Entry {
  transport: SubgraphTransport
  users: number
  close: () => Promise<void> | undefined
}

/**
 * Connections to foreign subgraphs. Engines that follow each other use the same ones as long as what they are made of has
 * not changed; what no engine uses is closed.
 */
export class Transports {
  readonly #options: TransportsOptions
  readonly #entries = new Map<string, Entry>()

  constructor(options: TransportsOptions) {
    this.#options = options
  }

  /**
   * @param typeDefs the SDL of one that is declared by events
   * @throws Error that names a file of its TLS settings that cannot be read; CompositionError for SDL of events that is wrong
   */
  async lease(subgraph: ForeignSubgraph, typeDefs = ''): Promise<Lease> {
    const key = JSON.stringify([subgraph, subgraph.events ? typeDefs : ''])
    let entry = this.#entries.get(key)
    if (!entry) {
      const transport = subgraph.events ? this.#events(subgraph, typeDefs) : remote(subgraph, this.#options)
      // Engines do not own it: one that is closed must not close it for the next.
      this.#entries.set(key, entry = { transport: { ...transport, close: undefined }, users: 0, close: () => transport.close?.() })
    }
    const held = entry
    held.users++
    let released = false
    const release = async (): Promise<void> => {
      if (released) return
      released = true
      if (--held.users > 0) return
      this.#entries.delete(key)
      await held.close()
    }
    try {
      // Kafka knows topics only once they exist.
      if ('fixedTopics' in held.transport) await ensureEventTopics(this.#options.log, [...(held.transport.fixedTopics as ReadonlyMap<string, string[]>).values()].flat())
    } catch (error) {
      await release()
      throw error
    }
    return { transport: held.transport, release }
  }

  #events({ name }: ForeignSubgraph, typeDefs: string): SubgraphTransport {
    const { events, report } = this.#options
    return eventSubgraph({ name, typeDefs, report, sources: new Map([['default', events]]) })
  }
}

/** A subgraph at an address. Only allowed headers of clients reach it. */
export function remote(
  { name, url, headers, forwardHeaders, timeoutMs, retries, passErrors, tls, subscriptions }: ForeignSubgraph,
  { callbacks, report }: Partial<Pick<TransportsOptions, 'callbacks' | 'report'>> = {},
): SubgraphTransport {
  if (url === undefined) throw new Error(`The subgraph "${name}" has no "url": list it under "subgraphs" in freshet.yaml, with the address where it is called.`)
  const pem = (key: 'ca' | 'cert' | 'key'): Buffer | undefined => tls?.[key] === undefined ? undefined : readPem(name, key, tls[key])
  const transport = httpSubgraph({
    url, headers, timeoutMs, retries, callbacks,
    ...tls && { tls: { ca: pem('ca'), cert: pem('cert'), key: pem('key') } },
    ...subscriptions && { subscriptionProtocol: subscriptions.protocol, subscriptionUrl: subscriptions.url },
  })
  const allowed = (given: Record<string, string> | undefined): Record<string, string> =>
    Object.fromEntries(Object.entries(given ?? {}).filter(([header]) => forwardHeaders.includes(header)))
  return {
    ...transport,
    ...!passErrors && { mask: masking(name, report) },
    forwarded: (given) => transport.forwarded?.(allowed(given)) ?? {},
    execute: (request) => transport.execute({ ...request, headers: allowed(request.headers) }),
    subscribe: (request) => transport.subscribe({ ...request, headers: allowed(request.headers) }),
  }
}

/** What is said in an operator's log of one error. */
const maxSaid = 500

/**
 * Clients learn of errors in another process by the code that they carry, and no more: graphql-js and most of its kind send on
 * whatever a resolver throws, addresses and queries of databases included. The operator is told of those that have no code, or that
 * of an unexpected one.
 */
function masking(name: string, report: (problem: unknown) => void = () => {}): NonNullable<SubgraphTransport['mask']> {
  // An answer may be shared.
  const told = new WeakSet<object>()
  return (error) => {
    const { message, extensions: { code } = {} } = error
    if (!told.has(error) && (typeof code !== 'string' || code === codes.internal)) {
      told.add(error)
      report(new Error(`The subgraph "${name}" reported an error: ${String(message).slice(0, maxSaid)}`))
    }
    return { message: `The subgraph "${name}" reported an error.`, ...typeof code === 'string' && { extensions: { code } } }
  }
}

function readPem(name: string, key: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Error(`The file of "subgraphs.${name}.tls.${key}" cannot be read: ${(error as Error).message}`, { cause: error })
  }
}
