import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { entityKey, type EntityKey } from '../../events/entity.ts'
import type { EventLog } from '../../events/log.ts'
import { openSqliteLog } from '../../events/sqlite.ts'
import { topicNames, topicSpecs, type Topics } from '../../events/topics.ts'
import type { DomainEventType, EventData } from '../../events/vocabulary.ts'
import { announcements, assertExact } from './outcome.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { LedgerIndex, type Fate } from './ledger-index.ts'
import { SteppedIngest, type CrashAt } from './stepped-ingest.ts'
import { recordOf } from './workload.ts'

type Step =
  | { do: 'append'; event: number }
  | { do: 'round'; take: readonly number[] }
  | { do: 'write behind'; fate: Fate }
  | { do: 'finish it' }
  | { do: 'wait'; ms: number }
  | { do: 'checkpoint'; pieces: number }
  | { do: 'crash'; at: CrashAt; take: readonly number[]; fate: Fate }

const fate = fc.constantFrom<Fate>('taken', 'taken', 'lost', 'taken, and not said')
/** Of each topic. */
const take = fc.array(fc.constantFrom(0, 0, 1, 4), { minLength: 6, maxLength: 6 })
const steps: fc.Arbitrary<Step[]> = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), event: fc.nat(99) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('round' as const), take }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('write behind' as const), fate }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('finish it' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(300, 5_000, 40_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('checkpoint' as const), pieces: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 3, arbitrary: fc.record({
    do: fc.constant('crash' as const), at: fc.constantFrom<CrashAt>('rest', 'before the index', 'before the announcement', 'before the announcement'), take, fate,
  }) },
), { minLength: 10, maxLength: 45, size: 'max' })

let made = 0
const event = <T extends DomainEventType>(type: T, subject: EntityKey, data: EventData<T>) => ({
  specversion: '1.0', id: `r${made++}`, source: 'urn:test', type, subject, time: new Date(Date.now()).toISOString(), data,
}) as Parameters<typeof recordOf>[1]

/** Mostly about one livestream, so that things happen to it all the time. */
function eventOf(number: number): Parameters<typeof recordOf>[1] {
  const livestream = entityKey('livestream', number % 8 === 1 ? 'other' : 'l')
  const seller = entityKey('seller', 's')
  const engagement = { userId: `u${number % 3}`, sellerId: 's' }
  const makers = [
    () => event('LivestreamStarted', livestream, { sellerId: 's', title: `Title ${number}`, category: 'cards' }),
    () => event('LivestreamChanged', livestream, { title: `Title ${number}` }),
    () => event('LivestreamChanged', livestream, { category: `category ${number % 5}` }),
    () => event('LivestreamViewed', livestream, { ...engagement, watchSeconds: 10 }),
    () => event('LivestreamLiked', livestream, engagement),
    () => event('BidPlaced', livestream, { ...engagement, auctionId: 'a', amount: number, currency: 'EUR' }),
    () => event('SellerRegistered', seller, { name: `Seller ${number}` }),
    () => event('SellerProfileChanged', seller, { description: `Since ${number}` }),
    () => event('SellerDeleted', seller, {}),
    () => event('EmbeddingComputed', livestream, { model: 'given', dimensions: 2, vector: [1, number] }),
  ]
  return makers[Math.floor(number / 2) % makers.length]!()
}

/** Plays the steps on a log and an index of their own, to the end of the log; gives what is wrong with the revisions. */
async function faultsOf(steps: readonly Step[], log: EventLog, topics: Topics): Promise<string[]> {
  await log.ensureTopics(topicSpecs(topics))
  await log.append([0, 1, 12].map((number) => recordOf(topics, eventOf(number))))
  await using index = await LedgerIndex.open(createHashingEmbedder().model)
  const ingest = new SteppedIngest({ log, topics, index })
  await ingest.takeOver()
  for (const step of steps)
    switch (step.do) {
      case 'append': await log.append([recordOf(topics, eventOf(step.event))]); break
      case 'round': await ingest.round(step.take); break
      case 'write behind': ingest.writeBehind(step.fate); break
      case 'finish it': await ingest.finishBehind(); break
      case 'wait': ingest.wait(step.ms); break
      case 'checkpoint': await ingest.checkpoint(step.pieces); break
      case 'crash':
        await ingest.crash(step.at, step.take, step.fate)
        await ingest.takeOver()
    }
  await ingest.finish()
  const batches = await announcements(log, topics)
  await assertExact(log, topics, batches)
  for (const { entities } of batches) for (const change of entities) index.announced(change)
  return index.faults
}

const { FRESHET_SOAK_RUNS = '60' } = process.env
const numRuns = Number(FRESHET_SOAK_RUNS)

describe('an entity\'s revision', { timeout: Math.max(120_000, numRuns * 1_000) }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-revisions-'))
  let log: EventLog | undefined
  let runs = 0
  /** One for many runs, each with topics of its own, as far as a log holds so many. */
  const logOf = async (run: number): Promise<EventLog> => {
    if (run % 500 !== 0) return log!
    await log?.close()
    return (log = await openSqliteLog({ directory: join(directory, String(run)), partitions: 1 }))
  }
  after(async () => {
    await log?.close()
    rmSync(directory, { recursive: true, force: true })
  })

  test('is that of one state alone: of all that the index took and all that was announced, whatever is late, fails or crashes', async () => {
    await fc.assert(fc.asyncProperty(steps, async (each) => {
      const run = runs++
      assert.deepEqual(await faultsOf(each, await logOf(run), topicNames(`run${run}`)), [])
    }), { numRuns })
  })

  test('what a dead owner left in the index unsaid is not mixed into what the next one writes first, in a round or behind them', async () => {
    const [viewed, retitled, bid, embedded] = [6, 2, 10, 18]
    const all = [4, 4, 4, 4, 4, 4]
    const none = [0, 0, 0, 0, 0, 0]
    const left: Step[] = [
      // What has been touched since a checkpoint is written whole by whoever takes over.
      { do: 'append', event: viewed }, { do: 'round', take: all }, { do: 'checkpoint', pieces: 20 },
      { do: 'append', event: retitled }, { do: 'crash', at: 'before the announcement', take: all, fate: 'lost' },
    ]
    const next: Step[][] = [
      [{ do: 'wait', ms: 300 }, { do: 'write behind', fate: 'taken' }, { do: 'finish it' }, { do: 'round', take: none }],
      [{ do: 'append', event: embedded }, { do: 'round', take: [0, 0, 0, 0, 4, 0] }, { do: 'append', event: bid }],
    ]
    for (const each of next) {
      const run = runs++
      assert.deepEqual(await faultsOf([...left, ...each], await logOf(run), topicNames(`run${run}`)), [])
    }
  })
})
