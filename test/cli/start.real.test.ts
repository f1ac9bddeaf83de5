import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { takenPort } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { ask, interrupt, marketMoves, publishShow, runProgram, showOf, startProgram, startRole } from './program.ts'

describe('freshet start', { timeout: 120_000 }, () => {
  test('continues after Ctrl-C: what was published is there, and the marketplace goes on', async () => {
    await using folder = temporaryDirectory('cli')
    const countQuery = '{ livestreams(first: 100) { nodes { id } } }'
    const idsOf = async (url: string): Promise<string[]> =>
      (await ask<{ livestreams: { nodes: { id: string }[] } }>(url, countQuery)).livestreams.nodes.map(({ id }) => id)
    let token: string
    let before: string[]
    {
      await using first = await startRole(['start'], { cwd: folder.path })
      await marketMoves(first.url)
      token = await publishShow(first.url, 'kept')
      assert.equal(await showOf(first.url, 'kept', { token }), 'Show kept by Seller of kept')
      before = await idsOf(first.url)
      assert.ok(before.length > 1, 'the simulated marketplace has streams')
      assert.match(first.said(), /simulator 200 events\/s of a made-up marketplace, seed 1/)
      await interrupt(first)
    }
    await using second = await startRole(['start'], { cwd: folder.path })
    // The token of the first run is good in the second: it is a position of the log, which is the same.
    assert.equal(await showOf(second.url, 'kept', { token }), 'Show kept by Seller of kept')
    const after = new Set(await idsOf(second.url))
    const lost = before.filter((id) => !after.has(id))
    assert.deepEqual(lost, [])
    assert.doesNotMatch(second.said(), /error:/)
    await interrupt(second)
    assert.ok(existsSync(join(folder.path, '.freshet', 'log', 'events.db')), 'the default data folder is ./.freshet')
  })

  test('recovers after kill -9: nothing that was acknowledged is lost', async () => {
    await using folder = temporaryDirectory('cli')
    {
      await using first = await startRole(['start', '--no-simulate'], { cwd: folder.path })
      const token = await publishShow(first.url, 'applied')
      assert.ok(await showOf(first.url, 'applied', { token }))
      // Acknowledged, and perhaps not applied yet.
      await publishShow(first.url, 'appended')
      first.send('SIGKILL')
      assert.equal((await first.ended).signal, 'SIGKILL')
    }
    await using second = await startRole(['start', '--no-simulate'], { cwd: folder.path })
    const token = await publishShow(second.url, 'later')
    for (const id of ['applied', 'appended', 'later']) assert.equal(await showOf(second.url, id, { token }), `Show ${id} by Seller of ${id}`)
    await interrupt(second)
  })

  test('has no marketplace with --no-simulate', async () => {
    await using folder = temporaryDirectory('cli')
    await using freshet = await startRole(['start', '--no-simulate'], { cwd: folder.path })
    assert.match(freshet.said(), /^Freshet runs \(ingest, gateway\), \d/m)
    assert.doesNotMatch(freshet.said(), /simulator/)
    assert.equal((await ask<{ livestreams: { nodes: unknown[] } }>(freshet.url, '{ livestreams(first: 1) { nodes { id } } }')).livestreams.nodes.length, 0)
    assert.ok(!existsSync(join(folder.path, '.freshet', 'simulator')))
    await interrupt(freshet)
  })

  test('takes its port from PORT, and settings from freshet.yaml', async () => {
    await using folder = temporaryDirectory('cli')
    await writeFile(join(folder.path, 'freshet.yaml'), 'dataDir: ./elsewhere\nsimulate: false\nembeddings:\n  dimensions: 64\n')
    await using freshet = startProgram(['start'], { cwd: folder.path, env: { PORT: '0' } })
    await freshet.says(/embedder {2}hash-64$/m)
    await freshet.says(/GraphiQL {2}http:\/\/127\.0\.0\.1:\d+\/graphql/)
    assert.ok(existsSync(join(folder.path, 'elsewhere', 'log')))
    await interrupt(freshet)
  })

  test('ends at once on the second Ctrl-C', async () => {
    await using folder = temporaryDirectory('cli')
    await using freshet = await startRole(['start', '--no-simulate'], { cwd: folder.path })
    // A request whose body never comes to its end: a clean end would wait for it.
    const unfinished = connect(Number(new URL(freshet.url).port), '127.0.0.1')
    // It is cut off in the end.
    unfinished.on('error', () => {})
    unfinished.write('POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\nexpect: 100-continue\r\n\r\n')
    // The answer to `expect` shows that the request has arrived.
    await new Promise((arrived) => unfinished.once('data', arrived))
    freshet.send('SIGINT')
    await freshet.says(/Ending: .*Ctrl-C again ends at once/)
    freshet.send('SIGINT')
    const { code, stdout } = await freshet.ended
    assert.equal(code, 130)
    assert.match(stdout, /Ended at once; the next start recovers what was under way\./)
  })

  test('is refused a data folder that another process has, in words that say what to do', async () => {
    await using folder = temporaryDirectory('cli')
    await using first = await startRole(['start', '--no-simulate'], { cwd: folder.path })
    const { code, stderr, stdout } = await runProgram(['start', '--port', '0', '--no-simulate'], { cwd: folder.path })
    assert.equal(code, 1)
    assert.match(stderr, /^freshet: The event log in .*log is in use by process \d+.*stop that one, or give this one a directory of its own \(FRESHET_DATA_DIR\)/m)
    assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack')
    assert.doesNotMatch(stdout, /runs/)
    assert.equal(await showOf(first.url, 'none'), null, 'the first is unharmed')
    await interrupt(first)
  })

  test('says which port is taken and how to choose another', async () => {
    await using folder = temporaryDirectory('cli')
    using taken = await takenPort()
    const { port } = taken
    const { code, stderr } = await runProgram(['start', '--no-simulate'], { cwd: folder.path, env: { PORT: String(port) } })
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`^freshet: Port ${port} on 127\\.0\\.0\\.1 is taken.*PORT=${port % 65_535 + 1}`, 'm'))
  })

  test('names every wrong setting, what was expected and an example, before anything is opened', async () => {
    await using folder = temporaryDirectory('cli')
    await writeFile(join(folder.path, 'freshet.yaml'), 'kafka:\n  broker: localhost:9092\n')
    const { code, stderr } = await runProgram(['start', '--simulate-rate', 'fast'], { cwd: folder.path, env: { PORT: '99999' } })
    assert.equal(code, 1)
    assert.match(stderr, /freshet\.yaml: "kafka\.broker" is no setting; did you mean "kafka\.brokers"\?/)
    assert.match(stderr, /PORT: expected .*, got "99999"\. For example: PORT="?4000/)
    assert.match(stderr, /--simulate-rate: expected a whole number from 1 to 20000, got "fast"/)
    assert.ok(!existsSync(join(folder.path, '.freshet')))
  })

  test('says once that the index is away, and ends when it is asked to', async () => {
    await using folder = temporaryDirectory('cli')
    const env = { FRESHET_WEAVIATE_URL: 'http://127.0.0.1:1', FRESHET_WEAVIATE_GRPC_URL: 'http://127.0.0.1:1' }
    await using freshet = startProgram(['start', '--port', '0', '--no-simulate'], { cwd: folder.path, env })
    await freshet.says(/the index failed/)
    freshet.send('SIGINT')
    assert.equal((await freshet.ended).code, 0)
    assert.equal(freshet.said().match(/attempt=1 /g)?.length, 1)
  })

  test('listens where others can reach it only with a key', async () => {
    await using folder = temporaryDirectory('cli')
    const { code, stderr } = await runProgram(['start', '--no-simulate', '--host', '0.0.0.0', '--port', '0'], { cwd: folder.path })
    assert.equal(code, 1)
    assert.match(stderr, /freshet: "host" is 0\.0\.0\.0, which others can reach: set "apiKey" \(FRESHET_API_KEY\)/)

    await using guarded = await startRole(['start', '--no-simulate', '--host', '0.0.0.0'], { cwd: folder.path, env: { FRESHET_API_KEY: 'a-key' } })
    const url = guarded.url.replace('0.0.0.0', '127.0.0.1')
    await assert.rejects(showOf(url, 'none'), /401 .*authorization: Bearer KEY/)
    assert.equal(await showOf(url, 'none', { apiKey: 'a-key' }), null)
    assert.doesNotMatch(guarded.said(), /a-key/)
    await interrupt(guarded)
  })
})
