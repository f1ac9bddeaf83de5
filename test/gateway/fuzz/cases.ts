import { hash, random as seeded, type Random } from '../../federation/differential/random.ts'
import { mutatedBytes, mutatedJson, textOf } from './mutate.ts'
import type { Seeds } from './seeds.ts'
import { brokenFrame, frame, text } from './websocket-wire.ts'

/** How inputs reach the door: bodies and parameters several to a connection, one after another; the others each in a way of its own. */
export type Kind = 'body' | 'parameters' | 'wire' | 'events' | 'frames'

const kinds: [Kind, number][] = [['body', 0.6], ['parameters', 0.1], ['wire', 0.04], ['events', 0.04], ['frames', 0.22]]

export const kindOf = (seed: number, chunk: number): Kind => {
  let left = seeded(hash(`${seed} kind ${chunk}`)).next()
  return kinds.find(([, share]) => (left -= share) < 0)?.[0] ?? 'body'
}

/** The input with this number: the same seed and number make the same one. */
export function inputOf(kind: Kind, seed: number, number: number, seeds: Seeds): Buffer {
  const random = seeded(hash(`${seed} ${kind} ${number}`))
  switch (kind) {
    case 'body': return post(random, seeds)
    case 'parameters': return get(random, seeds)
    case 'wire': return onTheWire(random, seeds)
    case 'events': return events(random, seeds)
    case 'frames': return frames(random, seeds)
  }
}

const request = (line: string, headers: string[], body?: Buffer): Buffer => Buffer.concat([
  Buffer.from(`${line} HTTP/1.1\r\n${['host: 127.0.0.1', ...headers, ...body ? [`content-length: ${body.length}`] : []].join('\r\n')}\r\n\r\n`, 'latin1'),
  body ?? Buffer.alloc(0),
])

const json = 'content-type: application/json'

function bodyFor(given: Record<string, unknown>, random: Random): Buffer {
  const bytes = Buffer.from(textOf(random.chance(0.6) ? mutatedJson(given, random) : given))
  return random.chance(0.5) ? mutatedBytes(bytes, random) : bytes
}

const accepts = ['accept: application/json', 'accept: application/graphql-response+json', 'accept: */*', 'accept: text/html, application/json;q=0.5', 'accept: image/png', 'accept: ;;;,,,']

function post(random: Random, { bodies, subgraphs }: Seeds): Buffer {
  const { path, body } = random.chance(0.25) ? random.pick(subgraphs) : { path: '/graphql', body: random.pick(bodies) }
  const headers = [random.chance(0.97) ? json : random.pick(['content-type: text/plain', 'content-type: application/json; charset=utf-16', 'content-type: multipart/form-data', 'x: y'])]
  if (random.chance(0.3)) headers.push(random.pick(accepts))
  if (random.chance(0.03)) headers.push(`freshet-token: ${random.pick(['', 'AAAA', 'eyJsb2ciOiJ4In0', '[]', 'null'])}`)
  return request(`POST ${path}`, headers, bodyFor(body, random))
}

