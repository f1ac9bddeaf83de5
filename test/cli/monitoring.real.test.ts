import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { takenPort } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { applied, interrupt, monitoringOf, runProgram, sample, startProgram } from './program.ts'

const seller = (id: string, data: object) => JSON.stringify({
  specversion: '1.0', id, source: '/test', type: 'SellerRegistered', subject: `seller:${id}`, time: new Date().toISOString(), data,
})

describe('a process that only ingests', { timeout: 60_000 }, () => {
  test('shows what it has applied, and that it is ready, on loopback', async () => {
    await using folder = temporaryDirectory('cli')
    await writeFile(join(folder.path, 'events.ndjson'), ['ada', 'bob', 'cy'].map((id) => seller(id, { name: id })).join('\n'))
    assert.equal((await runProgram(['load', 'events.ndjson'], { cwd: folder.path })).code, 0)

    await using ingest = startProgram(['ingest'], { cwd: folder.path })
    const url = await monitoringOf(ingest)
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
    await ingest.says(/ingest owns partitions/)
    const ready = await fetch(`${url}/health/ready`)
    assert.deepEqual([ready.status, await ready.json()], [200, { status: 'ready' }])
    assert.equal((await fetch(`${url}/health/live`)).status, 200)
    assert.equal(await sample(url, 'freshet_ingest_partitions'), 4)
    await applied(url, 3)
    assert.equal(await sample(url, 'freshet_data_latency_seconds_count'), 3)
    assert.equal((await fetch(`${url}/graphql`)).status, 404)
    assert.equal((await fetch(`${url}/metrics`, { headers: { origin: 'https://evil.example' } })).status, 403)
    await interrupt(ingest)
  })

  test('asks for the key where others can reach it, but for its health', async () => {
    await using folder = temporaryDirectory('cli')
    const env = { FRESHET_HOST: '0.0.0.0', FRESHET_API_KEY: 'a-key' }
    await using ingest = startProgram(['ingest'], { cwd: folder.path, env })
    const url = (await monitoringOf(ingest)).replace('0.0.0.0', '127.0.0.1')
    assert.equal((await fetch(`${url}/metrics`)).status, 401)
    assert.equal(await sample(url, 'freshet_dead_letters_total', { authorization: 'Bearer a-key' }), 0)
    assert.equal((await fetch(`${url}/health/live`)).status, 200)
    await interrupt(ingest)
  })

  test('is not ready while a system is away, and says which', async () => {
    await using folder = temporaryDirectory('cli')
    const env = { FRESHET_WEAVIATE_URL: 'http://127.0.0.1:1', FRESHET_WEAVIATE_GRPC_URL: 'http://127.0.0.1:1' }
    await using ingest = startProgram(['ingest'], { cwd: folder.path, env })
    const url = await monitoringOf(ingest)
    await ingest.says(/the index failed, trying again/)
    const ready = await fetch(`${url}/health/ready`)
    assert.deepEqual([ready.status, await ready.json()], [503, { status: 'waiting for the index' }])
    assert.equal((await fetch(`${url}/health/live`)).status, 200)
  })

  test('says which port is taken and how to choose another', async () => {
    await using folder = temporaryDirectory('cli')
    using taken = await takenPort()
    const { port } = taken
    const { code, stderr } = await runProgram(['ingest', '--metrics-port', String(port)], { cwd: folder.path })
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^freshet: Port ${port} on 127\\.0\\.0\\.1 is taken.*FRESHET_METRICS_PORT=${port % 65_535 + 1}`, 'm'))
  })
})
