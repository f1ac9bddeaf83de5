import type { Scope } from '../resolvers/scope.ts'
import type { RequestContext, Services } from '../resolvers/context.ts'
import { createRequestContext } from '../resolvers/context.ts'
import type { IncomingHttpHeaders } from 'node:http'
import type { Callbacks, EngineRequest } from '../federation/index.ts'
import type { Deliveries } from './deliveries.ts'
import type { Documents } from './documents.ts'
import type { EngineHost } from './engine-host.ts'
import type { FreshnessMark } from './freshness.ts'
import type { Peers } from './processes/peers.ts'
import type { Verified, Verifier } from './session.ts'
import type { GatewaySettings } from './settings.ts'
import type { Staleness } from './staleness.ts'
import type { Telemetry } from './telemetry.ts'
import { waitForToken } from './token.ts'

/** What every transport of the door needs. */
export interface Door {
  host: EngineHost
  services: Services
  settings: GatewaySettings
  telemetry: Telemetry
  /** Identity of the log that tokens are of. */
  logId: string
  /** Takes the events of foreign subgraphs that send them by HTTP; absent: no subgraph does. */
  callbacks?: Callbacks
  deliveries: Deliveries
  /** The other processes behind the port; absent: it is this one's alone. */
  peers?: Peers
  /** Which text a request stands for. */
  documents: Documents
  /** Whose requests these are; everybody's the same where nobody verifies. */
  scope: Scope
  /** Says who brings a token; absent: nobody is asked for one. */
  verifier?: Verifier
  /** What the token of this request or connection is worth. */
  verified?: Verified
  /** How new the answers of this gateway are. */
  mark: FreshnessMark
  /** How far they are behind the log. */
  staleness: Staleness
  /** Told of errors whose details clients are not. */
  onError: (error: unknown) => void
  /** Brings up to date what is only known when asked for; before `/metrics` is answered. */
  measure: () => Promise<void>
  /** Whether clients are served: false while starting and while draining. */
  ready: () => boolean
}

export const contextFor = ({ services, scope }: Door, { signal, live }: { signal?: AbortSignal; live?: boolean }): RequestContext =>
  createRequestContext(services, { scope, signal, live })

/** What the engine is told of a request beside its operation. */
export type Caller = Pick<EngineRequest, 'headers' | 'sharing'>

/**
 * For whom a request is, and whether it may share what is under way: with a token it may not, as that may have begun before
 * the token's events were applied. All headers are told; each remote subgraph gets those that its settings name.
 */
export const callerOf = ({ scope }: Door, headers: IncomingHttpHeaders, token: string | undefined): Caller => ({
  // Node joins what is repeated; only `set-cookie`, which is none of a request's, is a list.
  headers: headers as Record<string, string>,
  sharing: token === undefined ? sharingOf(scope) : undefined,
})

const sharings = new WeakMap<Scope, { key: string }>()

export function sharingOf(scope: Scope): { key: string } {
  let sharing = sharings.get(scope)
  if (!sharing) sharings.set(scope, sharing = { key: JSON.stringify([scope.tenant, scope.subject, ...scope.roles]) })
  return sharing
}

export const waitWith = ({ services, staleness, logId, settings }: Door, signal?: AbortSignal) => (token: string): Promise<void> =>
  waitForToken(token, { view: services.view, staleness, logId, timeoutMs: settings.tokenTimeoutMs, signal })
