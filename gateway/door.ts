import type { Scope } from '../resolvers/scope.ts'
import type { RequestContext, Services } from '../resolvers/context.ts'
import { createRequestContext } from '../resolvers/context.ts'
import type { Callbacks } from '../federation/index.ts'
import type { EngineHost } from './engine-host.ts'
import type { GatewaySettings } from './settings.ts'
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
  /** Whose requests these are, until authentication is built. */
  scope: Scope
  /** Told of errors whose details clients are not. */
  onError: (error: unknown) => void
  /** Brings up to date what is only known when asked for; before `/metrics` is answered. */
  measure: () => Promise<void>
  /** Whether clients are served: false while starting and while draining. */
  ready: () => boolean
}

export const contextFor = ({ services, scope }: Door, options: { signal?: AbortSignal; live?: boolean }): RequestContext =>
  createRequestContext(services, { scope, ...options })

export const waitWith = ({ services, logId, settings }: Door, signal?: AbortSignal) => (token: string): Promise<void> =>
  waitForToken(token, { view: services.view, logId, timeoutMs: settings.tokenTimeoutMs, signal })
