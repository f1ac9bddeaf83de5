import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, inProcessSubgraph } from '../../federation/index.ts'
import { buildEngine } from '../../gateway/build-engine.ts'
import { EngineHost } from '../../gateway/engine-host.ts'
import { readyGraph } from '../../gateway/graph-source.ts'
import { createReload, pollFor } from '../../gateway/reload.ts'
import { createTelemetry } from '../../gateway/telemetry.ts'
import { Transports } from '../../gateway/transports.ts'
import { Queue } from '../support/queue.ts'

const typeDefs = (field: string): string => `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3") type Query { ${field}: Int }`
const supergraph = (field: string): string => composeSubgraphs([{ name: 'small', typeDefs: typeDefs(field) }]).supergraphSdl

/** A registry that answers with 304 what the asker has already. */
async function serveRegistry(): Promise<AsyncDisposable & { url: string; served: { etag: string; body: string }; answers: [string | undefined, number][] }> {
  const registry = { served: { etag: '"1"', body: supergraph('one') }, answers: [] as [string | undefined, number][] }
  const server = createServer((request, response) => {
    const { served: { etag, body }, answers } = registry
    const given = request.headers['if-none-match']
    answers.push([given, given === etag ? 304 : 200])
    if (given === etag) response.writeHead(304).end()
    else response.writeHead(200, { etag }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return Object.assign(registry, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/supergraph`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  })
}

test('the registry is asked again after each wait, by the ETag of what serves; a change is swapped in', { timeout: 30_000 }, async () => {
  await using registry = await serveRegistry()
  const ended = new AbortController()
  const { signal } = ended
  const subgraphs = [{ name: 'small', url: 'http://127.0.0.1:1', headers: {}, forwardHeaders: [], events: false }]
  const source = readyGraph({ supergraph: registry.url, supergraphHeaders: {}, pollSeconds: 7, subgraphs })
  const own = new Map([['small', inProcessSubgraph({ schema: buildSubgraph({ typeDefs: typeDefs('one') }) })]])
  const transports = new Transports({ log: undefined as never, events: undefined as never, callbacks: undefined, report: (problem) => assert.fail(String(problem)) })
  const build = (graph: Parameters<typeof buildEngine>[0]) => buildEngine(graph, { own, foreign: [], transports })
  const first = await source.load(signal)
  assert.ok(first)
  const host = new EngineHost(await build(first))
  const outcomes = new Queue<string>()
  const waits = new Queue<{ ms: number; over: () => void }>()
  const reload = createReload({ source, build, host, signal, telemetry: createTelemetry({ processMetrics: false }), logger: { info() {}, warn() {}, error() {} } })
  const polling = pollFor(async () => {
    const outcome = await reload()
    outcomes.push(outcome)
    return outcome
  }, 7, signal, (ms, stop) => new Promise((resolve, reject) => {
    stop.addEventListener('abort', () => reject(stop.reason as Error), { once: true })
    waits.push({ ms, over: () => resolve(undefined) })
  }))
  const look = async (): Promise<string> => {
    const { ms, over } = await waits.next()
    assert.equal(ms, 7_000)
    assert.deepEqual(outcomes.drain(), [], 'nothing is asked before the wait is over')
    over()
    return outcomes.next()
  }
  assert.equal(await look(), 'unchanged')
  await host.current.execute({ document: parse('query Asked { __typename one }') })
  await host.current.execute({ document: parse('{ __typename }') })
  registry.served = { etag: '"2"', body: supergraph('two') }
  assert.equal(await look(), 'swapped')
  assert.deepEqual(host.current.stats().misses, 1, 'what was asked for and still fits is planned before it serves')
  await host.current.execute({ document: parse('{ __typename }') })
  assert.deepEqual(host.current.stats().misses, 1)
  assert.ok(host.current.schema.getQueryType()?.getFields()['two'])
  assert.equal(await look(), 'unchanged')
  // The same supergraph under another ETag is none to swap in.
  registry.served = { ...registry.served, etag: '"3"' }
  assert.equal(await look(), 'unchanged')
  assert.equal(await look(), 'unchanged')
  assert.deepEqual(registry.answers, [
    [undefined, 200], ['"1"', 304], ['"1"', 200], ['"2"', 304], ['"2"', 200], ['"3"', 304],
  ])
  await waits.next()
  ended.abort()
  await polling
  assert.deepEqual(outcomes.drain(), [], 'nothing is asked once it has ended')
  await host.close()
})