function get(random: Random, { bodies, subscriptions }: Seeds): Buffer {
  const given = random.pick(random.chance(0.9) ? bodies : subscriptions)
  const changed = random.chance(0.5) ? mutatedJson(given, random) : given
  const search = new URLSearchParams(Object.entries(changed as object ?? {}).map(([name, value]) =>
    [name, Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('utf8').slice(0, 6_000)]))
  // Line ends and blanks would end the line of the request.
  const text = random.chance(0.4) ? mutatedBytes(Buffer.from(search.toString()), random).toString('latin1').replace(/[\x00-\x20\x7f-\xff#]/g, '+') : search.toString()
  const headers = [random.pick(accepts)]
  if (random.chance(0.1)) headers.push(random.pick(['apollo-require-preflight: 1', 'sec-fetch-site: cross-site', 'origin: null', 'origin: http://evil.example', 'x-apollo-operation-name: A']))
  return request(`GET ${random.pick(['/graphql', '/graphql', '/graphql', '/subgraphs/users', '/', '/metrics', '/health/live', '/callbacks/x', '//graphql', '/graphql/..'])}?${text.slice(0, 10_000)}`, headers)
}

/** What is no request, or hardly one: framing, methods, headers. */
function onTheWire(random: Random, seeds: Seeds): Buffer {
  const body = bodyFor(random.pick(seeds.bodies), random)
  switch (random.below(12)) {
    case 0: return mutatedBytes(post(random, seeds), random)
    case 1: return mutatedBytes(get(random, seeds), random)
    case 2: return request('POST /graphql', [json, 'transfer-encoding: chunked', `x: ${body.toString('latin1').replace(/[^\x20-\x7e]/g, '?').slice(0, 300)}`])
    case 3: return Buffer.concat([request('POST /graphql', [json, 'transfer-encoding: chunked']), Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from(random.pick(['\r\n0\r\n\r\n', '0\r\n', '\r\nZZ\r\n', '\r\n-1\r\n']))])
    case 4: return request(`${random.pick(['PUT', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH', 'TRACE', 'PROPFIND', 'QUERY', 'FOO'])} /graphql`, [json], body)
    case 5: return request('POST /graphql', [json, `content-encoding: ${random.pick(['gzip', 'br', 'deflate', 'identity', 'x'])}`], body)
    case 6: return request('POST /graphql', [json, 'expect: 100-continue'], body)
    case 7: return request('POST /graphql', [json, `x-long: ${'x'.repeat(random.below(40_000))}`], body)
    case 8: return request('POST /graphql', [json, `content-length: ${body.length + random.below(100)}`, ...random.chance(0.3) ? ['content-length: 3'] : []]).subarray(0, random.below(400))
    case 9: return Buffer.concat([request('POST /graphql', [json, `content-length: ${2 ** 21}`]), Buffer.alloc(random.pick([10, 2 ** 20 + 100]), 0x20)])
    case 10: return request('GET /graphql', ['upgrade: websocket', 'connection: Upgrade', random.pick(['sec-websocket-version: 13', 'sec-websocket-version: 8', 'x: y']), `sec-websocket-key: ${random.pick(['dGhlIHNhbXBsZSBub25jZQ==', 'x', ''])}`,
      `sec-websocket-protocol: ${random.pick(['graphql-transport-ws', 'graphql-ws', '', 'a,b,graphql-transport-ws', ',,'])}`, ...random.chance(0.3) ? ['origin: http://evil.example'] : []])
    default: return request(random.pick(['GET /subgraphs/users', 'GET /nothing', 'POST /metrics']), ['upgrade: websocket', 'connection: Upgrade', 'sec-websocket-version: 13', 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=='])
  }
}

function events(random: Random, { bodies, subscriptions }: Seeds): Buffer {
  const given = random.pick(random.chance(0.5) ? bodies : subscriptions)
  const accept = 'accept: text/event-stream'
  if (random.chance(0.8)) return request('POST /graphql', [accept, random.chance(0.97) ? json : 'x: y'], bodyFor(given, random))
  const search = new URLSearchParams(Object.entries(given).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)])).toString().slice(0, 8_000)
  return request(`GET /graphql?${random.chance(0.5) ? mutatedBytes(Buffer.from(search), random).toString('latin1').replace(/[\x00-\x20\x7f-\xff#]/g, '+') : search}`, [accept])
}

/** A message of the protocol, most often not as it should be. */
function frames(random: Random, { bodies, subscriptions }: Seeds): Buffer {
  const id = `${random.below(4)}`
  const message: Record<string, unknown> = random.pick([
    () => ({ type: 'subscribe', id, payload: random.pick(bodies) }), () => ({ type: 'subscribe', id, payload: random.pick(subscriptions) }),
    () => ({ type: 'subscribe', id, payload: random.pick(bodies) }), () => ({ type: 'subscribe', id, payload: random.pick(subscriptions) }),
    () => ({ type: 'complete', id }), () => ({ type: 'ping', payload: {} }), () => ({ type: 'pong' }), () => ({ type: 'connection_init', payload: { authorization: 1 } }),
    () => ({ type: 'next', id, payload: {} }), () => ({ type: 'error', id, payload: [] }), () => ({ type: 'connection_ack' }), () => ({ type: 'start', id }),
  ])()
  const how = random.next()
  if (how < 0.35) return text(message)
  const bytes = Buffer.from(textOf(mutatedJson(message, random)))
  if (how < 0.7) return frame(bytes)
  if (how < 0.85) return frame(mutatedBytes(bytes, random))
  return how < 0.97 ? brokenFrame(bytes, random) : mutatedBytes(brokenFrame(bytes, random), random)
}
