import { SubgraphFailure } from './errors.ts'

/** Headers that belong to one connection or one body and are never forwarded. */
const notForwarded = new Set([
  'accept', 'accept-encoding', 'connection', 'content-encoding', 'content-length', 'content-type', 'expect', 'host',
  'keep-alive', 'proxy-authorization', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade',
])

/** Headers for a subgraph: forwarded ones, then its own. */
export const outgoingHeaders = (
  forwarded: Record<string, string> | undefined, own: Record<string, string> | undefined,
): Record<string, string> => {
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(forwarded ?? {})) {
    const lower = name.toLowerCase()
    if (!notForwarded.has(lower) && !lower.startsWith('sec-websocket-')) headers[lower] = value
  }
  for (const [name, value] of Object.entries(own ?? {})) headers[name.toLowerCase()] = value
  return headers
}

/** Said by us: anything else would break the frame of the message or what is made of the answer. */
const ours = new Set(['accept', 'accept-encoding', 'connection', 'content-length', 'content-type', 'transfer-encoding'])

const graphqlResponse = 'application/graphql-response+json, application/json;q=0.9'

const headerName = /^[!#$%&'*+.^_`|~0-9a-z-]+$/
const headerValue = /^[\t\x20-\x7e\x80-\xff]*$/
const beyondAscii = /[^\x00-\x7f]/

/** Renders POST requests of JSON to one address (RFC 9112). */
export class HttpMessages {
  readonly #own: ReadonlySet<string>
  /** All of the head that does not change, up to the length of the body. */
  readonly #head: string

  /**
   * @param headers Sent with each request, and instead of those given with one.
   * @param accept What may come back; a GraphQL response unless said otherwise.
   * @throws TypeError for a header that HTTP does not allow.
   */
  constructor(url: URL, headers: Record<string, string> = {}, accept = graphqlResponse) {
    const own = new Map(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    this.#own = new Set(own.keys())
    let lines = own.has('host') ? '' : `host: ${url.host}\r\n`
    for (const [name, value] of own) {
      if (ours.has(name)) continue
      const line = headerLine(name, value)
      if (line === undefined) throw new TypeError(`The header "${name}" has a name or a value that HTTP does not allow.`)
      lines += line
    }
    this.#head = `POST ${url.pathname}${url.search} HTTP/1.1\r\n${lines}`
      + `accept: ${accept}\r\naccept-encoding: identity\r\ncontent-type: application/json\r\ncontent-length: `
  }

  /**
   * Head and body; a string where each character is a byte.
   * @param headers Of this request, by names in lower case.
   * @throws SubgraphFailure for a header that HTTP does not allow.
   */
  of(headers: Record<string, string>, body: string): string | Uint8Array {
    let lines = ''
    for (const name in headers) {
      if (ours.has(name) || this.#own.has(name)) continue
      const line = headerLine(name, headers[name]!)
      if (line === undefined) throw new SubgraphFailure('was not asked: a header to forward is none that HTTP allows')
      lines += line
    }
    if (!beyondAscii.test(body)) return `${this.#head}${body.length}\r\n${lines}\r\n${body}`
    const bytes = Buffer.from(body)
    return Buffer.concat([Buffer.from(`${this.#head}${bytes.length}\r\n${lines}\r\n`, 'latin1'), bytes])
  }
}

const headerLine = (name: string, value: string): string | undefined =>
  headerName.test(name) && headerValue.test(value) ? `${name}: ${value}\r\n` : undefined
