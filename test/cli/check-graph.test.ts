import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { checkForeign } from '../../cli/check.ts'
import { resolveSettings } from '../../cli/settings.ts'
import { composeSubgraphs } from '../../federation/index.ts'
import { ownDefinitions } from '../../resolvers/compose.ts'
import { committedSupergraph } from '../../schema/supergraph.ts'
import { temporaryDirectory } from '../servers/process.ts'

const check = (file: Record<string, unknown>, env: Record<string, string> = {}) => checkForeign(resolveSettings({ env, file }))

const reviewsSdl = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Livestream @key(fields: "id") {
  id: ID!
  review: String
}
`
const withReviews = (url?: string): string => composeSubgraphs([...ownDefinitions(), { name: 'reviews', url, typeDefs: reviewsSdl }]).supergraphSdl
const url = 'http://127.0.0.1:1/graphql'

describe('freshet check of a graph', { timeout: 60_000 }, () => {
  test('composes foreign subgraphs, and names file, line and column of each conflict', async () => {
    await using folder = temporaryDirectory('check-graph')
    const sdl = join(folder.path, 'reviews.graphql')
    writeFileSync(sdl, reviewsSdl)
    const subgraphs = { reviews: { url, sdl } }
    assert.deepEqual(await check({ subgraphs }), [])
    assert.deepEqual(await check({}), [])

    writeFileSync(sdl, reviewsSdl.replace('review: String', 'title: Int'))
    const conflicts = await check({ subgraphs })
    assert.ok(conflicts.some((fault) => /Livestream\.title/.test(fault) && fault.startsWith(`${sdl}:4:3: `)), conflicts.join('\n'))
    writeFileSync(sdl, reviewsSdl.replace('review: String', 'review String'))
    assert.deepEqual(await check({ subgraphs }), [`${sdl}:4:10: Syntax Error: Expected ":", found Name "String". (INVALID_GRAPHQL)`])
    writeFileSync(sdl, reviewsSdl)
    const [unreadable, ...others] = await check({ subgraphs: { reviews: { url, sdl, tls: { ca: join(folder.path, 'none.pem') } } } })
    assert.match(unreadable ?? '', /^the composed supergraph:\d+:3: The file of "subgraphs\.reviews\.tls\.ca" cannot be read: ENOENT/)
    assert.deepEqual(others, [])
    assert.match((await check({ subgraphs: { reviews: { url } } })).join(), /^The subgraph "reviews" could not be reached \(http:\/\/127\.0\.0\.1:1: connect ECONNREFUSED 127\.0\.0\.1:1\)\. A file/)
    assert.match((await check({ subgraphs: { users: { url, sdl } } })).join(), /"subgraphs\.users" has the name of one of Freshet's own/)
  })

  test('reads a supergraph from a file: it parses, each subgraph can be called, the API is whole', async () => {
    await using folder = temporaryDirectory('check-graph')
    const supergraph = join(folder.path, 'supergraph.graphql')
    const faults = (sdl: string, file: Record<string, unknown> = {}) => {
      writeFileSync(supergraph, sdl)
      return check({ supergraph, ...file })
    }
    assert.deepEqual(await faults(committedSupergraph()), [])
    assert.deepEqual(await faults(withReviews(url)), [])
    assert.deepEqual(await faults(withReviews(), { subgraphs: { reviews: { url } } }), [])

    const nowhere = withReviews()
    const line = nowhere.split('\n').findIndex((text) => /^\s*REVIEWS @join__graph/.test(text)) + 1
    assert.deepEqual(await faults(nowhere), [
      `${supergraph}:${line}:3: The subgraph "reviews" has no "url": list it under "subgraphs" in freshet.yaml, with the address where it is called.`,
    ])
    assert.deepEqual(await faults('type Query {\n  a Int\n}'), [`${supergraph}:2:5: Syntax Error: Expected ":", found Name "Int".`])
    assert.deepEqual(await faults('type Query { a: Int }'), [`${supergraph}: It is no supergraph: there is no "join__Graph" that names its subgraphs.`])
    assert.match((await faults(committedSupergraph().replace(/"""(?:(?!""")[^])*"""\nscalar DateTime[^\n]*\n/, ''))).join(), new RegExp(`^${supergraph}: .*DateTime`))
    assert.match((await check({ supergraph: join(folder.path, 'none.graphql') })).join(), /^The file with the supergraph cannot be read: ENOENT/)
  })

  test('names the subgraph and its address where its SDL has no file', async () => {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ data: { _service: { sdl: 'type Query {\n  a Int }' } } }))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      assert.deepEqual(await check({ subgraphs: { reviews: { url: `${address}/graphql?secret=1` } } }), [
        `reviews (${address}):2:5: Syntax Error: Expected ":", found Name "Int". (INVALID_GRAPHQL)`,
      ])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  test('reads a supergraph from an address, with its headers', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.headers['x-key'] === 'k' ? 200 : 403).end(withReviews(url))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    try {
      const supergraph = `http://127.0.0.1:${(server.address() as AddressInfo).port}/supergraph?secret=1`
      assert.deepEqual(await check({ supergraph, supergraphHeaders: { 'x-key': 'k' } }), [])
      assert.deepEqual(await check({ supergraph }), [`The supergraph at ${new URL(supergraph).origin} could not be read: was answered with HTTP status 403`])
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })
})
