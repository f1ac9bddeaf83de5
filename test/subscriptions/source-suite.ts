import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { EntityKey } from '../../events/entity.ts'
import type { EventLog } from '../../events/log.ts'
import { domainTopics, partitionOf, topicNames, topicSpecs } from '../../events/topics.ts'
import { encodeAnnouncement, type Announcement } from '../../ingest/announcement.ts'
import { readChanges } from '../../ingest/change-reader.ts'
import type { EntityChanged } from '../../ingest/changes.ts'
import type { LiveSource, MovedMetrics } from '../../resolvers/context.ts'
import type { Cut, DeliveryRequest, SourceEvent } from '../../resolvers/live.ts'
import { counterNames } from '../../ingest/effects.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { ChangeHub } from '../../subscriptions/change-hub.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { EventTail } from '../../subscriptions/event-tail.ts'
import type { LiveQueries } from '../../subscriptions/live-queries.ts'
import { createLiveSource } from '../../subscriptions/live-source.ts'
import type { RingOptions } from '../../subscriptions/ring.ts'
import { toAppendedEvent } from '../../subscriptions/tailed.ts'

const zero = Object.fromEntries(counterNames.map((name) => [name, 0])) as Record<typeof counterNames[number], number>
const window = { ...zero, viewers: 0 }
const nothing = { viewersNow: 0, windows: { '30s': window, '5m': window, '1h': window }, decayed: zero, total: zero, eventTime: 0, appliedAt: 0 }

/** A log to run on, and how its oldest records go. */
export interface SuiteLog {
  log: EventLog
  prefix: string
  /** Removes what lies before these offsets (`topic/partition`); the log may keep some of it. */
  truncate?: (before: Readonly<Record<string, number>>) => Promise<void>
  dispose: () => Promise<void>
}

const signal = new AbortController().signal

