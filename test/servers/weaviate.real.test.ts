import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import weaviate from 'weaviate-client'
import type { WeaviateClient } from 'weaviate-client'
import { requireReal } from './available.ts'
import { sharedWeaviate, uniquePrefix } from './shared.ts'
import type { SharedWeaviate } from './shared.ts'
import { startWeaviate } from './weaviate.ts'

function connect(server: SharedWeaviate): Promise<WeaviateClient> {
  const { hostname, port } = new URL(server.url)
  return weaviate.connectToCustom({
    httpHost: hostname, httpPort: Number(port), httpSecure: false,
    grpcHost: server.grpcHost, grpcPort: server.grpcPort, grpcSecure: false,
  })
}

async function store(server: SharedWeaviate, name: string): Promise<void> {
  const client = await connect(server)
  const collection = await client.collections.create({ name, vectorizers: weaviate.configure.vectors.selfProvided() })
  await collection.data.insert({ properties: { title: 'sneakers' }, vectors: [1, 0, 0] })
  await collection.data.insert({ properties: { title: 'teapots' }, vectors: [0, 1, 0] })
  await client.close()
}

async function nearest(server: SharedWeaviate, name: string, vector: number[]): Promise<unknown> {
  const client = await connect(server)
  const { objects } = await client.collections.get(name).query.nearVector(vector, { limit: 1 })
  await client.close()
  return objects[0]?.properties['title']
}

describe('a real Weaviate server', { skip: requireReal('weaviate'), timeout: 240_000 }, () => {
  test('finds by vector what was stored, over both of its interfaces', async () => {
    const server = await sharedWeaviate()
    const name = `${uniquePrefix()}Streams`
    await store(server, name)
    assert.equal(await nearest(server, name, [0.1, 0.9, 0]), 'teapots')
  })

  test('keeps what it acknowledged when it is killed and started again on its ports', async () => {
    await using server = await startWeaviate()
    const { url, grpcPort } = server
    await store(server, 'Streams')
    await server.kill()
    await assert.rejects(fetch(`${url}/v1/.well-known/ready`))
    await server.restart()
    assert.deepEqual({ url: server.url, grpcPort: server.grpcPort }, { url, grpcPort })
    assert.equal(await nearest(server, 'Streams', [0.9, 0.1, 0]), 'sneakers')
  })

  test('does not start twice', async () => {
    await using server = await startWeaviate()
    await assert.rejects(server.restart(), /weaviate is running: stop or kill it before restarting it/)
  })

  test('says what a server printed that does not come up', async () => {
    await assert.rejects(startWeaviate({ env: { RAFT_BOOTSTRAP_EXPECT: 'one' } }), /ended before it answered[^]*RAFT_BOOTSTRAP_EXPECT/)
  })
})
