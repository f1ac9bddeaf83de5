import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { entityKey } from '../../events/entity.ts'
import { topicSpecs } from '../../events/topics.ts'
import type { DomainEventType, EventData } from '../../events/vocabulary.ts'
import { readChanges, type ChangeBatch } from '../../ingest/change-reader.ts'
import type { EntityChanged } from '../../ingest/changes.ts'
import { copiedMetrics } from '../../ingest/metric-copies.ts'
import { silentObserver, type Clock } from '../../ingest/observer.ts'
import { IndexUnavailableError, type EntityIndex, type Upsert } from '../../search/entity-index.ts'
import { textOf } from '../../search/entities.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { Harness } from './harness.ts'
import { InTurn } from './in-turn.ts'
import { LedgerIndex } from './ledger-index.ts'
import { announcements } from './outcome.ts'
import { SteppedIngest } from './stepped-ingest.ts'
import { recordOf } from './workload.ts'

const embedder = createHashingEmbedder()
const vector = `vector:${embedder.model}`

let made = 0
const event = <T extends DomainEventType>(type: T, id: string, data: EventData<T>) => ({
  specversion: '1.0', id: `behind-${made++}`, source: 'urn:test', type, subject: entityKey('livestream', id),
  time: new Date().toISOString(), data,
}) as Parameters<typeof recordOf>[1]
const stream = (id: string) => event('LivestreamStarted', id, { sellerId: 's1', title: 'First', category: 'cards' })
const retitled = (id: string, title: string) => event('LivestreamChanged', id, { title })
const viewed = (id: string) => event('LivestreamViewed', id, { userId: 'u1', sellerId: 's1', watchSeconds: 10 })

async function append({ log, topics }: Harness, ...events: Parameters<typeof recordOf>[1][]): Promise<void> {
  await log.ensureTopics(topicSpecs(topics))
  await log.append(events.map((each) => recordOf(topics, each)))
}

/** Follows the announcements of entities from the beginning. */
class Announced {
  readonly all: EntityChanged[] = []
  readonly #batches: AsyncIterator<ChangeBatch>

  constructor({ log, topics }: Harness) {
    const batches = async function* (): AsyncGenerator<ChangeBatch> {
      yield* readChanges({ log, topics, from: await log.starts([topics.changes]), signal: AbortSignal.timeout(20_000) })
    }
    this.#batches = batches()
  }

  /** One so far, or to come. */
  async any(holds: (change: EntityChanged) => boolean): Promise<EntityChanged> {
    return this.all.find(holds) ?? await this.next(holds)
  }

  /** The next one for which it holds. */
  async next(holds: (change: EntityChanged) => boolean): Promise<EntityChanged> {
    for (;;) {
      const { value, done } = await this.#batches.next()
      assert.ok(!done, 'expected another announcement within 20 s')
      this.all.push(...(value as ChangeBatch).entities)
      const found = (value as ChangeBatch).entities.find(holds)
      if (found) return found
    }
  }
}

/** The index, where calls that no event waits for can be held back or refused. Calls about one entity keep their order. */
class GatedIndex {
  readonly index: EntityIndex
  /** The writes of each call behind the rounds, as it came. */
  readonly calls: (readonly Upsert[])[] = []
  readonly writes: Upsert[] = []
  /** Decides over the calls to come, before they reach the index. */
  gate: (writes: readonly Upsert[]) => Promise<void> = () => Promise.resolve()
  #called: () => void = () => {}

  constructor(index: EntityIndex) {
    const inTurn = new InTurn()
    this.index = Object.assign(Object.create(index) as EntityIndex, {
      upsert: (writes: readonly Upsert[]) => inTurn.run(writes.map(({ kind, id }) => `${kind}:${id}`), async () => {
        this.writes.push(...writes)
        if (isBehind(writes)) {
          this.calls.push(writes)
          this.#called()
          await this.gate(writes)
        }
        await index.upsert(writes)
      }),
      delete: (entities: readonly { kind: 'livestream'; id: string }[]) =>
        inTurn.run(entities.map(({ kind, id }) => `${kind}:${id}`), () => index.delete(entities)),
      stats: () => index.stats(), open: () => index.open(), flush: () => index.flush(),
      getMany: (...args: Parameters<EntityIndex['getMany']>) => index.getMany(...args),
    })
  }

