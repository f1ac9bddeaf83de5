import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { sendJson } from './respond.ts'
import type { GatewaySettings } from './settings.ts'

/** Why a request is not let in. */
export interface Refusal {
  status: 401 | 403 | 421
  message: string
}

const codes = { 401: 'UNAUTHENTICATED', 403: 'FORBIDDEN', 421: 'MISDIRECTED_REQUEST' } as const

export const answerRefusal = (response: ServerResponse, { status, message }: Refusal): void =>
  sendJson(response, status, { errors: [{ message, extensions: { code: codes[status] } }] })

const loopbackNames = new Set(['localhost', '127.0.0.1', '[::1]', '::1'])

export const isLoopback = (host: string): boolean => loopbackNames.has(host) || /^127\.\d+\.\d+\.\d+$/.test(host)

/**
 * Host, Origin and key, for HTTP and WebSockets alike. A foreign `Host` may be DNS rebinding; a foreign `Origin` is a web page
 * that a person happens to visit, which browsers let open WebSockets to anywhere.
 */
export function checkRequest(request: IncomingMessage, settings: GatewaySettings): Refusal | null {
  const host = request.headers.host ?? ''
  const name = hostName(host)
  if (!isLoopback(name) && !settings.allowedHosts.includes(name))
    return { status: 421, message: `The server is not called "${name}" here: add that name to "allowedHosts" if it shall be.` }
  const { origin } = request.headers
  if (origin !== undefined && !isAllowedOrigin(origin, host, settings))
    return { status: 403, message: 'Pages of this origin may not call the server: add the origin to "allowedOrigins" if they shall.' }
  return null
}

/**
 * Refuses a GET that the page of another site makes a browser send, with no Origin but with the person's rights and costs (an
 * image's address, a link). Browsers say so by themselves; programs do not send the header.
 */
export function checkForgery({ method, headers }: IncomingMessage): Refusal | null {
  const site = headers['sec-fetch-site']
  const foreign = site === 'cross-site' || site === 'same-site'
  return method === 'GET' && foreign && headers.origin === undefined && headers['apollo-require-preflight'] === undefined
    ? { status: 403, message: 'Pages of other sites may not send this request without being asked: send it by POST, or with the header "apollo-require-preflight".' }
    : null
}

/** Null where no key is needed, or the right one came. */
export function checkKey(authorization: string | undefined, settings: GatewaySettings): Refusal | null {
  if (settings.apiKey === undefined) return null
  const given = /^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(settings.apiKey))
    ? null
    : { status: 401, message: 'A key is needed: bring it as "authorization: Bearer KEY".' }
}

/** Digests are of one length, so comparing them tells nothing of the key's. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

const hostName = (host: string): string => host.replace(/:\d+$/, '').toLowerCase()

function isAllowedOrigin(origin: string, host: string, { allowedOrigins }: GatewaySettings): boolean {
  if (allowedOrigins.includes(origin)) return true
  try {
    return new URL(origin).host.toLowerCase() === host.toLowerCase()
  } catch {
    return false
  }
}

/** Which addresses the server may listen on without a key. */
export function checkListen({ host, apiKey }: GatewaySettings): void {
  if (!isLoopback(host) && !apiKey)
    throw new Error(`"host" is ${host}, which others can reach: set "apiKey" (FRESHET_API_KEY) as well, or listen on 127.0.0.1.`)
}
