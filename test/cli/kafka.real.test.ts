import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openKafkaLog } from '../../events/kafka.ts'
import { topicNames, topicSpecs } from '../../events/topics.ts'
import { requireReal } from '../servers/available.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../servers/shared.ts'
import { ask, interrupt, publishShow, runProgram, showOf, startProgram, startRole, type Program } from './program.ts'

describe('roles as processes of their own, on Kafka and Weaviate', { skip: requireReal('kafka', 'weaviate'), timeout: 240_000 }, () => {
  test('end in one line where the topics have another count of partitions, and doctor says what to set', async () => {
    const { brokers } = await sharedKafka()
    const prefix = uniquePrefix()
    const log = await openKafkaLog({ brokers, clientId: 'test', partitions: 1 })
    await log.ensureTopics(topicSpecs(topicNames(prefix)))
    await log.close()
    await using folder = temporaryDirectory('cli')
    const env = { FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: prefix, FRESHET_PARTITIONS: '2', FRESHET_DATA_DIR: folder.path, FRESHET_CURSOR_KEY: 'sixteen letters or more', PORT: '0' }
    const started = await runProgram(['start', '--no-simulate'], { cwd: folder.path, env })
    assert.deepEqual([started.code, started.stdout], [1, ''])
    assert.match(started.stderr, /^freshet: expected the topic \S+ to have 2 partitions, but it has 1: [^\n]+\n$/)
    const doctor = await runProgram(['doctor'], { cwd: folder.path, env })
    assert.equal(doctor.code, 1)
    assert.match(doctor.stdout, /^WRONG {2}event log .*: the topic \S+ has 1 partitions, the setting says 2\n +→ Set FRESHET_PARTITIONS=1, or another FRESHET_TOPIC_PREFIX\.$/m)
  })

  test('share the log and the index and nothing else: gateways agree, and an ingest that dies is replaced', async (t) => {
    const [{ brokers }, { url, grpcHost, grpcPort }] = await Promise.all([sharedKafka(), sharedWeaviate()])
    const env = {
      FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: uniquePrefix(),
      FRESHET_WEAVIATE_URL: url, FRESHET_WEAVIATE_GRPC_URL: `http://${grpcHost}:${grpcPort}`,
    }
    await using stack = new AsyncDisposableStack()
    const folder = (): string => stack.use(temporaryDirectory('cli')).path
    const start = (...args: string[]): Program => stack.use(startProgram(args, { cwd: folder(), env }))

    const one = start('ingest')
    await one.says(/ingest owns partitions partitions=0 1 2 3/)
    const two = start('ingest')
    await two.says(/ingest owns partitions/)
    const [a, b] = await Promise.all([1, 2].map(async () => stack.use(await startRole(['gateway'], { cwd: folder(), env }))))
    assert.ok(a && b)
    assert.match(a.said(), /log {7}Kafka at /)
    assert.match(a.said(), /index {5}Weaviate at /)

    const token = await publishShow(a.url, 'seen-by-both')
    assert.equal(await showOf(b.url, 'seen-by-both', { token }), 'Show seen-by-both by Seller of seen-by-both')

    const market = start('simulate', '--simulate-rate', '50')
    await market.says(/Producing 50 events\/s to Kafka at /)
    await market.says(/^\d+ events, \d+\/s, [1-9]\d* people online/m)

    one.send('SIGKILL')
    const diedAt = performance.now()
    await one.ended
    // Shows of many keys: some of them fall to the partitions of the dead one, and each token waits for its own.
    const ids = Array.from({ length: 8 }, (_, index) => `after-${index}`)
    const tokens = await Promise.all(ids.map((id) => publishShow(a.url, id)))
    await two.says(/ingest owns partitions partitions=0 1 2 3 /)
    t.diagnostic(`taken over after ${(performance.now() - diedAt).toFixed(0)} ms`)
    const shows = await Promise.all(ids.map((id, index) => showOf(b.url, id, { token: tokens[index] as string })))
    assert.deepEqual(shows, ids.map((id) => `Show ${id} by Seller of ${id}`))

    const { livestreams } = await ask<{ livestreams: { nodes: { title: string; seller: { name: string } | null }[] } }>(
      b.url, '{ livestreams(filter: { status: { eq: LIVE } }, first: 20) { nodes { title seller { name } } } }')
    assert.ok(livestreams.nodes.length > ids.length, 'the marketplace has streams of its own')
    market.send('SIGTERM')
    assert.equal((await market.ended).code, 0)
    for (const program of [two, a, b]) await interrupt(program)
    for (const program of [one, two, a, b, market]) assert.doesNotMatch(program.said(), /Warning: /)
  })
})