  /** The next call behind the rounds for which it holds. */
  async called(holds: (write: Upsert) => boolean): Promise<void> {
    const from = this.calls.length
    while (!this.calls.slice(from).flat().some(holds)) await new Promise<void>((resolve) => { this.#called = resolve })
  }

  /** Holds the calls to come back until the answer is called. */
  hold(): () => void {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.gate = () => promise
    return () => {
      this.gate = () => Promise.resolve()
      resolve()
    }
  }
}

const isBehind = (writes: readonly Upsert[]): boolean => writes.every(({ fields }) =>
  Object.keys(fields).every((name) => (copiedMetrics as readonly string[]).includes(name)))
const hasCopies = ({ fields }: Upsert): boolean => typeof fields.viewersNow === 'number'
const hasVector = ({ vectors }: Upsert): boolean => vectors?.[embedder.model] !== undefined

describe('writes behind the rounds', { timeout: 60_000 }, () => {
  test('an event is applied and announced while copies are on their way, and these are announced once the index has them', async () => {
    await using harness = await new Harness(1).open()
    const gated = new GatedIndex(harness.index)
    const release = gated.hold()
    const announced = new Announced(harness)
    await append(harness, stream('a'), viewed('a'), stream('b'))
    const held = gated.called(hasCopies)
    const running = harness.ingest({ index: gated.index })
    await held
    await append(harness, retitled('b', 'Second'))
    await announced.next(({ entity, after }) => entity === 'livestream:b' && after?.title === 'Second')
    assert.ok(announced.all.every(({ after }) => after?.viewersNow === undefined), 'not announced before it is written')
    assert.equal((await harness.index.getMany('livestream', ['a']))[0]?.fields.viewersNow, undefined)
    release()
    const copied = await announced.next(({ after }) => after?.viewersNow === 1)
    const [stored] = await harness.index.getMany('livestream', ['a'])
    assert.equal(stored?.fields.viewersNow, 1)
    assert.equal(stored?.revision, copied.revision)
    await running.stop()
    assert.equal(gated.writes.filter(hasCopies).length, 1, 'what is written is not written again to announce it')
  })

  test('a change that overtakes copies on their way is in the index with them, under the revision that was announced', async () => {
    await using harness = await new Harness(1).open()
    const gated = new GatedIndex(harness.index)
    const release = gated.hold()
    const announced = new Announced(harness)
    await append(harness, stream('a'), viewed('a'))
    const held = gated.called(hasCopies)
    let counted = 0
    const running = harness.ingest({ index: gated.index, metrics: { ...silentObserver, round: ({ indexWrites }) => { counted += indexWrites } } })
    await held
    // It waits for the call in the index; the bid behind it comes with the copies into the round after that.
    await append(harness, retitled('a', 'Second'))
    release()
    await announced.next(({ after }) => after?.title === 'Second')
    const last = await announced.any(({ after }) => after?.viewersNow === 1)
    await running.stop()
    const [stored] = await harness.index.getMany('livestream', ['a'])
    assert.deepEqual([stored?.fields.title, stored?.fields.viewersNow], ['Second', 1])
    assert.ok((stored?.revision ?? 0) >= last.revision)
    assert.equal(counted, gated.writes.length, 'what was written behind the rounds is counted, overtaken or not')
  })

  test('an index that refuses them is tried again and this is said, while events go on', async () => {
    await using harness = await new Harness(1).open()
    const gated = new GatedIndex(harness.index)
    let away = true
    gated.gate = async () => { if (away) throw new IndexUnavailableError('The index is away.') }
    const said: string[] = []
    const announced = new Announced(harness)
    const { promise: failedTwice, resolve } = Promise.withResolvers<void>()
    await append(harness, stream('a'), viewed('a'))
    const running = harness.ingest({
      index: gated.index,
      settings: { copyIntervalMs: 60_000 },
      metrics: {
        ...silentObserver,
        systemFailed: ({ system, what, attempt }) => {
          said.push(`${system} failed ${attempt}: ${what}`)
          if (attempt === 2) resolve()
        },
        systemRecovered: ({ system, attempts }) => said.push(`${system} works after ${attempts}`),
      },
    })
    await failedTwice
    await append(harness, stream('b'))
    await announced.next(({ entity }) => entity === 'livestream:b')
    away = false
    await announced.next(({ entity, after }) => entity === 'livestream:a' && after?.viewersNow === 1)
    await running.stop()
    assert.deepEqual(said.slice(0, 2), [1, 2].map((attempt) => `index failed ${attempt}: writing metrics and vectors behind the events`))
    assert.match(said.at(-1) ?? '', /^index works after \d+$/)
  })

  test('an entity that is deleted while they fail is not made again', async () => {
    await using harness = await new Harness(1).open()
    const gated = new GatedIndex(harness.index)
    let away = true
    gated.gate = async () => { if (away) throw new IndexUnavailableError('The index is away.') }
    const announced = new Announced(harness)
    await append(harness, { ...event('LivestreamViewed', 'x', { userId: 'u1', sellerId: 'gone', watchSeconds: 10 }) })
    await append(harness, { ...event('SellerRegistered' as never, 'x', { name: 'Gone' } as never), subject: 'seller:gone' } as never)
    const held = gated.called(({ id }) => id === 'gone')
    const running = harness.ingest({ index: gated.index })
    await held
    await append(harness, { ...event('SellerDeleted' as never, 'x', {} as never), subject: 'seller:gone' } as never)
    await announced.next(({ operation }) => operation === 'deleted')
    const from = gated.calls.length
    away = false
    await append(harness, stream('a'), viewed('a'))
    await announced.next(({ after }) => after?.viewersNow === 1)
    await running.stop()
    assert.ok(gated.calls.slice(from).flat().every(({ id }) => id !== 'gone'))
    assert.deepEqual(await harness.index.getMany('seller', ['gone']), [null])
  })

  test('a text that is what it was, while the vector of another one is on its way, gets its own vector back', async () => {
    await using harness = await new Harness(1).open()
    await using index = await LedgerIndex.open(embedder.model)
    const ingest = new SteppedIngest({ ...harness, index })
    const vectorOf = async () => (await index.getMany('livestream', ['a'], { withVectors: [embedder.model] }))[0]?.vectors?.[embedder.model]
    await append(harness, stream('a'))
    await ingest.takeOver()
    await ingest.round()
    const first = await vectorOf()
    await append(harness, retitled('a', 'Another'))
    await ingest.round()
    ingest.writeBehind('taken')
    await append(harness, retitled('a', 'First'))
    await ingest.round()
    assert.notDeepEqual(await vectorOf(), first)
    await ingest.finish()
    assert.deepEqual(await vectorOf(), first)
    assert.equal((await index.getMany('livestream', ['a']))[0]?.fields.title, 'First')
  })

  test('a round that changes what is on its way takes it in; what was written twice has two revisions, and both rise', async () => {
    await using harness = await new Harness(1).open()
    await using index = await LedgerIndex.open(embedder.model)
    const ingest = new SteppedIngest({ ...harness, index })
    const stored = async () => (await index.getMany('livestream', ['a']))[0]
    await append(harness, stream('a'), viewed('a'))
    await ingest.takeOver()
    await ingest.round()
    const created = await stored()
    for (const fate of ['taken', 'lost', 'taken, and not said'] as const) {
      const before = await stored()
      ingest.wait(40_000)
      ingest.writeBehind(fate)
      await append(harness, viewed('a'), retitled('a', fate))
      await ingest.round()
      const after = await stored()
      assert.equal(after?.fields.title, fate)
      assert.equal(typeof after?.fields.popularity, 'number')
      assert.equal(after?.revision, (before?.revision ?? 0) + 2)
    }
    const batches = await announcements(harness.log, harness.topics)
    const changes = batches.flatMap(({ entities }) => entities).filter(({ entity }) => entity === 'livestream:a')
    assert.deepEqual(changes.map(({ revision }) => revision - (created?.revision ?? 0)), [0, 2, 4, 6])
    for (const change of changes) index.announced(change)
    assert.deepEqual(index.faults, [])
  })

  test('a stop waits for the call under way and announces it before it closes, with the vectors that were still to come', async () => {
    await using harness = await new Harness(1).open()
    const gated = new GatedIndex(harness.index)
    const announced = new Announced(harness)
    const running = harness.ingest({ index: gated.index })
    await append(harness, stream('a'), stream('b'))
    await announced.next(({ entity }) => entity === 'livestream:b')
    const release = gated.hold()
    const held = gated.called(hasVector)
    await append(harness, retitled('a', 'Other a'))
    await held
    await append(harness, retitled('b', 'Other b'))
    await announced.next(({ after }) => after?.title === 'Other b')
    let stopped = false
    const stopping = running.stop().then(() => { stopped = true })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(stopped, false)
    release()
    await stopping
    for (const id of ['a', 'b']) {
      const [stored] = await harness.index.getMany('livestream', [id], { withVectors: [embedder.model] })
      const [expected] = await embedder.embed([textOf('livestream', { ...stored?.fields })])
      assert.deepEqual(stored?.vectors?.[embedder.model], expected)
      await announced.any(({ entity, changed, operation }) => entity === `livestream:${id}` && operation === 'updated' && vector in changed)
    }
  })

  test('copies take turns: each call has few, and those that had no room come in the next ones', async () => {
    await using harness = await new Harness(1).open()
    const gated = new GatedIndex(harness.index)
    let ahead = 0
    const clock: Clock = { now: () => Date.now() + ahead }
    const ids = Array.from({ length: 40 }, (_, i) => `s${i}`)
    await append(harness, ...ids.map(stream), ...ids.map(viewed))
    const announced = new Announced(harness)
    const running = harness.ingest({ index: gated.index, clock })
    const left = new Set(ids)
    while (left.size > 0) {
      await announced.next(({ after }) => after?.viewersNow === 1)
      for (const { entity, after } of announced.all) if (after?.viewersNow === 1) left.delete(entity.slice('livestream:'.length))
    }
    ahead = 40_000
    const fallen = new Set<string>()
    while (fallen.size < ids.length) {
      await announced.next(({ after }) => after?.viewersNow === 0)
      for (const { entity, after } of announced.all) if (after?.viewersNow === 0) fallen.add(entity)
    }
    await running.stop()
    assert.ok((gated.calls[0]?.length ?? 0) <= 4, `the first call had ${gated.calls[0]?.length} entities`)
  })
})
