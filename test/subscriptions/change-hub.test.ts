import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { EntityKey } from '../../events/entity.ts'
import { topicNames } from '../../events/topics.ts'
import { BatchAssembler, type ChangeBatch } from '../../ingest/change-reader.ts'
import type { Announced } from '../../subscriptions/announced.ts'
import { ChangeHub } from '../../subscriptions/change-hub.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { changesLane, includes, plainPosition, type Cut } from '../../subscriptions/cut.ts'
import { happenings, ShardHistory, type Happening, type Item } from './history.ts'
import { MemoryLog } from './memory-log.ts'

const topics = topicNames()
const shards = 2
const lanes = [changesLane(0), changesLane(1)]
const { signal } = new AbortController()
const cursors = createCursors({ key: Buffer.alloc(32), logId: 'log', partitions: shards })

/** A history on both shards, woven together, and a hub that is told of it step by step. */
function world(happened: readonly { shard: number; what: Happening }[], ring: { maxCount: number }) {
  const log = new MemoryLog()
  const histories = [0, 1].map((shard) => new ShardHistory(topics.changes, shard))
  const hub = new ChangeHub({ log, topics, ...ring })
  hub.begin(new Map([0, 1].map((shard) => [shard, { next: 0, epoch: -1, sequence: -1 }])))
  const assemblers = [new BatchAssembler(), new BatchAssembler()]
  const batches: ChangeBatch[] = []
  for (const { shard, what } of happened)
    for (const records of histories[shard]!.append(what)) {
      const from = log.records.get(`${topics.changes}/${shard}`)?.length ?? 0
      log.append(records)
      for (const record of log.records.get(`${topics.changes}/${shard}`)!.slice(from)) {
        const batch = assemblers[shard]!.push(record)
        if (batch) batches.push(batch)
      }
    }
  return { log, hub, histories, batches }
}

const itemsOf = ({ batch, skip }: Pick<Announced, 'batch' | 'skip'>): Item[] => [
  ...batch.entities.map(({ entity }): Item => `changed ${entity} ${batch.shard}/${batch.sequence}`),
  ...batch.metrics.flatMap(({ entities }) => entities.map(({ entity }): Item => `counted ${entity} ${batch.shard}/${batch.sequence}`)),
].slice(skip)

const byShard = (items: readonly Item[]) => [0, 1].map((shard) => items.filter((item) => item.includes(` ${shard}/`)))

const woven = fc.array(fc.record({ shard: fc.nat(1), what: happenings.filter((all) => all.length > 0).map(([first]) => first!) }), { maxLength: 30 })
const rings = fc.record({ maxCount: fc.constantFrom(1, 2, 5, 100) })

