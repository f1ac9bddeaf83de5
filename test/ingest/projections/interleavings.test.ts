import { test } from 'node:test'
import fc from 'fast-check'
import { Deduplicator } from '../../../ingest/dedup.ts'
import type { Effect } from '../../../ingest/effects.ts'
import { decodeEntityState, encodeEntityState } from '../../../ingest/entity-state-codec.ts'
import { isLate, withoutCounts } from '../../../ingest/lateness.ts'
import { pruneMetrics } from '../../../ingest/metrics/index.ts'
import { project } from '../../../ingest/projections/index.ts'
import type { Stamp } from '../../../ingest/stamp.ts'
import { arriving } from './arbitrary.ts'
import type { Arriving } from './arbitrary.ts'
import { assertSame, World } from './world.ts'

const latenessMs = 5 * 60_000

interface Record {
  item: Arriving
  appendedAt: number
}

const stampOf = ({ event, at }: Arriving): Stamp => ({ time: at, source: event.source, id: event.id })

/** Every event once, in order of time, at once. */
function ordered(items: readonly Arriving[]): World {
  const world = new World()
  const byTime = [...items].sort((a, b) => a.at - b.at)
  for (const item of byTime)
    for (const effect of project(item.event, item.at)) world.apply(effect, stampOf(item), item.at)
  return world
}

/**
 * As they arrive: by append time, duplicates removed, effects on others held back by up to `lag` effects, states written
 * and read again and pruned now and then.
 */
function interleaved(records: readonly Record[], lag: number, each: number): World {
  const world = new World()
  const dedup = new Deduplicator({ retentionMs: latenessMs })
  const rekeyed: { effect: Effect; stamp: Stamp; appendedAt: number }[] = []
  let greatest = 0
  let n = 0
  const drain = (left: number) => {
    while (rekeyed.length > left) {
      const { effect, stamp, appendedAt } = rekeyed.shift() as (typeof rekeyed)[number]
      world.apply(effect, stamp, appendedAt)
    }
  }
  for (const { item, appendedAt } of [...records].sort((a, b) => a.appendedAt - b.appendedAt)) {
    greatest = appendedAt
    const stamp = stampOf(item)
    if (!dedup.add(stamp.source, stamp.id, appendedAt)) continue
    const effects = project(item.event, item.at)
    const [own, ...others] = isLate(item.at, appendedAt, latenessMs) ? withoutCounts(effects) : effects
    world.apply(own as Effect, stamp, appendedAt)
    for (const effect of others) rekeyed.push({ effect, stamp, appendedAt })
    drain(lag)
    if (++n % each === 0)
      for (const [entity, state] of world.states) {
        if (state.metrics) pruneMetrics(state.metrics, greatest)
        world.states.set(entity, decodeEntityState(entity, encodeEntityState(state, { positions: {}, sequence: 0 })).state)
      }
  }
  drain(0)
  return world
}

test('any interleaving within the allowed lateness, with duplicates, gives the state of the ordered log', () => {
  fc.assert(fc.property(
    arriving(latenessMs),
    fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 2 * latenessMs })), { maxLength: 20 }),
    fc.nat({ max: 20 }), fc.integer({ min: 1, max: 30 }), fc.integer({ min: 0, max: 2 * 3_600_000 }),
    (items, duplicates, lag, each, later) => {
      const records = items.map((item) => ({ item, appendedAt: item.at + item.delay }))
      for (const [which, delay] of duplicates) {
        const original = records[which % items.length] as Record
        records.push({ item: original.item, appendedAt: original.appendedAt + delay })
      }
      const end = Math.max(...records.map(({ appendedAt }) => appendedAt))
      const expected = ordered(items)
      const actual = interleaved(records, lag, each)
      for (const now of [end, end + 1_000, end + later]) assertSame(actual.read(now), expected.read(now))
    },
  ), { numRuns: 300 })
})

test('late events change fields and follows as if they had been in time, and are counted nowhere', () => {
  fc.assert(fc.property(arriving(0), fc.integer({ min: latenessMs + 1, max: 10 * latenessMs }), (items, delay) => {
    const late = interleaved(items.map((item) => ({ item, appendedAt: item.at + delay })), 0, 1_000)
    const inTime = ordered(items)
    const now = Math.max(...items.map(({ at }) => at)) + delay
    const pick = (world: World, counted: boolean) => [...world.read(now)].map(([entity, { metrics, affinities, ...rest }]) =>
      [entity, rest, affinities?.follows ?? [], counted ? metrics?.total ?? null : null] as const)
    assertSame(pick(late, false), pick(inTime, false))
    for (const [entity, , , total] of pick(late, true))
      assertSame(Object.values(total ?? {}).filter((value) => value !== 0), [], 0, entity)
  }), { numRuns: 100 })
})
