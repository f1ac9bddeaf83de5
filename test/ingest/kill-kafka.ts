import assert from 'node:assert/strict'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { EventLog, NewRecord, Positions } from '../../events/log.ts'
import { openKafkaLog } from '../../events/kafka.ts'
import { domainTopics, topicNames, topicSpecs, type Topics } from '../../events/topics.ts'
import { readChanges } from '../../ingest/change-reader.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { Harness } from './harness.ts'
import { announcements, assertSame, outcome } from './outcome.ts'
import { randomFrom, recordsOf } from './workload.ts'
import { assertOwnRevisions } from './write-ledger.ts'

const partitions = 4
const child = fileURLToPath(new URL('kill-kafka-child.ts', import.meta.url))

interface Member {
  process: ChildProcess
  output: string
  /** Resolves when it owns partitions for the first time, or has ended. */
  owns: Promise<unknown>
}

export interface KillsOnKafka {
  /** Ms from each kill to the moment at which every partition had announced something under a new owner. */
  takeovers: number[]
}

/**
 * Events happen more slowly than they are appended, and the uninterrupted run is appended at the end: what is older than the
 * allowed lateness by then would count in one of them alone. No kill begins after this, ms.
 */
const longest = 180_000

/**
 * Two ingest processes share the partitions on Kafka while events keep coming; by turns one is killed at a random moment, one
 * in four times the one that is just coming back. What is left must equal an uninterrupted run of the same events.
 *
 * @param onKill told after each takeover
 */
export async function killMembersInTurn(
  { kills, seed, onKill = () => {} }: { kills: number; seed: number; onKill?: (takeoverMs: number) => void },
): Promise<KillsOnKafka> {
  const { brokers } = await sharedKafka()
  const prefix = uniquePrefix()
  const topics = topicNames(prefix)
  const random = randomFrom(seed)
  const directory = mkdtempSync(join(tmpdir(), 'freshet-kill-kafka-'))
  const members: Member[] = []
  const ended = new AbortController()
  const log = await openKafkaLog({ brokers, partitions, topicPrefix: prefix, clientId: 'kill-test-parent' })
  try {
    await log.ensureTopics(topicSpecs(topics))
    const start = (name: number): Member => {
      const running = spawn(process.execPath, [child, brokers.join(), prefix, String(partitions), join(directory, String(name))], { stdio: 'pipe' })
      const owning = Promise.withResolvers<unknown>()
      const member: Member = { process: running, output: '', owns: owning.promise }
      running.once('close', owning.resolve)
      for (const stream of [running.stdout, running.stderr]) {
        stream.setEncoding('utf8').on('data', (text: string) => {
          member.output += text
          if (member.output.includes('ingest owns partitions')) owning.resolve(undefined)
        })
      }
      return member
    }
    members.push(start(0), start(1))
    /** Ms from now until each partition has announced something again, under whatever owner. */
    const goesOn = async (since = Date.now()): Promise<number> => {
      const takeover = await watch.everyShardMoves(since, 30_000, members) - since
      onKill(takeover)
      return takeover
    }
    const kill = async ({ process: running }: Member): Promise<number> => {
      const killedAt = Date.now()
      running.kill('SIGKILL')
      await once(running, 'close')
      return goesOn(killedAt)
    }
    const watch = new Watch(log, topics, await log.starts([topics.changes]), ended.signal)
    const feed = new Feed(log, topics, seed)
    feed.run(ended.signal)
    await watch.everyShardMoves(Date.now(), 60_000)

    await Promise.all(members.map(({ owns }) => owns))

    const takeovers: number[] = []
    const startedAt = performance.now()
    for (let next = 0; takeovers.length < kills && performance.now() - startedAt < longest; next = 1 - next) {
      const victim = members[next] as Member
      await watch.batches(1 + Math.floor(random() * 40))
      takeovers.push(await kill(victim))
      const returning = start(next)
      members[next] = returning
      if (takeovers.length < kills && random() < 0.25) {
        // While it starts, joins or takes its share: a moment of the clock, as nothing tells of these from outside.
        const moment = setTimeout(() => returning.process.kill('SIGKILL'), random() * 2_500)
        await once(returning.process, 'close')
        clearTimeout(moment)
        takeovers.push(await goesOn())
        members[next] = start(next)
      }
      await (members[next] as Member).owns
    }
    await feed.stop()
    await watch.covers(await log.ends(domainTopics(topics)))
    for (const { process: running } of members) running.kill('SIGTERM')
    await Promise.all(members.map(async ({ process: running, output }) => {
      const [code] = running.exitCode === null ? await once(running, 'close') as [number | null] : [running.exitCode]
      assert.equal(code, 0, `a member ended with ${code}: ${output}`)
    }))
    const now = Date.now()
    const { entities: _, ...actual } = await outcome(log, topics, now)
    assertOwnRevisions([0, 1].map((name) => join(directory, `${name}.writes`)), await announcements(log, topics))
    const { entities: __, ...expected } = await uninterrupted(feed, now)
    assertSame({ ...actual, covered: namedAlike(actual.covered, prefix) }, { ...expected, covered: namedAlike(expected.covered, 'freshet') })
    return { takeovers }
  } finally {
    ended.abort()
    for (const { process: running } of members) running.kill('SIGKILL')
    await log.close()
    rmSync(directory, { recursive: true, force: true })
  }
}

