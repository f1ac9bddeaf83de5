import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { doctor } from '../../cli/doctor.ts'
import { resolveSettings } from '../../cli/settings.ts'
import { openSqliteLog } from '../../events/sqlite.ts'
import { freePorts, takenPort } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'

async function examine(env: Record<string, string>): Promise<{ well: boolean; said: string }> {
  await using folder = temporaryDirectory('doctor')
  const lines: string[] = []
  const well = await doctor({ settings: resolveSettings({ env: { FRESHET_DATA_DIR: folder.path, PORT: '0', ...env } }), say: (line) => lines.push(line) })
  return { well, said: lines.join('\n') }
}

describe('freshet doctor', { timeout: 60_000 }, () => {
  test('says that all is well, and what there is', async () => {
    const { well, said } = await examine({})
    assert.ok(well, said)
    assert.match(said, /^ok {5}Node: v24\./m)
    assert.match(said, /^ok {5}data folder: .* can be written$/m)
    assert.match(said, /^ok {5}event log \(embedded\): reachable, 4 partitions, no topics yet/m)
    assert.match(said, /^ok {5}index \(embedded\): reachable, 0 livestreams, 0 sellers, 0 users$/m)
    assert.match(said, /^ok {5}embeddings \(feature hashing, in process\): hash-256, 256 dimensions$/m)
    assert.match(said, /^All is well\.$/m)
  })

  test('says that no broker answers and why, and that an endpoint gives no answer in time, and what to set', async () => {
    const [port] = await freePorts(1)
    using silent = await takenPort(() => {})
    const { well, said } = await examine({
      FRESHET_KAFKA_BROKERS: `127.0.0.1:${port}`, FRESHET_EMBEDDINGS_URL: `http://127.0.0.1:${silent.port}/v1`, FRESHET_EMBEDDINGS_MODEL: 'a-model',
    })
    assert.equal(well, false)
    assert.match(said, new RegExp(`^WRONG {2}event log \\(Kafka at 127\\.0\\.0\\.1:${port}\\): no broker answered within 5 s \\(.*ECONNREFUSED.*\\)\\n +→ Start the brokers, or correct FRESHET_KAFKA_BROKERS`, 'm'))
    assert.match(said, /^WRONG {2}embeddings \(.*\): no answer within 5 s$/m)
    assert.match(said, /^2 of 6 checks found something wrong\.$/m)
  })

  test('says that Weaviate does not answer, and what to set', async () => {
    const [port] = await freePorts(1)
    const { well, said } = await examine({ FRESHET_WEAVIATE_URL: `http://127.0.0.1:${port}` })
    assert.equal(well, false)
    assert.match(said, new RegExp(`^WRONG {2}index \\(Weaviate at http://127\\.0\\.0\\.1:${port}\\): \\S.*\\n +→ Start Weaviate, or correct FRESHET_WEAVIATE_URL`, 'm'))
  })

  test('tells a port that another program has from one on which Freshet answers', async () => {
    using taken = await takenPort((socket) => socket.end('not HTTP'))
    const { port } = taken
    const { well, said } = await examine({ PORT: String(port) })
    assert.equal(well, false)
    assert.match(said, new RegExp(`^WRONG {2}port ${port}: taken \\(EADDRINUSE\\)\\n +→ End the program that has it, or choose another port \\(PORT=4001\\)`, 'm'))
  })

  test('says that the embeddings endpoint does not answer, without its key', async () => {
    const [port] = await freePorts(1)
    const { well, said } = await examine({
      FRESHET_EMBEDDINGS_URL: `http://127.0.0.1:${port}/v1`, FRESHET_EMBEDDINGS_MODEL: 'a-model', FRESHET_EMBEDDINGS_API_KEY: 'a-secret',
    })
    assert.equal(well, false)
    assert.match(said, /^WRONG {2}embeddings \(http:.*\): \S.*\n +→ Correct FRESHET_EMBEDDINGS_URL, _MODEL, _DIMENSIONS and _API_KEY\.$/m)
    assert.doesNotMatch(said, /a-secret/)
  })

  test('takes a folder in use by a running Freshet for what it is', async () => {
    await using folder = temporaryDirectory('doctor')
    const log = await openSqliteLog({ directory: `${folder.path}/log`, partitions: 4 })
    try {
      const { well, said } = await examine({ FRESHET_DATA_DIR: folder.path })
      assert.ok(well, said)
      assert.match(said, /^ok {5}event log \(embedded\): in use by a running Freshet \(process \d+\)$/m)
    } finally {
      await log.close()
    }
  })

  test('says that a file stands where the data folder should be', async () => {
    const { well, said } = await examine({ FRESHET_DATA_DIR: import.meta.filename })
    assert.equal(well, false)
    assert.match(said, /^WRONG {2}data folder: .*\n +→ Give it to the user who runs Freshet, or set another \(FRESHET_DATA_DIR\)\.$/m)
  })
})
