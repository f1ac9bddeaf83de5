import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../events/vocabulary.ts'
import type { Cursor, ServedFeed } from '../../simulator/marketplace.ts'
import { createMarketplace } from '../../simulator/marketplace.ts'
import type { Clock, SimulatorOptions } from '../../simulator/run.ts'
import { runSimulator } from '../../simulator/run.ts'

const START = Date.UTC(2026, 2, 1, 18)

/** A clock that stands still but for sleeping and for what the test takes. */
function fakeClock() {
  let time = START
  const clock: Clock = { now: () => time, sleep: async (milliseconds) => { time += milliseconds } }
  return { clock, pass: (milliseconds: number) => { time += milliseconds } }
}

/** Runs until the fake clock has reached `seconds`; publishing is instant unless `onPublish` says otherwise. */
async function runFor(seconds: number, options: {
  market?: Partial<Parameters<typeof createMarketplace>[0]>
  simulator?: Partial<SimulatorOptions>
  onPublish?: (events: readonly DomainEvent[], pass: (milliseconds: number) => void) => void
} = {}) {
  const { clock, pass } = fakeClock()
  const stop = new AbortController()
  const marketplace = createMarketplace({
    seed: 31, users: 500, sellers: 60, livestreams: 20, eventsPerSecond: 40, swing: 0, startTime: START, ...options.market,
  })
  const published: DomainEvent[] = []
  const batches: { at: number; size: number }[] = []
  const troubles: string[] = []
  const report = await runSimulator({
    marketplace, clock, signal: stop.signal,
    publish: async (events) => {
      if (clock.now() >= START + seconds * 1000) stop.abort()
      options.onPublish?.(events, pass)
      published.push(...events)
      batches.push({ at: clock.now(), size: events.length })
    },
    onTrouble: (message) => troubles.push(message),
    ...options.simulator,
  })
  return { report, published, batches, troubles, marketplace, clock }
}

describe('pacing', () => {
  test('publishes at once what happened until now, then in step with the clock, in the order of the market', async () => {
    const { report, published, batches, troubles } = await runFor(60)
    const expected = createMarketplace({
      seed: 31, users: 500, sellers: 60, livestreams: 20, eventsPerSecond: 40, swing: 0, startTime: START,
    })
    assert.deepEqual(published, expected.takeUntil(Date.parse(published.at(-1)?.time ?? '') + 10_000).slice(0, published.length))
    assert.equal(report.published, published.length)
    const seeding = batches.filter(({ at }) => at === START)
    assert.ok(seeding.length >= 2 && seeding[0]?.size === 1_000, 'the burst goes out in full batches without a pause')
    assert.ok(batches.filter(({ at }) => at > START).every(({ size }) => size < 50))
    assert.deepEqual(troubles, [])
    assert.equal(report.behindMs, 0)
  })

  test('takes the rate that it is given', async () => {
    const { published } = await runFor(60, { simulator: { eventsPerSecond: 10 }, market: { eventsPerSecond: 300 } })
    const steady = published.filter(({ time }) => Date.parse(time) > START + 20_000)
    assert.ok(Math.abs(steady.length - 400) < 140, `${steady.length}`)
  })

  test('a slow log gets larger batches and the same events: it says that it is behind, and that it has caught up', async () => {
    let slow = true
    let batchesSeen = 0
    const { report, published, batches, troubles } = await runFor(120, {
      onPublish: (_events, pass) => {
        if (batchesSeen++ > 20 && slow) {
          pass(4_000)
          slow = batchesSeen < 24
        }
      },
      simulator: { batchSize: 100 },
    })
    assert.match(troubles[0] ?? '', /cannot keep up with 40 events\/s: it is \d+ ms behind/)
    assert.equal(troubles.at(-1), 'The simulator has caught up.')
    assert.ok(batches.some(({ at, size }) => at > START && size === 100))
    const same = createMarketplace({
      seed: 31, users: 500, sellers: 60, livestreams: 20, eventsPerSecond: 40, swing: 0, startTime: START,
    }).takeUntil(START + 200_000).slice(0, published.length)
    assert.deepEqual(published, same)
    assert.ok(report.behindMs < 1_000)
  })

  test('after a machine slept, it skips the lost time and says so', async () => {
    let slept = false
    const { report, published, troubles } = await runFor(8 * 3_600 + 30, {
      onPublish: (events, pass) => {
        if (slept || Date.parse(events.at(-1)?.time ?? '') < START + 10_000) return
        slept = true
        pass(8 * 3_600_000)
      },
    })
    assert.ok(troubles.some((message) => /was 2880\d s behind and goes on from now/.test(message)), troubles.join('\n'))
    assert.ok(report.skippedMs >= 8 * 3_600_000)
    assert.ok(published.length < 5_000)
  })
})

