import fc from 'fast-check'
import type { Increment } from '../../../ingest/effects.ts'
import { counterNames } from '../../../ingest/effects.ts'
import { bucketSeconds, windowMs } from '../../../ingest/metrics/windows.ts'
import { windowNames } from '../../../search/metrics.ts'
import type { EntityMetrics } from '../../../search/metrics.ts'

export const start = Date.UTC(2026, 4, 1, 8, 0, 0)

/** What the docstrings promise, computed from the list of all increments at once. */
export function reference(increments: readonly Increment[], now: number): Omit<EntityMetrics, 'eventTime' | 'appliedAt'> {
  const counts = increments.filter((increment) => 'count' in increment)
  const lastSeen = new Map<string, number>()
  for (const increment of increments)
    if ('viewer' in increment) lastSeen.set(increment.viewer, Math.max(lastSeen.get(increment.viewer) ?? 0, increment.at))
  const countsAt = (at: number, window: number) => {
    const width = 1_000 * (bucketSeconds[window] as number)
    return Math.floor(at / width) * width > now - (windowMs[window] as number)
  }
  const sum = (name: string, weigh: (at: number) => number) =>
    counts.reduce((total, { count, at, amount }) => (count === name ? total + amount * weigh(at) : total), 0)
  const byName = (weigh: (at: number) => number) => Object.fromEntries(counterNames.map((name) => [name, sum(name, weigh)]))
  const latest = Math.max(now, ...counts.map(({ at }) => at))
  const windows = Object.fromEntries(windowNames.map((name, window) => [name, {
    ...byName((at) => (countsAt(at, window) ? 1 : 0)),
    viewers: [...lastSeen.values()].filter((at) => countsAt(at, window)).length,
  }])) as EntityMetrics['windows']
  return {
    viewersNow: windows['30s'].viewers,
    windows,
    decayed: byName((at) => 2 ** ((at - latest) / 3_600_000)) as EntityMetrics['decayed'],
    total: byName(() => 1) as EntityMetrics['total'],
  }
}

/** Increments with the append times of their events: within five minutes after them, or a little before. */
export const increments = (people: number): fc.Arbitrary<{ increment: Increment; appendedAt: number }[]> => {
  const at = fc.oneof(fc.integer({ min: 0, max: 3 * 3_600_000 }), fc.integer({ min: 3 * 3_600_000 - 90_000, max: 3 * 3_600_000 })).map((ms) => start + ms)
  const increment: fc.Arbitrary<Increment> = fc.oneof(
    fc.record({ count: fc.constantFrom(...counterNames), at, amount: fc.integer({ min: 1, max: 1_000 }) }),
    fc.record({ viewer: fc.nat({ max: people }).map((person) => `u${person}`), at }),
  )
  return fc.array(
    fc.tuple(increment, fc.integer({ min: -30_000, max: 300_000 })).map(([increment, delay]) => ({ increment, appendedAt: increment.at + delay })),
    { minLength: 1, maxLength: 300, size: 'max' },
  )
}