const namedAlike = (positions: Positions, prefix: string): Positions =>
  Object.fromEntries(Object.entries(positions).map(([key, position]) => [key.slice(prefix.length), position]))

/** The same events in the same order on the embedded log, with nobody killed. */
async function uninterrupted(feed: Feed, now: number) {
  await using harness = await new Harness(partitions).open()
  await harness.log.ensureTopics(topicSpecs(harness.topics))
  for (const records of feed.appended(harness.topics)) await harness.log.append(records)
  const running = harness.ingest()
  await Promise.race([harness.announced(), running.ended])
  await running.stop()
  return await outcome(harness.log, harness.topics, now)
}

/** Appends events in small batches until told to stop, and remembers how many. */
class Feed {
  readonly #log: EventLog
  readonly #topics: Topics
  readonly #seed: number
  readonly #startAt = Date.now()
  #batches = 0
  #running: Promise<void> = Promise.resolve()
  #stop = false

  constructor(log: EventLog, topics: Topics, seed: number) {
    this.#log = log
    this.#topics = topics
    this.#seed = seed
  }

  #records(topics: Topics) {
    return recordsOf(topics, {
      seed: this.#seed, users: 40, sellers: 6, livestreams: 16, events: 1_000_000, startAt: this.#startAt, stepMs: 1, duplicates: 0.02, garbage: 0.01,
    })
  }

  run(signal: AbortSignal): void {
    this.#running = (async () => {
      const records = this.#records(this.#topics)
      while (!this.#stop && !signal.aborted) {
        await this.#log.append(next(records), { signal })
        this.#batches++
        // The pace of the producer, not a wait for anything.
        await delay(40, undefined, { signal })
      }
    })()
    this.#running.catch(() => {})
  }

  async stop(): Promise<void> {
    this.#stop = true
    await this.#running
  }

  *appended(topics: Topics) {
    const records = this.#records(topics)
    for (let i = 0; i < this.#batches; i++) yield next(records)
  }
}

const perBatch = 12

/** The next few; unlike `take`, it leaves the generator open. */
const next = (records: Iterator<NewRecord>): NewRecord[] => Array.from({ length: perBatch }, () => records.next().value as NewRecord)

/** Follows the announcements. */
class Watch {
  readonly #covered: Record<string, number> = {}
  readonly #rekeyed: Record<string, number> = {}
  /** When each shard last announced something. */
  readonly #last = new Map<number, number>()
  #count = 0
  #wake: (() => void)[] = []

  constructor(log: EventLog, topics: Topics, from: Positions, signal: AbortSignal) {
    void this.#follow(log, topics, from, signal)
  }

  async #follow(log: EventLog, topics: Topics, from: Positions, signal: AbortSignal): Promise<void> {
    for await (const { shard, progress } of readChanges({ log, topics, from, signal })) {
      Object.assign(this.#covered, progress.covered)
      for (const [key, end] of Object.entries(progress.rekeyed)) this.#rekeyed[key] = Math.max(this.#rekeyed[key] ?? 0, end)
      this.#last.set(shard, progress.appliedAt)
      this.#count++
      this.#wake.splice(0).forEach((wake) => wake())
    }
  }

  async #until(holds: () => boolean, limitMs: number, what: () => string): Promise<void> {
    const limit = AbortSignal.timeout(limitMs)
    while (!holds()) {
      if (limit.aborted) throw new Error(what())
      await Promise.race([new Promise<void>((resolve) => this.#wake.push(resolve)), once(limit, 'abort')])
    }
  }

  batches(count: number): Promise<void> {
    const wanted = this.#count + count
    return this.#until(() => this.#count >= wanted, 30_000, () => 'expected announcements, none came for 30 s')
  }

  /** When the last of the shards had announced something that was applied after `since`. */
  async everyShardMoves(since: number, limitMs: number, members: readonly Member[] = []): Promise<number> {
    const behind = () => Array.from({ length: partitions }, (_, shard) => shard).filter((shard) => (this.#last.get(shard) ?? 0) <= since)
    await this.#until(() => behind().length === 0, limitMs,
      () => `expected every partition to go on within ${limitMs} ms; ${behind().join()} did not\n${members.map(({ output }) => output).join('\n---\n')}`)
    return Math.max(...this.#last.values())
  }

  covers(ends: Positions): Promise<void> {
    const all = () => Object.entries(ends).every(([key, end]) => (this.#covered[key] ?? 0) >= end) &&
      Object.entries(this.#rekeyed).every(([key, end]) => (this.#covered[key] ?? 0) >= end)
    return this.#until(all, 60_000, () => 'expected everything to be announced within 60 s')
  }
}
