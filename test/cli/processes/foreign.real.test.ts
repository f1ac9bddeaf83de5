import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { buildSubgraph } from '../../../federation/index.ts'
import { serveByCallback } from '../../federation/streaming-servers.ts'
import { requireReal } from '../../servers/available.ts'
import { freePorts } from '../../servers/ports.ts'
import { temporaryDirectory } from '../../servers/process.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../../servers/shared.ts'
import { openEventStream } from '../../support/event-stream.ts'
import { startProgram } from '../program.ts'

/** A subgraph of others, whose `held` answers when it is let, with what had been added when it was asked. */
function counting() {
  const gate = Promise.withResolvers<void>()
  const asked = { count: 0 }
  let added = 0
  const schema = buildSubgraph({
    typeDefs: 'type Query { held: Int! } type Mutation { add: Int! } type Subscription { ticks(id: ID!): Int! }',
    resolvers: {
      Query: {
        held: async () => {
          const seen = added
          asked.count++
          await gate.promise
          return seen
        },
      },
      Mutation: { add: () => ++added },
      Subscription: { ticks: { subscribe: async function* () { for (let tick = 1; tick <= 3; tick++) yield { ticks: tick } } } },
    },
  })
  return { schema, gate, asked }
}

interface OneConnection extends Disposable {
  /** The process that has it. */
  process: string
  ask(query: string): Promise<unknown>
}

/** A client with one connection, which therefore stays with one process. */
async function openConnection(url: string): Promise<OneConnection> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const send = (path: string, method: string, body?: string) => new Promise<string>((resolve, reject) => {
    request(`${url}${path}`, { agent, method, headers: { 'content-type': 'application/json' } }, (response) => {
      response.setEncoding('utf8').toArray().then((chunks) => resolve(chunks.join('')), reject)
    }).on('error', reject).end(body)
  })
  const [number = ''] = (await send('/graphql/stream', 'PUT')).split('.')
  return {
    process: number,
    ask: async (query) => (JSON.parse(await send('/graphql', 'POST', JSON.stringify({ query }))) as { data: unknown }).data,
    [Symbol.dispose]: () => agent.destroy(),
  }
}

describe('a gateway of two processes over foreign subgraphs', { skip: requireReal('kafka', 'weaviate'), timeout: 120_000 }, () => {
  test('takes callbacks at whichever process they reach, and nobody who reads what he wrote joins an earlier call of another process', async () => {
    const [{ brokers }, { url: weaviate, grpcHost, grpcPort }] = await Promise.all([sharedKafka(), sharedWeaviate()])
    await using folder = temporaryDirectory('processes')
    const { schema, gate, asked } = counting()
    await using subgraph = await serveByCallback(schema)
    const [port] = await freePorts(1)
    const url = `http://127.0.0.1:${port}`
    writeFileSync(join(folder.path, 'freshet.yaml'), `
      port: ${port}
      publicUrl: ${url}
      gateway: { processes: 2 }
      subgraphs: { counting: { url: "${subgraph.url}", subscriptions: { protocol: callback } } }
    `)
    await using gateway = startProgram(['gateway'], { cwd: folder.path, env: {
      FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: uniquePrefix(),
      FRESHET_WEAVIATE_URL: weaviate, FRESHET_WEAVIATE_GRPC_URL: `http://${grpcHost}:${grpcPort}`,
    } })
    await gateway.says(/GraphiQL\s+http/)

    const streams = await Promise.all(Array.from({ length: 8 }, (_, id) => openEventStream(url, { query: 'subscription ($id: ID!) { ticks(id: $id) }', variables: { id } })))
    for (const stream of streams) {
      assert.deepEqual([await stream.data(), await stream.data(), await stream.data()], [{ ticks: 1 }, { ticks: 2 }, { ticks: 3 }])
      assert.deepEqual(await stream.ended, [])
    }

    // Two connections to one process, and one to the other.
    const reached = new Map<string, OneConnection[]>()
    using connections = new DisposableStack()
    let pair: OneConnection[] | undefined
    while (!pair || reached.size < 2) {
      const connection = connections.use(await openConnection(url))
      const others = reached.get(connection.process) ?? []
      reached.set(connection.process, [...others, connection])
      if (others.length === 1) pair = [...others, connection]
    }
    const [before, after] = pair as [OneConnection, OneConnection]
    const elsewhere = [...reached.values()].flat().find(({ process }) => process !== before.process) as OneConnection
    const first = before.ask('{ held }')
    while (asked.count < 1) await new Promise(setImmediate)
    assert.deepEqual(await elsewhere.ask('mutation { add }'), { add: 1 })
    const second = after.ask('{ held }')
    while (asked.count < 2) await new Promise(setImmediate)
    gate.resolve()
    assert.deepEqual([await first, await second], [{ held: 0 }, { held: 1 }])
  })
})