test('a publish that fails is tried again with the same events, with longer and longer pauses, and said so', async () => {
  let failures = 6
  const pauses: number[] = []
  const attempts: string[] = []
  const { clock } = fakeClock()
  const stop = new AbortController()
  const marketplace = createMarketplace({ seed: 32, users: 100, sellers: 20, livestreams: 10, startTime: START })
  const published: DomainEvent[] = []
  await runSimulator({
    marketplace, signal: stop.signal,
    clock: { now: clock.now, sleep: async (milliseconds, signal) => { pauses.push(milliseconds); await clock.sleep(milliseconds, signal) } },
    publish: async (events) => {
      attempts.push(events[0]?.id ?? '')
      if (failures-- > 0) throw new Error('broker away')
      published.push(...events)
      stop.abort()
    },
    onTrouble: (message) => { if (failures >= 0) assert.match(message, /failed \(broker away\); the same events are tried again in \d+ ms/) },
  })
  assert.deepEqual(pauses.slice(0, 6), [100, 200, 400, 800, 1_600, 3_200])
  assert.equal(new Set(attempts).size, 1)
  assert.equal(published[0]?.id, 'sim-32-0-1')
})

test('stopping while publishing fails ends the simulator', async () => {
  const stop = new AbortController()
  const report = await runSimulator({
    marketplace: createMarketplace({ seed: 33, users: 100, sellers: 20, livestreams: 10, startTime: START }),
    signal: stop.signal,
    clock: fakeClock().clock,
    publish: async () => {
      stop.abort()
      throw new Error('broker away')
    },
  })
  assert.equal(report.published, 0)
})

test('saves a cursor before the events that open streams are published, and when one has ended', async () => {
  let cursor: Cursor | undefined
  let saves = 0
  const inLog = new Set<string>()
  const { batches } = await runFor(1_200, {
    market: { eventsPerSecond: 5 },
    simulator: { saveCursor: async (saved) => { cursor = saved; saves++ } },
    onPublish: (events) => {
      for (const event of events) {
        const id = event.subject.slice('livestream:'.length)
        if (event.type === 'LivestreamScheduled' || event.type === 'LivestreamStarted') inLog.add(id)
        if (event.type === 'LivestreamEnded') inLog.delete(id)
      }
      for (const id of inLog) assert.ok(cursor?.openLivestreams.includes(id), `${id} is not in the saved cursor`)
    },
  })
  assert.equal(cursor?.registered, true)
  assert.ok((cursor?.openLivestreams.length ?? 0) <= inLog.size + 2, 'what has ended is forgotten')
  assert.ok(saves < batches.length / 4, `${saves} saves for ${batches.length} batches`)
})

describe('feeds', () => {
  test('are asked for by the people of the market, and their reactions are published', async () => {
    const asked: string[] = []
    const live = new Set<string>()
    const { report, published } = await runFor(60, {
      market: { feedShare: 1 },
      onPublish: (events) => events.forEach((event) => {
        if (event.type === 'LivestreamStarted') live.add(event.subject.slice('livestream:'.length))
      }),
      simulator: {
        feed: async (userId): Promise<ServedFeed> => {
          asked.push(userId)
          return { feedId: `feed-${asked.length}`, items: [...live].map((livestreamId) => ({ livestreamId })) }
        },
      },
    })
    assert.equal(report.feeds.asked, asked.length)
    assert.ok(report.feeds.opened > 0.3 * asked.length)
    assert.equal(report.feeds.failed, 0)
    const led = published.filter((event) => event.type === 'LivestreamViewed' && event.data.feedId !== undefined)
    assert.ok(led.length > 100)
  })

  test('that fail, or are too many at once, leave people to look around', async () => {
    const failing = await runFor(40, { market: { feedShare: 1 }, simulator: { feed: () => Promise.reject(new Error('no gateway')) } })
    assert.ok(failing.report.feeds.failed > 50)
    assert.equal(failing.report.feeds.failed, failing.report.feeds.asked)
    assert.ok(failing.published.some(({ type }) => type === 'LivestreamViewed'))
    assert.ok(!failing.published.some(({ data }) => 'feedId' in data))

    const release: (() => void)[] = []
    const stuck = runFor(40, {
      market: { feedShare: 1 },
      onPublish: (events) => {
        if (Date.parse(events.at(-1)?.time ?? '') > START + 39_000) release.splice(0).forEach((answer) => answer())
      },
      simulator: {
        feedConcurrency: 3,
        feed: () => new Promise((resolve) => release.push(() => resolve({ feedId: 'late', items: [] }))),
      },
    })
    const { report, published } = await stuck.finally(() => release.forEach((answer) => answer()))
    assert.ok(report.feeds.asked < 20 && report.feeds.refused > 50, JSON.stringify(report.feeds))
    assert.ok(published.some(({ type }) => type === 'LivestreamViewed'))
  })
})
