import { validateHeaderName, validateHeaderValue, type IncomingHttpHeaders } from 'node:http'

/** Characters of all of them together: as many as Node takes of a request's. */
const most = 16 * 1024

/**
 * Headers of the operations of a WebSocket: those of the request that opened it, and under the same names what the client gave as
 * parameters of the connection, as browsers let nobody set headers there. What the request says stands, but for its token.
 * What can be no header is passed over.
 */
export function withParameters(headers: IncomingHttpHeaders, parameters: Record<string, unknown> | undefined): IncomingHttpHeaders {
  // The token first: it is not to be what there was no room for.
  const asked: Record<string, unknown> = { authorization: undefined, ...parameters }
  const given: [string, string][] = []
  let size = 0
  for (const [key, value] of Object.entries(asked)) {
    const name = key.toLowerCase()
    if (typeof value !== 'string' || (name in headers && name !== 'authorization') || !isHeader(name, value)) continue
    size += name.length + value.length
    if (size > most) break
    given.push([name, value])
  }
  return given.length === 0 ? headers : { ...headers, ...Object.fromEntries(given) }
}

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}
