import type { ForeignSubgraph } from '../gateway/foreign.ts'
import { isObject } from '../gateway/json.ts'
import { hasLogin, withoutLogin } from './logins.ts'

/** One key of a subgraph's settings; with `keys` it has keys of its own. */
interface Key {
  expected: string
  example: string
  parse?: (value: unknown) => unknown
  keys?: Readonly<Record<string, Key>>
  /** What came is not repeated. */
  secret?: boolean
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined)
const address = (...protocols: readonly string[]) => (value: unknown): string | undefined => {
  const url = text(value)
  return url !== undefined && URL.canParse(url) && protocols.includes(new URL(url).protocol) && !hasLogin(url) ? url : undefined
}
const whole = (min: number, max: number) => (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max ? number : undefined
}
const headerName = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const headers = (value: unknown): Record<string, string> | undefined => {
  if (!isObject(value)) return undefined
  const entries = Object.entries(value)
  // Control characters would begin another header.
  const fine = entries.every(([name, content]) => headerName.test(name) && typeof content === 'string' && /^[\t\x20-\x7e\x80-\xff]*$/.test(content))
  return fine ? Object.fromEntries(entries.map(([name, content]) => [name.toLowerCase(), content as string])) : undefined
}
const headerNames = (value: unknown): string[] | undefined =>
  Array.isArray(value) && value.every((name) => typeof name === 'string' && headerName.test(name)) ? value.map((name: string) => name.toLowerCase()) : undefined

const headersKey: Key = { expected: 'names and values of headers', example: 'headers: { authorization: "Bearer ${REVIEWS_TOKEN}" }', parse: headers, secret: true }

const file = (name: string): Key => ({ expected: 'a file in PEM', example: `${name}: ./${name}.pem`, parse: text })

const keys: Readonly<Record<string, Key>> = {
  url: { expected: 'an http or https address without a password in it', example: 'url: http://localhost:4001/graphql', parse: address('http:', 'https:') },
  sdl: { expected: 'a file', example: 'sdl: ./reviews.graphql', parse: text },
  headers: headersKey,
  forwardHeaders: { expected: 'a list of names of headers', example: 'forwardHeaders: [authorization]', parse: headerNames },
  timeoutMs: { expected: 'a whole number from 1 to 600000', example: 'timeoutMs: 5000', parse: whole(1, 600_000) },
  retries: { expected: 'a whole number from 0 to 10', example: 'retries: 2', parse: whole(0, 10) },
  passErrors: { expected: 'true or false', example: 'passErrors: true', parse: (value) => (typeof value === 'boolean' ? value : undefined) },
  tls: { expected: 'keys "ca", "cert" and "key"', example: 'tls: { ca: ./ca.pem }', keys: { ca: file('ca'), cert: file('cert'), key: file('key') } },
  subscriptions: {
    expected: 'keys "protocol" and "url"',
    example: 'subscriptions: { protocol: graphql-ws, url: "ws://localhost:4001/graphql" }',
    keys: {
      protocol: {
        expected: 'graphql-ws, sse or callback', example: 'protocol: graphql-ws',
        parse: (value) => (['graphql-ws', 'sse', 'callback'].includes(value as string) ? value : undefined),
      },
      url: { expected: 'an address (ws, wss, http or https)', example: 'url: ws://localhost:4001/graphql', parse: address('ws:', 'wss:', 'http:', 'https:') },
    },
  },
  events: { expected: 'true or false', example: 'events: true', parse: (value) => (typeof value === 'boolean' ? value : undefined) },
}

interface Context {
  env: Readonly<Record<string, string | undefined>>
  /** Every fault found is added. */
  faults: string[]
}

/** A text with `${NAME}` replaced from the environment; anything else is left to whoever parses it. */
const expanded = (value: unknown, at: string, { env, faults }: Context): unknown => {
  if (Array.isArray(value)) return value.map((item) => expanded(item, at, { env, faults }))
  if (isObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, expanded(item, `${at}.${key}`, { env, faults })]))
  if (typeof value !== 'string') return value
  return value.replace(/\$\{(\w+)\}/g, (_, name: string) => {
    if (env[name] === undefined) faults.push(`${at}: the environment has no "${name}"; set it, or write the value itself.`)
    return env[name] ?? 'unset'
  })
}

function readKeys(value: Record<string, unknown>, at: string, known: Readonly<Record<string, Key>>, context: Context): Record<string, unknown> {
  const read: Record<string, unknown> = {}
  for (const [name, given] of Object.entries(value)) {
    const place = `${at}.${name}`
    const key = Object.hasOwn(known, name) ? known[name] : undefined
    if (!key) context.faults.push(`${place}: is no setting of a subgraph; there are ${Object.keys(known).join(', ')}.`)
    else read[name] = readKey(given, place, key, context)
  }
  return read
}

function readKey(given: unknown, place: string, key: Key, context: Context): unknown {
  if (key.keys && isObject(given)) return readKeys(given, place, key.keys, context)
  const parsed = key.parse?.(expanded(given, place, context))
  if (parsed === undefined) {
    const came = key.secret ? 'something else' : withoutLogin(given)
    context.faults.push(`${place}: expected ${key.expected}, got ${came}. For example: ${key.example}`)
  }
  return parsed
}

/** Reads `subgraphs` of the settings file. Faults name the key, what was expected, what came and an example. */
export function readSubgraphs(given: unknown, context: Context & { fileName: string; publicUrl: string | undefined }): ForeignSubgraph[] {
  const { fileName, faults, publicUrl } = context
  if (given === undefined || given === null) return []
  if (!isObject(given)) {
    faults.push(`${fileName}: subgraphs: expected names with settings. For example: subgraphs: { reviews: { ${keys.url!.example} } }`)
    return []
  }
  return Object.entries(given).flatMap(([name, value]) => {
    const at = `${fileName}: subgraphs.${name}`
    const fault = (words: string): void => void faults.push(`${at}: ${words}`)
    if (!/^[A-Za-z]\w{0,63}$/.test(name)) fault('a name is a letter, then letters, digits and underscores, 64 at most.')
    if (!isObject(value)) {
      fault(`expected settings, got ${withoutLogin(value)}. For example: ${keys.url!.example}`)
      return []
    }
    const before = faults.length
    const subgraph = { headers: {}, forwardHeaders: [], events: false, ...readKeys(value, at, keys, context), name } as ForeignSubgraph
    if (faults.length > before) return []
    if (subgraph.events && (subgraph.url !== undefined || subgraph.sdl === undefined))
      fault('"events: true" needs "sdl" and no "url": the fields are fed by topics. For example: { sdl: ./auctions.graphql, events: true }')
    if (!subgraph.events && subgraph.url === undefined) fault(`"url" is missing. For example: ${keys.url!.example}`)
    if (subgraph.subscriptions && !subgraph.subscriptions.protocol) fault('subscriptions: "protocol" is missing. For example: protocol: graphql-ws')
    if (subgraph.subscriptions?.protocol === 'callback' && !publicUrl)
      fault('subscriptions by callback need "publicUrl": where the subgraph reaches this gateway. For example: FRESHET_PUBLIC_URL=https://freshet.example.com')
    return [subgraph]
  })
}

/** Reads `supergraphHeaders` of the settings file. */
export function readSupergraphHeaders(given: unknown, context: Context & { fileName: string }): Record<string, string> {
  if (given === undefined || given === null) return {}
  const example = 'supergraphHeaders: { x-registry-key: "${REGISTRY_KEY}" }'
  return (readKey(given, `${context.fileName}: supergraphHeaders`, { ...headersKey, example }, context) ?? {}) as Record<string, string>
}
