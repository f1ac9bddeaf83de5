import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { buildSubgraph, composeSubgraphs } from '../../federation/index.ts'
import { ownDefinitions } from '../../resolvers/compose.ts'
import { serveSubgraph, type RemoteSubgraph } from '../federation/remote.ts'
import { startFreshet, type Freshet } from '../support/freshet.ts'

/** A foreign subgraph that adds fields to livestreams; its schema may change while it serves. */
interface Reviews extends RemoteSubgraph {
  /** Fields of `Livestream` besides its key, each of which answers with its own name and the stream's id. */
  fields: readonly string[]
  typeDefs(): string
}

const sdlOf = (fields: readonly string[]): string => `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Livestream @key(fields: "id") { id: ID! ${fields.map((name) => `${name}: String`).join(' ')} }
  type Query { reviewsOf(id: ID!): Livestream }
`

const schemaOf = (fields: readonly string[]) => buildSubgraph({
  typeDefs: sdlOf(fields),
  resolvers: {
    Query: { reviewsOf: (_: unknown, { id }: { id: string }) => ({ id }) },
    Livestream: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      ...Object.fromEntries(fields.map((name) => [name, ({ id }: { id: string }, _: unknown, { headers }: { headers: Record<string, string> }) =>
        name === 'caller' ? JSON.stringify([headers.authorization ?? null, headers['x-person'] ?? null, headers['x-other'] ?? null]) : `${name} of ${id}`])),
    },
  },
})

async function serveReviews(...fields: string[]): Promise<Reviews> {
  let schema = schemaOf(fields)
  let current: readonly string[] = fields
  const server = await serveSubgraph(() => schema, (headers) => ({ headers }))
  return {
    ...server,
    get fields() {
      return current
    },
    set fields(changed) {
      current = changed
      schema = schemaOf(changed)
    },
    typeDefs: () => sdlOf(current),
  }
}

const stream = (id: string) => ({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: 's', title: `Show ${id}`, category: 'vinyl' } })

const metric = async ({ telemetry }: Freshet, name: string): Promise<number> =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await telemetry.registry.metrics())?.[1])

const inFolder = (): { path: string } & Disposable => {
  const path = mkdtempSync(join(tmpdir(), 'freshet-graph-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

/** Changes come when a test says so. */
const still = { FRESHET_POLL_SECONDS: '0' }

describe('a foreign subgraph', { timeout: 120_000 }, () => {
  test('that extends Livestream answers together with own fields; it is asked for its SDL, with its own headers and the allowed ones of clients', async () => {
    await using reviews = await serveReviews('review', 'caller')
    await using freshet = await startFreshet({
      env: { ...still, REVIEWS_KEY: 'k-1' },
      file: { subgraphs: { reviews: { url: reviews.url, headers: { authorization: 'Bearer ${REVIEWS_KEY}' }, forwardHeaders: ['X-Person'] } } },
    })
    assert.equal(reviews.requests[0]?.authorization, 'Bearer k-1')
    const token = await freshet.publish(stream('a'))
    const { livestream } = await freshet.query('{ livestream(id: "a") { title review caller } }', {}, { token, headers: { 'x-person': 'ada', 'x-other': 'o' } })
    assert.deepEqual(livestream, { title: 'Show a', review: 'review of a', caller: JSON.stringify(['Bearer k-1', 'ada', null]) })
    assert.deepEqual(await freshet.query('{ reviewsOf(id: "a") { title review } }'), { reviewsOf: { title: 'Show a', review: 'review of a' } })
  })

  test('that does not compose keeps the gateway from starting, and the error points at subgraph and line', async () => {
    using folder = inFolder()
    const sdl = join(folder.path, 'reviews.graphql')
    writeFileSync(sdl, sdlOf(['review']).replace('review: String', 'title: Int'))
    const subgraphs = { reviews: { url: 'http://127.0.0.1:1/graphql', sdl } }
    await assert.rejects(startFreshet({ env: still, file: { subgraphs } }), /reviews:3:\d+|"Livestream\.title"/)
    await assert.rejects(startFreshet({ env: still, file: { subgraphs: { users: subgraphs.reviews } } }), /"subgraphs\.users" has the name of one of Freshet's own/)
  })
})
