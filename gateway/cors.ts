import type { IncomingMessage, ServerResponse } from 'node:http'
import type { GatewaySettings } from './settings.ts'
import { singleConnectionPath } from './streams/single-connection.ts'

/** What each path of clients is asked by. */
const methods = new Map([['/graphql', 'GET, POST'], [singleConnectionPath, 'PUT, GET, POST, DELETE']])

/** How long a browser may remember what it may send, s: browsers keep it for no longer than two hours to a day. */
const maxAgeS = 7_200

/** What a request means to the browser that sends it for a page of another origin. */
export interface Cors {
  /** It asks whether the page may send another request, and brings no key. */
  isPreflight: boolean
}

/**
 * Lets pages of `allowedOrigins` read whatever answer this response becomes, refusals included (Fetch, "CORS protocol"). Cookies
 * are of no meaning here, so credentials are not allowed: a key or token is a header, which the page sets by itself.
 */
export function shareWithOrigin({ method, headers }: IncomingMessage, path: string, response: ServerResponse, { allowedOrigins }: GatewaySettings): Cors {
  if (allowedOrigins.length === 0 || !methods.has(path)) return { isPreflight: false }
  // Also where no origin is named: a cache between must not give that answer to a page.
  response.setHeader('vary', 'origin')
  const { origin } = headers
  if (origin === undefined || !allowedOrigins.includes(origin)) return { isPreflight: false }
  response.setHeader('access-control-allow-origin', origin)
  return { isPreflight: method === 'OPTIONS' && headers['access-control-request-method'] !== undefined }
}

/**
 * Allows whichever headers are asked for: which ones remote subgraphs are given is up to the settings, and no rule of the
 * gateway rests on a header that such a page could not send.
 */
export function answerPreflight({ headers }: IncomingMessage, path: string, response: ServerResponse): void {
  const asked = headers['access-control-request-headers']
  response.writeHead(204, {
    'access-control-allow-methods': methods.get(path),
    ...asked !== undefined && { 'access-control-allow-headers': asked },
    'access-control-max-age': String(maxAgeS),
  })
  response.end()
}