describe('the hub of changes', () => {
  test('hands out every batch that counts, once', () => {
    fc.assert(fc.property(woven, rings, (happened, ring) => {
      const { hub, batches, histories } = world(happened, ring)
      const given: Item[] = []
      hub.listen((announced) => given.push(...itemsOf(announced)), assert.fail)
      for (const batch of batches) hub.publish(batch)
      assert.deepEqual(byShard(given), histories.map(({ batches: all }) => all.flat()))
    }))
  })

  test('gives behind every cut exactly what follows, from memory or from the log', async () => {
    await fc.assert(fc.asyncProperty(woven, rings, async (happened, ring) => {
      const { hub, batches } = world(happened, ring)
      const given: { items: Item[]; cut: Cut }[] = [{ items: [], cut: hub.cut() }]
      hub.listen((announced) => {
        itemsOf(announced).forEach((item, i) => given.push({ items: [...given.at(-1)!.items, item], cut: announced.cutAt(i) }))
        given.push({ items: given.at(-1)!.items, cut: announced.after })
      }, assert.fail)
      for (const batch of batches) hub.publish(batch)
      const all = given.at(-1)!.items
      for (const { items, cut } of given) {
        const from = cursors.decode(cursors.encode(cut))!
        const behind: Item[] = []
        let reached = from
        for await (const announced of hub.behind({ from, to: hub.cut(), lanes, signal })) {
          itemsOf(announced).forEach((item, i) => {
            const at = announced.at(announced.skip + i)
            assert.equal(includes(reached, at), false)
            reached = announced.cutAt(announced.skip + i)
            assert.ok(includes(reached, at))
            behind.push(item)
          })
        }
        assert.deepEqual(byShard(behind), byShard(all.slice(items.length)))
      }
    }), { numRuns: 60 })
  })

  test('gives behind every cut all changes of an entity, asked for these alone', async () => {
    await fc.assert(fc.asyncProperty(woven, rings, async (happened, ring) => {
      const { hub, batches } = world(happened, ring)
      const cuts = [hub.cut()]
      for (const batch of batches) {
        hub.publish(batch)
        cuts.push(hub.cut())
      }
      const changesOf = async (about: EntityKey, from: Cut, isAsked: boolean): Promise<string[]> => {
        const found: string[] = []
        for await (const { batch } of hub.behind({ from, to: hub.cut(), lanes, signal, ...isAsked && { about } }))
          found.push(...batch.entities.filter(({ entity }) => entity === about).map(() => `${batch.shard}/${batch.sequence}`))
        return found
      }
      for (const about of new Set(batches.flatMap(({ entities }) => entities.map(({ entity }) => entity))))
        for (const from of cuts) assert.deepEqual(await changesOf(about, from, true), await changesOf(about, from, false))
    }), { numRuns: 60 })
  })

  test('knows behind every cut, also within a batch, the last change of an entity that is wanted', async () => {
    await fc.assert(fc.asyncProperty(woven, rings, fc.nat(2), async (happened, ring, unwanted) => {
      const { hub, batches } = world(happened, ring)
      const cuts = [hub.cut()]
      hub.listen((announced) => itemsOf(announced).forEach((_, item) => cuts.push(announced.cutAt(item))), assert.fail)
      for (const batch of batches) hub.publish(batch)
      const isWanted = ({ announced: { batch } }: { announced: Announced }): boolean => unwanted === 0 || batch.sequence % (unwanted + 1) !== 0
      const to = hub.cut()
      for (const about of new Set(batches.flatMap(({ entities }) => entities.map(({ entity }) => entity)))) {
        for (const lane of lanes) {
          for (const from of cuts) {
            let wanted: string | undefined
            for await (const announced of hub.behind({ from, to, lanes: [lane], signal }))
              announced.batch.entities.forEach(({ entity }, item) => {
                if (item >= announced.skip && entity === about && isWanted({ announced })) wanted = JSON.stringify(announced.at(item))
              })
            const last = await hub.lastBehind({ from, to, lane, about, signal }, isWanted)
            assert.equal(last && JSON.stringify(last.announced.at(last.item)), wanted)
          }
        }
      }
    }), { numRuns: 60 })
  })

  test('gives since every offset the batches that begin there or later', async () => {
    await fc.assert(fc.asyncProperty(woven, rings, fc.nat(40), fc.nat(40), async (happened, ring, a, b) => {
      // Of a batch that was appended twice, the second copy may be what there is since a time; and what a former owner
      // wrote too late is not known for that where the reading begins behind the claim.
      const { hub, batches } = world(happened.filter(({ what }) => what.kind !== 'repeated' && what.kind !== 'void'), ring)
      for (const batch of batches) hub.publish(batch)
      const behind: Item[] = []
      const from = { [lanes[0]!]: plainPosition(a), [lanes[1]!]: plainPosition(b) }
      for await (const announced of hub.behind({ from, to: hub.cut(), lanes, signal })) behind.push(...itemsOf(announced))
      const wanted = batches.filter(({ shard, first }) => first >= [a, b][shard]!).flatMap((batch) => itemsOf({ batch, skip: 0 }))
      assert.deepEqual(byShard(behind), byShard(wanted))
    }))
  })

  test('whoever listens and then asks for what came before misses nothing and gets nothing twice, whatever comes meanwhile', async () => {
    await fc.assert(fc.asyncProperty(woven, rings, fc.nat(10), fc.nat(10), fc.nat(5), async (happened, ring, seen, told, meanwhile) => {
      const { hub, batches } = world(happened, ring)
      let from = hub.cut()
      const before: Item[] = []
      const publish = () => {
        const batch = batches.shift()
        if (batch) hub.publish(batch)
      }
      const stop = hub.listen((announced) => {
        if (from === announced.before) from = announced.after
        before.push(...itemsOf(announced))
      }, assert.fail)
      for (let i = 0; i < seen; i++) publish()
      stop()
      const all = [...before, ...batches.flatMap((batch) => itemsOf({ batch, skip: 0 }))]
      for (let i = 0; i < told; i++) publish()
      const live: Item[] = []
      hub.listen((announced) => live.push(...itemsOf(announced)), assert.fail)
      const behind: Item[] = []
      for await (const announced of hub.behind({ from, to: hub.cut(), lanes, signal })) {
        behind.push(...itemsOf(announced))
        for (let i = 0; i < meanwhile; i++) publish()
      }
      while (batches.length > 0) publish()
      assert.deepEqual(byShard([...before, ...behind, ...live]), byShard(all))
    }))
  })

  test('reads the log only for what memory does not reach back to', async () => {
    const batch = { kind: 'batch', changed: ['a'], counted: [] } as const
    const { hub, log, batches } = world(Array.from({ length: 6 }, () => ({ shard: 0, what: batch })), { maxCount: 3 })
    const cuts = batches.map((each) => {
      hub.publish(each)
      return hub.cut()
    })
    const count = async (from: Cut) => {
      let found = 0
      for await (const _ of hub.behind({ from, to: hub.cut(), lanes, signal })) found++
      return found
    }
    assert.deepEqual([await count(cuts[2]!), await count(cuts[5]!), log.reads], [3, 0, 0])
    assert.deepEqual([await count(cuts[1]!), log.reads], [4, 1])
  })

  test('keeps no more bytes than it may', () => {
    const { hub, batches } = world(Array.from({ length: 9 }, () => ({ shard: 0, what: { kind: 'batch', changed: ['a'], counted: [] } as const })), { maxCount: 100 })
    const small = new ChangeHub({ log: new MemoryLog(), topics, maxBytes: batches[0]!.bytes * 3.5 })
    small.begin(new Map([[0, { next: 0, epoch: -1, sequence: -1 }]]))
    const cuts = batches.map((batch) => {
      small.publish(batch)
      return small.cut()
    })
    assert.deepEqual(cuts.map((cut) => small.remembers(cut, [lanes[0]!])), cuts.map((_, i) => i >= 5))
    assert.equal(hub.remembers({}, lanes), false)
  })

  test('who listens to entities is told of them alone, and of nothing once it has left', () => {
    const { hub, batches } = world([
      { shard: 0, what: { kind: 'batch', changed: ['a', 'b', 'a'], counted: ['a', 'c'] } }, { shard: 1, what: { kind: 'batch', changed: ['a'], counted: ['c'] } },
    ], { maxCount: 9 })
    const told: string[] = []
    const leave = [
      hub.listenToChanged(['livestream:0a'], ({ batch }, item) => told.push(`changed ${batch.entities[item]!.entity} ${item}`), assert.fail),
      hub.listenToCounted(['livestream:0c', 'livestream:1c', 'livestream:1c'], (_, { entity, item }) => told.push(`counted ${entity} ${item}`), assert.fail),
    ]
    hub.publish(batches[0]!)
    for (const each of leave) each()
    hub.publish(batches[1]!)
    assert.deepEqual(told, ['changed livestream:0a 0', 'changed livestream:0a 2', 'counted livestream:0c 4'])
    assert.equal(hub.listeners, 0)
  })

  test('one that is closed tells all its listeners why, later ones and those who wait for its beginning too', async () => {
    const hub = new ChangeHub({ log: new MemoryLog(), topics })
    const told: string[] = []
    const onEnd = ({ message }: Error) => told.push(message)
    hub.listen(() => {}, onEnd)
    const begun = assert.rejects(hub.begun, /gone/)
    hub.close(new Error('gone'))
    hub.listenToChanged(['user:a'], () => {}, onEnd)
    await begun
    assert.deepEqual(told, ['gone', 'gone'])
  })
})