/** What all sources promise, whatever the log: each is run against a hub that reads the log as a gateway does. */
export function sourceSuite(name: string, open: () => Promise<SuiteLog>, { ring }: { ring: Partial<RingOptions> }): void {
  describe(`sources of subscriptions on ${name}`, { timeout: 60_000 }, () => {
    test('metrics resumed from every cut give each entity that moved behind it, and stand where the log does', async () => {
      await using it = await world(open, ring)
      const keys: EntityKey[] = ['user:a', 'user:b', 'livestream:c']
      const seen: SourceEvent<MovedMetrics>[] = []
      const live = it.live.metrics(keys, { kind: 'stream' })[Symbol.asyncIterator]()
      seen.push((await live.next()).value)
      assert.equal(seen[0]!.marker, true)
      const moves: EntityKey[][] = [['user:a'], ['user:b', 'user:a', 'user:x'], ['livestream:c'], ['user:a', 'livestream:c', 'user:b'], ['user:b']]
      for (const entities of moves) await it.announce({ counted: entities })
      for (let i = 0; i < 8; i++) seen.push((await live.next()).value)
      assert.deepEqual(seen.slice(1).map(({ key }) => key).toSorted(), moves.flat().filter((key) => key !== 'user:x').toSorted())
      for (let from = 0; from < seen.length; from++) {
        const { events, end } = await missed(it.live.metrics(keys, again(it, seen[from]!.cut)))
        // Of each the last, in the order of the last ones; shards have no order among each other.
        assert.deepEqual(events.map(({ key }) => key).toSorted(), [...new Set(seen.slice(from + 1).map(({ key }) => key))].toSorted(), `from ${from}`)
        assert.deepEqual((await missed(it.live.metrics(keys, again(it, end)))).events, [])
        for (const event of events) {
          const rest = await missed(it.live.metrics(keys, again(it, event.cut)))
          assert.deepEqual(rest.events.map(({ key }) => key), events.slice(events.indexOf(event) + 1).map(({ key }) => key))
        }
      }
      await live.return?.()
    })

    test('a snapshot of many entities that was cut off goes on where it was', async () => {
      await using it = await world(open, ring)
      const keys: EntityKey[] = ['user:a', 'user:b', 'user:c']
      const snapshot = await all(it.live.metrics(keys, { kind: 'snapshot' }))
      assert.deepEqual(snapshot.map(({ key, snapshot: is }) => [key, is]), keys.map((key) => [key, true]))
      await it.announce({ counted: ['user:a'] })
      for (const [i, { cut }] of snapshot.entries()) {
        const { events } = await missed(it.live.metrics(keys, again(it, cut)))
        assert.deepEqual(events.map(({ key }) => key), [...keys.slice(i + 1), 'user:a'])
        assert.deepEqual((await missed(it.live.metrics(keys, again(it, events.at(-1)!.cut)))).events, [])
      }
    })

    test('metrics are shown once they include what was announced before the start, whether or not a cursor fits', async () => {
      const { promise: caughtUp, resolve } = Promise.withResolvers<void>()
      await using it = await world(open, ring, { caughtUp })
      const total = async (after?: string) => {
        const source = it.live.metrics(['user:a'], { kind: 'whole', ...after !== undefined && { after } })[Symbol.asyncIterator]()
        const event = (await source.next()).value as SourceEvent<MovedMetrics>
        await source.return?.()
        return [event.value.metrics?.total.chats, event.gap?.reason]
      }
      const shown = Promise.all([total(), total('of another key')])
      await it.announce({ counted: ['user:a'] })
      await it.announce({ counted: ['user:a'] })
      resolve()
      assert.deepEqual(await shown, [[2, undefined], [2, 'CURSOR']])
    })

    test('metrics are what they were at the cut, however late they are taken', async () => {
      await using it = await world(open, ring)
      const keys: EntityKey[] = ['user:a', 'user:b']
      const totals = (events: readonly SourceEvent<MovedMetrics>[]) => events.map(({ key, value }) => [key, value.metrics?.total.chats])
      const live = it.live.metrics(keys, { kind: 'stream' })[Symbol.asyncIterator]()
      const begin = (await live.next()).value as SourceEvent
      for (const entities of [['user:a'], ['user:a', 'user:b'], ['user:a']] as const) await it.announce({ counted: entities })
      const events = await Promise.all([1, 2, 3, 4].map(async () => (await live.next()).value as SourceEvent<MovedMetrics>))
      for (const key of keys) assert.deepEqual(totals(events.filter((event) => event.key === key)).map(([, total]) => total), key === 'user:a' ? [1, 2, 3] : [1])
      // Whoever takes what was missed slowly does not get what comes meanwhile under a cursor that has it not.
      const source = it.live.metrics(keys, again(it, begin.cut))[Symbol.asyncIterator]()
      const first = (await source.next()).value as SourceEvent<MovedMetrics>
      await it.announce({ counted: keys })
      const second = (await source.next()).value as SourceEvent<MovedMetrics>
      assert.deepEqual(totals([first, second]).toSorted(), [['user:a', 3], ['user:b', 1]])
      await live.return?.()
      await source.return?.()
    })

    test('one livestream: the state, then each change once; resumed from any payload, what it did not show', async () => {
      await using it = await world(open, ring)
      await it.change('s', 'one')
      const states = it.live.livestream('s', { kind: 'whole' })[Symbol.asyncIterator]()
      const seen: SourceEvent<{ fields: object } | null>[] = [(await states.next()).value]
      for (const title of ['two', 'three']) {
        await it.change('s', title)
        await it.change('other', title)
        seen.push((await states.next()).value)
      }
      await it.change('s', null)
      seen.push((await states.next()).value)
      const titles = seen.map(({ value }) => value && (value.fields as { title: string }).title)
      assert.deepEqual(titles, ['one', 'two', 'three', null])
      assert.deepEqual(seen.map(({ snapshot }) => snapshot === true), [true, false, false, false])
      for (const [i, { cut }] of seen.entries()) {
        const { events } = await missed(it.live.livestream('s', again(it, cut)))
        // The state is read when it is delivered, so one payload shows all that was missed.
        assert.deepEqual(events.map(({ value }) => value), i === 3 ? [] : [null])
      }
      await states.return?.()
    })

    test('a state that was read ahead of its announcement is not shown again by it, nor to who comes back', async () => {
      await using it = await world(open, ring)
      await it.change('s', 'one')
      const states = it.live.livestream('s', { kind: 'whole' })[Symbol.asyncIterator]()
      await states.next()
      // The index has the third state when the second is announced.
      await it.write('s', 'two', 2)
      await it.write('s', 'three', 3)
      await it.announce({ changed: [it.changed('s', 2)] })
      const ahead = (await states.next()).value as SourceEvent<{ fields: { title: string } }>
      assert.equal(ahead.value.fields.title, 'three')
      await it.announce({ changed: [it.changed('s', 3)] })
      assert.deepEqual((await missed(it.live.livestream('s', again(it, ahead.cut)))).events, [])
      // Something that nobody sees.
      await it.write('s', 'three', 4)
      await it.announce({ changed: [it.changed('s', 4, { viewersNow: null })] })
      await it.write('s', 'five', 5)
      await it.announce({ changed: [it.changed('s', 5)] })
      assert.equal(((await states.next()).value as typeof ahead).value.fields.title, 'five')
      await states.return?.()
    })

    test('a whole subscription goes on behind a cursor, without gap or repetition, while things happen', async () => {
      await using it = await world(open, ring)
      const counted = async (after?: string) => it.live.metrics(['user:a'], { kind: 'whole', after })[Symbol.asyncIterator]()
      const first = await counted()
      await first.next()
      await it.announce({ counted: ['user:a'] })
      const { cut } = (await first.next()).value as SourceEvent
      await first.return?.()
      await it.announce({ counted: ['user:a'] })
      const second = await counted(it.cursors.encode(cut))
      await it.announce({ counted: ['user:a'] })
      await it.announce({ counted: ['user:b'] })
      const events = [(await second.next()).value as SourceEvent]
      await it.announce({ counted: ['user:a'] })
      // What was missed is one payload; what was announced while it was asked for may be in it.
      const last = it.hub.cut()
      do events.push((await second.next()).value as SourceEvent)
      while (!(await isAt(events.at(-1)!.cut, last)))
      assert.ok(events.length <= 3)
      assert.equal(new Set(events.map((event) => JSON.stringify(event.cut))).size, events.length)
      await second.return?.()
    })

    test('since a moment of the log: what was appended from then on', async () => {
      await using it = await world(open, ring)
      await it.announce({ counted: ['user:a'] })
      const before = await it.lastAppend()
      await it.later(before)
      await it.announce({ counted: ['user:b'] })
      const { events } = await missed(it.live.metrics(['user:a', 'user:b'], { kind: 'missed', since: before + 1 }))
      assert.deepEqual(events.map(({ key }) => key), ['user:b'])
      const both = await missed(it.live.metrics(['user:a', 'user:b'], { kind: 'missed', since: before }))
      assert.deepEqual(both.events.map(({ key }) => key).toSorted(), ['user:a', 'user:b'])
      assert.deepEqual((await missed(it.live.metrics(['user:a'], { kind: 'missed', since: before + 3_600_000 }))).events, [])
    })

    test('a cursor that does not fit gives a gap notice with the state, and the subscription goes on', async () => {
      await using it = await world(open, ring)
      const { hub } = it
      const beyond = Object.fromEntries(Object.entries(hub.cut()).map(([lane, position]) => [lane, { ...position, next: position.next + 1_000, sequence: position.sequence + 1_000 }]))
      const foreign = createCursors({ key: Buffer.alloc(32), logId: 'another', partitions: it.log.partitions })
      for (const after of ['no cursor', foreign.encode(hub.cut()), it.cursors.encode({}), it.cursors.encode(beyond)]) {
        const states = it.live.livestream('s', { kind: 'whole', after })[Symbol.asyncIterator]()
        const { value, done } = await states.next()
        assert.equal(done, false)
        assert.deepEqual([value.gap, value.snapshot, value.value], [{ reason: 'CURSOR', missed: { from: after, count: null } }, true, null])
        await it.change('s', `after ${after.slice(0, 5)}`)
        assert.match(((await states.next()).value as SourceEvent<{ fields: { title: string } }>).value.fields.title, /^after/)
        await it.change('s', null)
        await states.return?.()
      }
    })

    test('a cursor of a replica that has read further is not answered twice', async () => {
      await using it = await world(open, ring)
      await using slower = await world(() => Promise.resolve({ log: it.log, prefix: it.prefix, dispose: async () => {} }), ring, { follows: false })
      const live = it.live.metrics(['user:a'], { kind: 'stream' })[Symbol.asyncIterator]()
      await live.next()
      await it.announce({ counted: ['user:a'] })
      const { cut } = (await live.next()).value as SourceEvent
      const behind = slower.live.metrics(['user:a'], { kind: 'whole', after: it.cursors.encode(cut) })[Symbol.asyncIterator]()
      const next = behind.next()
      await slower.follow()
      await it.announce({ counted: ['user:a'] })
      const event = (await next).value as SourceEvent
      assert.deepEqual((await missed(it.live.metrics(['user:a'], again(it, event.cut)))).events, [])
      assert.deepEqual((await missed(slower.live.metrics(['user:a'], again(it, cut)))).events.length, 1)
      await live.return?.()
      await behind.return?.()
    })

    test('raw events resumed from every cut give exactly those behind it', async () => {
      await using it = await world(open, ring)
      const types = ['ChatPosted', 'LivestreamLiked'] as const
      const live = it.live.events({ types: [...types] }, { kind: 'stream' })[Symbol.asyncIterator]()
      const seen: SourceEvent<{ id: string }>[] = [(await live.next()).value]
      for (let n = 0; n < 12; n++) await it.append(n, n % 3 === 2 ? 'PurchaseMade' : types[n % 2]!, `livestream:${n % 4}`)
      for (let n = 0; n < 8; n++) seen.push((await live.next()).value)
      assert.deepEqual(new Set(seen.slice(1).map(({ value }) => value.id)), new Set(['e-0', 'e-1', 'e-3', 'e-4', 'e-6', 'e-7', 'e-9', 'e-10']))
      for (const [i, { cut }] of seen.entries()) {
        const { events, end } = await missed(it.live.events({ types }, again(it, cut)))
        assert.deepEqual(events.map(({ value }) => value.id).toSorted(), seen.slice(i + 1).map(({ value }) => value.id).toSorted(), `from ${i}`)
        assert.deepEqual((await missed(it.live.events({ types }, again(it, end)))).events, [])
      }
      await live.return?.()
      // Nobody follows the log now: it is read.
      const { events } = await missed(it.live.events({ types }, again(it, seen[0]!.cut)))
      assert.equal(events.length, 8)
    })

    test('raw events go on behind a cursor, or since a moment, and follow the log from there', async () => {
      await using it = await world(open, ring)
      await it.append(0)
      const since = await it.lastEvent()
      await it.later(since)
      await it.append(1)
      const events = it.live.events({ types: [] }, { kind: 'whole', since: since + 1 })[Symbol.asyncIterator]()
      const first = (await events.next()).value as SourceEvent<{ id: string }>
      await it.append(2)
      const second = (await events.next()).value as SourceEvent<{ id: string }>
      assert.deepEqual([first.value.id, second.value.id], ['e-1', 'e-2'])
      await events.return?.()
      await it.append(3)
      const again2 = it.live.events({ types: [] }, { kind: 'whole', after: it.cursors.encode(first.cut) })[Symbol.asyncIterator]()
      await it.append(4)
      assert.deepEqual([(await again2.next()).value.value.id, (await again2.next()).value.value.id, (await again2.next()).value.value.id], ['e-2', 'e-3', 'e-4'])
      await again2.return?.()
    })

    test('raw events: what cannot be had is said, and what is left follows', async () => {
      await using it = await world(open, ring)
      const events = it.live.events({ types: ['ChatPosted'] }, { kind: 'whole', after: 'no cursor' })[Symbol.asyncIterator]()
      const { value } = await events.next()
      assert.deepEqual([value.gap, value.value], [{ reason: 'CURSOR', missed: { from: 'no cursor', count: null } }, undefined])
      await it.append(1)
      assert.equal((await events.next()).value.value.id, 'e-1')
      await events.return?.()
    })

    test('raw events that are near to a text, or to a vector of their model', async () => {
      await using it = await world(open, ring)
      const embedder = createHashingEmbedder()
      const [about] = await embedder.embed(['vintage sneakers'])
      const near = { space: embedder.model, values: about!, minSimilarity: 0.4 }
      const events = it.live.events({ types: [], near }, { kind: 'whole' })[Symbol.asyncIterator]()
      const computed = it.live.events({ types: [], near: { space: 'theirs', values: Float32Array.of(1, 0), minSimilarity: 0.9 } }, { kind: 'whole' })[Symbol.asyncIterator]()
      const [next, nextComputed] = [events.next(), computed.next()]
      await it.entered()
      await it.append(1, 'ChatPosted', 'livestream:a', { message: 'the weather is fine today' })
      await it.append(2, 'LivestreamLiked')
      await it.append(3, 'EmbeddingComputed', 'livestream:a', { model: 'theirs', dimensions: 2, vector: [0, 1] })
      await it.append(4, 'EmbeddingComputed', 'livestream:a', { model: 'theirs', dimensions: 2, vector: [2, 0.1] })
      await it.append(5, 'EmbeddingComputed', 'livestream:a', { model: embedder.model, dimensions: 256, vector: [...about!] })
      await it.append(6, 'ChatPosted', 'livestream:a', { message: 'selling vintage sneakers' })
      assert.deepEqual(new Set([(await next).value.value.id, (await events.next()).value.value.id]), new Set(['e-5', 'e-6']))
      assert.equal((await nextComputed).value.value.id, 'e-4')
      await events.return?.()
      await computed.return?.()
    })

    test('what the log does not hold any more is a gap with its size, then the state or what is left', async (t) => {
      await using it = await world(open, { maxCount: 1 })
      if (!it.truncate) return t.skip('this log cannot be made to forget')
      const { cut } = (await all(it.live.metrics(['user:a'], { kind: 'snapshot' }))).at(-1)!
      const eventsFrom = (await all(it.live.events({ types: ['ChatPosted'] }, { kind: 'snapshot' }))).at(-1)!.cut
      const state = (await all(it.live.livestream('a', { kind: 'snapshot' }))).at(-1)!
      const moment = Date.now() - 1
      for (let n = 0; n < 4; n++) await it.announce({ counted: ['user:a'] })
      for (const title of ['then', 'now']) await it.change('a', title)
      for (let n = 0; n < 4; n++) await it.append(n)
      const ends = await it.log.ends([it.topics.changes, it.topics.engagements])
      const last = await it.log.ends([it.topics.engagements])
      await it.truncate({ ...ends, ...Object.fromEntries(Object.entries(last).map(([key, end]) => [key, Math.max(0, end - 1)])) })
      const starts = await it.log.starts([it.topics.changes, it.topics.engagements])
      const shard = partitionOf('user:a', it.log.partitions)
      const gone = (topic: string, from: Cut, lane: string, partition: number) => starts[`${topic}/${partition}`]! - from[lane]!.next
      // The hub itself has it still in mind, a gateway that starts now does not.
      await using fresh = await world(() => Promise.resolve({ log: it.log, prefix: it.prefix, dispose: async () => {} }), { maxCount: 1 })
      const { events, end } = await missed(fresh.live.metrics(['user:a'], again(it, cut)))
      assert.deepEqual(events.map(({ key, gap, snapshot }) => ({ key, gap, snapshot })), [{
        key: 'user:a', snapshot: true,
        gap: { reason: 'RETENTION', missed: { from: it.cursors.encode(cut), count: gone(it.topics.changes, cut, `changes/${shard}`, shard) } },
      }])
      assert.deepEqual((await missed(fresh.live.metrics(['user:a'], again(it, end)))).events, [])
      const states = await missed(fresh.live.livestream('a', again(it, state.cut)))
      assert.deepEqual(states.events.map(({ gap, snapshot }) => [gap?.reason, snapshot]), [['RETENTION', true]])
      const raw = await missed(fresh.live.events({ types: ['ChatPosted'] }, again(it, eventsFrom)))
      const partition = partitionOf('livestream:a', it.log.partitions)
      const lost = gone(it.topics.engagements, eventsFrom, `${it.topics.engagements}/${partition}`, partition)
      assert.ok(lost > 0)
      assert.deepEqual(raw.events.map(({ value, gap }) => value?.id ?? gap?.missed.count), [lost, ...['e-0', 'e-1', 'e-2', 'e-3'].slice(lost)])
      const since = await missed(fresh.live.metrics(['user:a'], { kind: 'missed', since: moment }))
      assert.deepEqual(since.events.map(({ gap }) => gap?.reason), ['RETENTION'])
    })

    test('states that are wanted in one turn are read together', async () => {
      await using it = await world(open, ring)
      const ids = Array.from({ length: 20 }, (_, index) => `s${index}`)
      for (const id of ids) await it.write(id, `title of ${id}`, 1)
      const shown = await Promise.all(ids.map((id) => all(it.live.livestream(id, { kind: 'snapshot' }))))
      assert.deepEqual(shown.map(([event]) => event?.value?.fields.title), ids.map((id) => `title of ${id}`))
      assert.deepEqual(it.asked, [ids])
    })

    test('those who follow the same share what is read and how far they are, so that it is signed once', async () => {
      await using it = await world(open, ring)
      await it.change('s', 'one')
      const streams = [1, 2].flatMap(() => [it.live.livestream('s', { kind: 'stream' }), it.live.metrics(['user:a'], { kind: 'stream' }), it.live.events({ types: ['ChatPosted'] }, { kind: 'stream' })])
        .map((each) => (each as AsyncIterable<SourceEvent>)[Symbol.asyncIterator]())
      for (const each of streams) await each.next()
      await it.change('s', 'two')
      await it.announce({ counted: ['user:a'] })
      await it.append(1)
      const events = await Promise.all(streams.map(async (each) => (await each.next()).value as SourceEvent))
      for (const i of [0, 1]) {
        assert.equal(events[i]!.cut, events[i + 3]!.cut)
        assert.deepEqual(events[i]!.value, events[i + 3]!.value)
      }
      assert.equal(events[0]!.value, events[3]!.value)
      // From the log each reads for itself.
      assert.deepEqual(events[2], events[5])
      for (const each of streams) await each.return?.()
    })

    test('when the changes cannot be read any more, all end with the reason, later ones too', async () => {
      await using it = await world(open, ring)
      const before = [it.live.metrics(['user:a'], { kind: 'stream' }), it.live.livestream('a', { kind: 'whole' })].map((each) => each[Symbol.asyncIterator]())
      for (const each of before) await each.next()
      it.hub.close(new Error('the log is gone'))
      for (const each of before) await assert.rejects(each.next(), /the log is gone/)
      for (const kind of ['whole', 'snapshot', 'stream'] as const) {
        await assert.rejects(all(it.live.metrics(['user:a'], { kind })), /the log is gone/)
        await assert.rejects(all(it.live.livestream('a', { kind })), /the log is gone/)
      }
    })

    test('who leaves while something is read leaves nothing behind', async () => {
      await using it = await world(open, ring)
      for (let n = 0; n < 3; n++) await it.announce({ counted: ['user:a'] })
      await it.append(0)
      const from = Object.fromEntries(Object.entries(it.hub.cut()).map(([lane, position]) => [lane, { ...position, next: 0, epoch: -1, sequence: -1 }]))
      for (const make of [
        () => it.live.metrics(['user:a'], { kind: 'missed', from }), () => it.live.metrics(['user:a'], { kind: 'whole', after: it.cursors.encode(from) }),
        () => it.live.livestream('a', { kind: 'whole' }), () => it.live.livestream('a', { kind: 'stream' }), () => it.live.events({ types: [] }, { kind: 'whole', since: 0 }),
      ]) {
        const never = make()[Symbol.asyncIterator]()
        await never.return?.()
        assert.equal((await never.next()).done, true)
        const once = make()[Symbol.asyncIterator]()
        await once.next()
        const waiting = once.next()
        await once.return?.()
        await waiting
        assert.equal((await once.next()).done, true)
        assert.equal(it.hub.listeners, 0)
      }
    })
  })
}

