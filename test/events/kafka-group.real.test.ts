import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { openKafkaLog } from '../../events/kafka.ts'
import { parsePartitionKey, partitionKey, type Assignment, type EventLog, type LogRecord } from '../../events/log.ts'
import { requireReal } from '../servers/available.ts'
import { startKafka, type KafkaServer } from '../servers/kafka.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { take } from './contract.ts'

const PARTITIONS = 6
const bytes = (text: string) => new TextEncoder().encode(text)
const where = ({ topic, partition, offset }: LogRecord) => `${partitionKey(topic, partition)}@${offset}`

/** What members of a group share in place of ingest's checkpoints: positions, and everything that was processed. */
class Work {
  readonly processed: LogRecord[] = []
  readonly positions: Record<string, number>
  #wake: (() => void)[] = []

  constructor(positions: Record<string, number>) {
    this.positions = positions
  }

  take(batch: readonly LogRecord[]): void {
    this.processed.push(...batch)
    for (const { topic, partition, offset } of batch) this.positions[partitionKey(topic, partition)] = offset + 1
    for (const wake of this.#wake.splice(0)) wake()
  }

  async reaches(count: number): Promise<void> {
    while (this.processed.length < count) await new Promise<void>((resolve) => { this.#wake.push(resolve) })
  }
}

/** Processes what it owns until it is told to leave. */
async function member(log: EventLog, group: string, topics: readonly string[], work: Work, signal: AbortSignal,
  onAssignment: (assignment: Assignment) => void = () => {}): Promise<void> {
  for await (const assignment of log.join({ group, topics, signal })) {
    onAssignment(assignment)
    if (assignment.partitions.length === 0) continue
    const from = Object.fromEntries(Object.entries(work.positions).filter(([key]) => assignment.partitions.includes(parsePartitionKey(key).partition)))
    for await (const batch of assignment.read({ from, signal, maxRecords: 50 })) {
      if (assignment.signal.aborted) break
      work.take(batch)
    }
  }
}

describe('members of a Kafka group', { skip: requireReal('kafka'), timeout: 120_000 }, () => {
  let log: EventLog
  let brokers: string[]
  let topics: string[]
  let group: string
  before(async () => {
    ({ brokers } = await sharedKafka())
    log = await openKafkaLog({ brokers, clientId: 'group', partitions: PARTITIONS })
    const prefix = uniquePrefix()
    topics = [`${prefix}.one`, `${prefix}.two`]
    group = `${prefix}.group`
    await log.ensureTopics(topics.map((name) => ({ name })))
  })
  after(() => log.close())

  test('members that come and go miss nothing and repeat nothing', async () => {
    const work = new Work({ ...await log.starts(topics) })
    const stops = Array.from({ length: 4 }, () => new AbortController())
    const members: Promise<void>[] = []
    const join = (index: number): Promise<Assignment> => {
      const assigned = Promise.withResolvers<Assignment>()
      members.push(member(log, group, topics, work, stops[index]!.signal, (assignment) => {
        if (assignment.partitions.length > 0) assigned.resolve(assignment)
      }))
      return assigned.promise
    }
    let appended = 0
    let more = true
    const load = (async () => {
      while (more) {
        await log.append(Array.from({ length: 10 }, (_, i) => ({ topic: topics[i % 2]!, key: `k${appended + i}`, value: bytes(String(appended + i)) })))
        appended += 10
      }
    })()
    const first = await join(0)
    assert.equal(first.partitions.length, PARTITIONS)
    const second = await join(1)
    assert.equal(first.signal.aborted, true, 'the first was told that it no longer owns them')
    assert.equal(second.partitions.length, PARTITIONS / 2)
    await join(2)
    stops[0]!.abort()
    await members[0]
    await join(3)
    stops[2]!.abort()
    await members[2]
    more = false
    await load
    await work.reaches(appended)
    for (const stop of stops) stop.abort()
    await Promise.all(members)
    const content = (await take(log, await log.starts(topics), appended)).map(where)
    assert.deepEqual(work.processed.map(where).sort(), content.sort())
    for (const key of Object.keys(work.positions)) {
      const offsets = work.processed.filter((record) => partitionKey(record.topic, record.partition) === key).map(({ offset }) => offset)
      assert.deepEqual(offsets, [...offsets].sort((a, b) => a - b), `${key} was processed in order`)
    }
  })

  test('who stays keeps what it owns, and owns the same number of every topic', async () => {
    const stops = Array.from({ length: 3 }, () => new AbortController())
    const signals = stops.map(({ signal }) => log.join({ group: `${group}.sticky`, topics, signal })[Symbol.asyncIterator]())
    const next = async (index: number, count: number): Promise<Assignment> => {
      for (;;) {
        const { value, done } = await signals[index]!.next()
        assert.ok(!done)
        if (value.partitions.length === count) return value
      }
    }
    await next(0, 6)
    const [a3, b3] = await Promise.all([next(0, 3), next(1, 3)])
    assert.deepEqual([...a3.partitions, ...b3.partitions].sort(), [0, 1, 2, 3, 4, 5])
    const [a2, b2, c2] = await Promise.all([next(0, 2), next(1, 2), next(2, 2)])
    assert.ok(a2.partitions.every((partition) => a3.partitions.includes(partition)))
    assert.ok(b2.partitions.every((partition) => b3.partitions.includes(partition)))
    stops[2]!.abort()
    const [a, b] = await Promise.all([next(0, 3), next(1, 3)])
    assert.ok(a2.partitions.every((partition) => a.partitions.includes(partition)))
    assert.ok(b2.partitions.every((partition) => b.partitions.includes(partition)))
    assert.deepEqual([...a.partitions, ...b.partitions].sort(), [0, 1, 2, 3, 4, 5])
    assert.ok(c2.signal.aborted)
    // A member that owns number n reads n of both topics, and nothing else is handed to it.
    assert.throws(() => a.read({ from: { [partitionKey(topics[0]!, b.partitions[0]!)]: 0 }, signal: stops[0]!.signal }), /owned partitions/)
    for (const stop of stops) stop.abort()
  })

  test('a member that is killed is replaced within 10 s by one that read nothing all the while', async (t) => {
    const name = `${group}.takeover`
    const stop = new AbortController()
    const script = fileURLToPath(new URL('kafka-member.ts', import.meta.url))
    const child = spawn(process.execPath, [script, brokers.join(','), name, topics[0]!, String(PARTITIONS)], { stdio: ['pipe', 'pipe', 'inherit'] })
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
      await lines.next()
      const assignments = log.join({ group: name, topics: [topics[0]!], signal: stop.signal })[Symbol.asyncIterator]()
      const { value: shared } = await assignments.next() as { value: Assignment }
      assert.equal(shared.partitions.length, PARTITIONS / 2)
      const killed = performance.now()
      child.kill('SIGKILL')
      await once(child, 'exit')
      const { value: whole } = await assignments.next() as { value: Assignment }
      const took = performance.now() - killed
      t.diagnostic(`taken over after ${Math.round(took)} ms`)
      assert.equal(whole.partitions.length, PARTITIONS)
      assert.equal(shared.signal.aborted, true)
      assert.ok(whole.epoch > shared.epoch)
      assert.ok(took <= 10_000, `took ${took} ms`)
    } finally {
      child.kill('SIGKILL')
      stop.abort()
    }
  })

  test('positions committed by a member that was revoked meanwhile are not stored', async () => {
    const name = `${group}.late`
    const stops = [new AbortController(), new AbortController()]
    const first = log.join({ group: name, topics, signal: stops[0]!.signal })[Symbol.asyncIterator]()
    const { value: former } = await first.next() as { value: Assignment }
    await former.commit({ [partitionKey(topics[0]!, 0)]: 1 })
    stops[0]!.abort()
    await first.next()
    await former.commit({ [partitionKey(topics[0]!, 0)]: 2 })
    const second = log.join({ group: name, topics, signal: stops[1]!.signal })[Symbol.asyncIterator]()
    const { value: latter } = await second.next() as { value: Assignment }
    assert.deepEqual(latter.committed, { [partitionKey(topics[0]!, 0)]: 1 })
    stops[1]!.abort()
  })
})

describe('a Kafka group whose only broker dies', { skip: requireReal('kafka'), timeout: 120_000 }, () => {
  let server: KafkaServer
  let log: EventLog | undefined
  before(async () => {
    // A killed broker may register again when its former session has run out: that is most of what a restart takes.
    server = await startKafka({ settings: { 'broker.session.timeout.ms': 3_000, 'broker.heartbeat.interval.ms': 500 } })
  })
  after(async () => {
    await log?.close()
    await server[Symbol.asyncDispose]()
  })

  test('goes on where it was, missing and repeating nothing', async () => {
    const opened = log = await openKafkaLog({ brokers: server.brokers, clientId: 'group', partitions: PARTITIONS })
    const prefix = uniquePrefix()
    const topics = [`${prefix}.one`]
    await opened.ensureTopics(topics.map((name) => ({ name })))
    const work = new Work({ ...await opened.starts(topics) })
    const stop = new AbortController()
    const members = [1, 2].map(() => member(opened, `${prefix}.group`, topics, work, stop.signal))
    const append = async (from: number): Promise<void> => {
      for (let i = from; i < from + 100; i++) await opened.append([{ topic: topics[0]!, key: `k${i}`, value: bytes(String(i)) }])
    }
    await append(0)
    await work.reaches(50)
    await server.kill()
    const during = append(100)
    await server.restart()
    await during
    await append(200)
    await work.reaches(300)
    stop.abort()
    await Promise.all(members)
    assert.deepEqual(work.processed.map(where).sort(), (await take(log, await opened.starts(topics), 300)).map(where).sort())
  })
})
