import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { requireReal } from '../../servers/available.ts'
import { temporaryDirectory } from '../../servers/process.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../../servers/shared.ts'
import { runProgram, startProgram, startRole } from '../program.ts'

/** Nobody listens there. */
const nowhere = { FRESHET_KAFKA_BROKERS: '127.0.0.1:1', FRESHET_WEAVIATE_URL: 'http://127.0.0.1:1', FRESHET_GATEWAY_PROCESSES: '2' }

const childrenOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number)

const lives = (pid: number): boolean => {
  try {
    // One that has ended and that nobody has asked for is a zombie.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

/** The time limit of the test ends a wait that is in vain. */
const until = async (holds: () => boolean): Promise<void> => {
  while (!holds()) await new Promise(setImmediate)
}

describe('freshet gateway --processes', { timeout: 120_000 }, () => {
  test('is refused where the settings do not allow it, with the key, what was expected and an example', async () => {
    await using folder = temporaryDirectory('processes')
    const embedded = await runProgram(['gateway', '--processes', '2'], { cwd: folder.path })
    assert.equal(embedded.code, 1)
    assert.match(embedded.stderr, /^freshet: gateway\.processes: expected 1 where "kafka\.brokers" and "weaviate\.url" are not both set.*got 2\. For example: /)
    const start = await runProgram(['start'], { cwd: folder.path, env: nowhere })
    assert.equal(start.code, 1)
    assert.match(start.stderr, /^freshet: gateway\.processes: expected 1, as "freshet start" runs every role in one process; got 2\. .*freshet gateway --processes 2$/m)
    const many = await runProgram(['gateway', '--processes', '65'], { cwd: folder.path, env: nowhere })
    assert.match(many.stderr, /--processes: expected a whole number from 1 to 64, got "65"/)
  })

  test('says once that the port is taken', async () => {
    await using folder = temporaryDirectory('processes')
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { code, stderr } = await runProgram(['gateway'], { cwd: folder.path, env: { ...nowhere, PORT: String((taken.address() as AddressInfo).port) } })
    taken.close()
    assert.equal(code, 1)
    assert.equal(stderr.match(/is taken: end the program that has it/g)?.length, 1)
  })

  test('is ended while it still waits for Kafka, about which it has spoken once', async () => {
    await using folder = temporaryDirectory('processes')
    await using program = startProgram(['gateway', '--port', '0'], { cwd: folder.path, env: nowhere, group: true })
    await program.says(/Kafka .* is not available/)
    program.send('SIGINT')
    const { code, stdout, stderr } = await program.ended
    assert.equal(code, 0, stderr)
    assert.match(stdout, /Ended cleanly\.\n$/)
    assert.equal(stderr.match(/is not available/g)?.length, 1)
    assert.equal(stderr.match(/cursors of subscriptions fit these processes alone/g)?.length, 1)
    assert.doesNotMatch(stderr, /^\s+at /m)
  })

  test('ends as a whole, with the code, when one of them cannot start', { skip: !existsSync('/proc/self/task') }, async () => {
    await using folder = temporaryDirectory('processes')
    await using program = startProgram(['gateway', '--port', '0'], { cwd: folder.path, env: nowhere })
    await program.says(/Kafka .* is not available/)
    const [one, other] = childrenOf(program.pid)
    process.kill(one as number, 'SIGKILL')
    const { code, stderr } = await program.ended
    assert.equal(code, 137)
    assert.match(stderr, /^freshet: A gateway process ended \(SIGKILL\) before it could serve\.$/m)
    assert.equal(lives(other as number), false)
  })
})

describe('freshet gateway --processes, on Kafka and Weaviate', { skip: requireReal('kafka', 'weaviate') || !existsSync('/proc/self/task'), timeout: 120_000 }, () => {
  test('says why it cannot start, passes signals on, and keeps no client waiting for a process that has died', async () => {
    const [{ brokers }, { url, grpcHost, grpcPort }] = await Promise.all([sharedKafka(), sharedWeaviate()])
    const env = {
      FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: uniquePrefix(), FRESHET_GATEWAY_PROCESSES: '2',
      FRESHET_WEAVIATE_URL: url, FRESHET_WEAVIATE_GRPC_URL: `http://${grpcHost}:${grpcPort}`, TMPDIR: '',
    }
    await using folder = temporaryDirectory('processes')
    await using shared = temporaryDirectory('shared')
    const cwd = folder.path
    // Where they listen for each other.
    env.TMPDIR = shared.path
    await using ingest = startProgram(['ingest'], { cwd, env })
    await ingest.says(/ingest owns partitions/)
    const mistaken = await runProgram(['gateway', '--port', '0'], { cwd, env: { ...env, FRESHET_PARTITIONS: '3' } })
    assert.equal(mistaken.code, 1)
    assert.equal(mistaken.stderr.match(/^freshet: .*partitions/gm)?.length, 1, mistaken.stderr)

    await using gateway = await startRole(['gateway'], { cwd, env, group: true })
    const [hung] = childrenOf(gateway.pid)
    process.kill(hung as number, 'SIGSTOP')
    const answers = Array.from({ length: 6 }, () => fetch(`${gateway.url}/health/ready`, { headers: { connection: 'close' } }).then(({ status }) => status, () => 'closed'))
    // Five at least are answered by the other one.
    let answered = 0
    for (const answer of answers) void answer.then(() => { answered++ })
    await until(() => answered >= 5)
    process.kill(hung as number, 'SIGKILL')
    const became = await Promise.all(answers)
    assert.ok(became.filter((each) => each === 200).length >= 5 && became.filter((each) => each === 'closed').length <= 1, became.join(', '))
    await gateway.says(/has taken the place/)

    gateway.send('SIGHUP')
    await gateway.says(/Looked for a changed supergraph/)
    gateway.send('SIGINT')
    const { code, stdout, stderr } = await gateway.ended
    assert.equal(code, 0)
    assert.match(stdout, /Ended cleanly\.\n$/)
    assert.equal(stderr.match(/Looked for a changed supergraph/g)?.length, 1)

    await using second = await startRole(['gateway'], { cwd, env })
    const serving = childrenOf(second.pid)
    assert.equal(serving.length, 2)
    second.send('SIGKILL')
    await second.ended
    await until(() => !serving.some(lives))
    assert.deepEqual(readdirSync(shared.path), [], 'nothing is left of them')
  })
})