const all = async <T>(events: AsyncIterable<SourceEvent<T>>): Promise<SourceEvent<T>[]> => Array.fromAsync(events)

/** What was missed, without the marker at its end, and where that stands. */
async function missed<T>(source: AsyncIterable<SourceEvent<T>>): Promise<{ events: SourceEvent<T>[]; end: Cut }> {
  const events = await all(source)
  const last = events.pop()
  assert.equal(last?.marker, true)
  assert.ok(events.every(({ marker }) => !marker))
  return { events, end: last.cut }
}

const isAt = (cut: Cut, wanted: Cut) => Promise.resolve(Object.keys(wanted).every((lane) => (cut[lane]?.next ?? 0) >= wanted[lane]!.next))

/** A cut travels as text. */
const again = ({ cursors }: { cursors: ReturnType<typeof createCursors> }, cut: Cut): DeliveryRequest => ({ kind: 'missed', from: cursors.decode(cursors.encode(cut))! })

async function world(open: () => Promise<SuiteLog>, ring: Partial<RingOptions>, { follows = true, caughtUp = Promise.resolve() }: { follows?: boolean; caughtUp?: Promise<void> } = {}) {
  const { log, prefix, truncate, dispose } = await open()
  const topics = topicNames(prefix)
  await log.ensureTopics(topicSpecs(topics))
  const hub = new ChangeHub({ log, topics, ...ring })
  const cursors = createCursors({ key: Buffer.alloc(32), logId: log.id, partitions: log.partitions })
  const index = await openEmbeddedIndex({ directory: null })
  const getMany = index.getMany.bind(index)
  const asked: (readonly string[])[] = []
  index.getMany = (kind, ids, options) => {
    asked.push(ids)
    return getMany(kind, ids, options)
  }
  const errors: unknown[] = []
  const tail = new EventTail({ log, topics: [...domainTopics(topics), topics.predictions], decode: toAppendedEvent, onError: (error) => errors.push(error), ...ring })
  const counts = new Map<EntityKey, number>()
  const live: LiveSource = createLiveSource({
    hub, cursors, tail, log, topics, index, queries: {} as LiveQueries, embedder: createHashingEmbedder(), clock: Date.now, caughtUp: () => caughtUp,
    view: { metrics: (entity) => ({ ...nothing, total: { ...nothing.total, chats: counts.get(entity) ?? 0 } }) },
  })
  const stop = new AbortController()
  const ends = await log.ends([topics.changes])
  const sequences = new Map<number, number>()
  hub.begin(new Map(Object.entries(ends).map(([key, next]) => [Number(key.slice(key.lastIndexOf('/') + 1)), { next, epoch: -1, sequence: -1 }])))
  const waiting = new Set<() => void>()
  const reading = { done: Promise.resolve() }
  const follow = async () => {
    reading.done = (async () => {
      for await (const batch of readChanges({ log, topics, from: ends, signal: stop.signal })) {
        for (const { entities } of batch.metrics) for (const { entity } of entities) counts.set(entity, (counts.get(entity) ?? 0) + 1)
        hub.publish(batch)
        for (const wake of waiting) wake()
      }
    })()
  }
  if (follows) await follow()

  /** Appends a batch to each shard that is concerned, and waits until the hub has handed it out. */
  async function announce({ changed = [], counted = [] }: { changed?: readonly Change[]; counted?: readonly EntityKey[] }) {
    const shardOf = (entity: string) => partitionOf(entity, log.partitions)
    const at = Date.now()
    for (const shard of new Set([...changed.map(({ entity }) => entity), ...counted].map(shardOf))) {
      const sequence = (sequences.get(shard) ?? -1) + 1
      sequences.set(shard, sequence)
      const announcement: Announcement = {
        shard, epoch: 1, sequence, appliedAt: at, entities: changed.filter(({ entity }) => shardOf(entity) === shard),
        metrics: new Map(counted.filter((entity) => shardOf(entity) === shard).map((entity) => [entity, []])), metricsEventTime: at, metricsAppendedAt: at,
        progress: { covered: {}, rekeyed: {}, noops: 0, deadLetters: 0 },
      }
      for (const records of encodeAnnouncement(topics.changes, announcement, 1e6)) await log.append(records)
      const reached = () => (hub.cut()[`changes/${shard}`]?.sequence ?? -1) >= sequence
      await new Promise<void>((resolve) => {
        const wake = () => {
          if (!reached()) return
          waiting.delete(wake)
          resolve()
        }
        waiting.add(wake)
        wake()
      })
    }
  }

  type Change = Omit<EntityChanged, 'type' | 'shard' | 'epoch' | 'sequence' | 'index' | 'appliedAt'>
  const changed = (id: string, revision: number, fields: EntityChanged['changed'] = { title: 'before' }, operation: EntityChanged['operation'] = 'updated'): Change =>
    ({ entity: `livestream:${id}`, revision, operation, changed: fields, after: operation === 'deleted' ? null : {}, eventTime: revision, appendedAt: revision, events: [] })
  const write = (id: string, title: string, revision: number) =>
    index.upsert([{ kind: 'livestream', id, fields: { title, sellerId: 's', status: 'LIVE' }, revision, eventTime: revision, appliedAt: revision }])
  const revisions = new Map<string, number>()
  const allEvents = domainTopics(topics)

  return {
    log, prefix, topics, hub, cursors, live, errors, asked, truncate, announce, changed, write, follow,
    /** Applied, then announced; null deletes. */
    async change(id: string, title: string | null) {
      const revision = (revisions.get(id) ?? 0) + 1
      revisions.set(id, revision)
      if (title === null) await index.delete([{ kind: 'livestream', id }])
      else await write(id, title, revision)
      await announce({ changed: [changed(id, revision, title === null || revision === 1 ? {} : { title: 'before' }, title === null ? 'deleted' : revision === 1 ? 'created' : 'updated')] })
    },
    async append(n: number, type = 'ChatPosted', subject = 'livestream:a', data: object = { n }) {
      const topic = type === 'EmbeddingComputed' ? topics.embeddings : topics.engagements
      await log.append([{ topic, key: subject, value: Buffer.from(JSON.stringify({ specversion: '1.0', id: `e-${n}`, source: 'test', type, time: '2026-01-01T00:00:00Z', subject, data })) }])
    },
    lastAppend: () => lastOf([topics.changes]),
    lastEvent: () => lastOf(allEvents),
    /** The log's clock has gone on. */
    async later(than: number) {
      while (Date.now() <= than + 1) await new Promise((resolve) => setImmediate(resolve))
    },
    /** Those who asked before now stand at the log's end. */
    entered: async () => void await all(live.events({ types: [] }, { kind: 'snapshot' })),
    [Symbol.asyncDispose]: async () => {
      stop.abort()
      await reading.done
      await index.close()
      await dispose()
      assert.deepEqual(errors, [])
    },
  }

  async function lastOf(names: readonly string[]): Promise<number> {
    const from = Object.fromEntries(Object.entries(await log.ends(names)).filter(([, end]) => end > 0).map(([key, end]) => [key, end - 1]))
    let latest = 0
    const enough = new AbortController()
    let left = Object.keys(from).length
    for await (const records of log.read({ from, signal: AbortSignal.any([enough.signal, signal]) }))
      for (const { appendedAt } of records) {
        latest = Math.max(latest, appendedAt)
        if (--left === 0) enough.abort()
      }
    return latest
  }
}
