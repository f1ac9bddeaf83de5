import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { bind } from './bind.ts'
import { answerRefusal, checkKey, checkListen, checkRequest } from './guard.ts'
import { send, sendJson } from './respond.ts'
import type { GatewaySettings } from './settings.ts'
import type { Telemetry } from './telemetry.ts'

/** `/health/live` and `/health/ready`, which need no key: who asks is a supervisor on the same machine, and is told one word. */
export function answerHealth(path: string, response: ServerResponse, status: () => string): boolean {
  if (path === '/health/live') sendJson(response, 200, { status: 'live' })
  else if (path === '/health/ready') {
    const now = status()
    sendJson(response, now === 'ready' ? 200 : 503, { status: now })
  } else return false
  return true
}

/** Holds a request to Host, Origin and key. @returns whether it was refused, and so answered */
export function refuse(request: IncomingMessage, response: ServerResponse, settings: GatewaySettings, { needsKey = true } = {}): boolean {
  const refusal = checkRequest(request, settings) ?? (needsKey ? checkKey(request.headers.authorization, settings) : null)
  if (refusal) answerRefusal(response, refusal)
  return refusal !== null
}

/** Health and metrics of a process that answers no queries, under the same rules as the gateway's. */
export async function listenForMonitoring({ settings, telemetry, status, onError }: {
  settings: GatewaySettings
  telemetry: Telemetry
  /** `ready`, or what is being waited for. */
  status: () => string
  onError: (error: unknown) => void
}): Promise<{ url: string; close(): Promise<void> }> {
  checkListen(settings)
  const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '/').split('?', 1)[0] as string
    if (answerHealth(path, response, status) || refuse(request, response, settings)) return
    if (path === '/metrics') return send(response, 200, 'text/plain', await telemetry.registry.metrics())
    sendJson(response, 404, { errors: [{ message: `Nothing is at ${path.slice(0, 200)}: this process has /metrics, /health/live and /health/ready.` }] })
  }
  const server = createServer((request, response) => {
    route(request, response).catch((error: unknown) => {
      onError(error)
      response.destroy()
    })
  })
  const url = await bind(server, { host: settings.host, port: settings.port, variable: 'FRESHET_METRICS_PORT' })
  return {
    url,
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}
