import { entityKey, type EntityKey } from '../../events/entity.ts'
import type { NewRecord } from '../../events/log.ts'
import type { Topics } from '../../events/topics.ts'
import { eventTypes, type DomainEvent, type DomainEventType, type EventData } from '../../events/vocabulary.ts'

/** Seeded pseudo-random numbers in [0, 1): mulberry32. */
export function randomFrom(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export interface Workload {
  seed: number
  users: number
  sellers: number
  livestreams: number
  /** Beyond the registrations. */
  events: number
  /** Time of the first event, ms; each following one is `stepMs` later. */
  startAt: number
  stepMs: number
  /** Share of events that come twice. */
  duplicates?: number
  /** Share of records that are no events. */
  garbage?: number
}

const categories = ['sneakers', 'cards', 'watches', 'vinyl', 'comics', 'plants']

/** A small marketplace as events, the same for the same seed: profiles first, then what happens in the streams. */
export function* marketplace(workload: Workload): Generator<DomainEvent> {
  const random = randomFrom(workload.seed)
  const below = (count: number) => Math.floor(random() * count)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  let n = 0
  const event = <T extends DomainEventType>(type: T, subject: EntityKey, data: EventData<T>): DomainEvent => ({
    specversion: '1.0', id: `e${workload.seed}-${n}`, source: 'urn:test:marketplace', type, subject,
    time: new Date(workload.startAt + workload.stepMs * n++).toISOString(), data,
  }) as DomainEvent
  const sellerOf = (stream: number) => `s${stream % workload.sellers}`

  for (let i = 0; i < workload.users; i++)
    yield event('UserRegistered', entityKey('user', `u${i}`), { name: `User ${i}`, interests: [pick(categories)] })
  for (let i = 0; i < workload.sellers; i++)
    yield event('SellerRegistered', entityKey('seller', `s${i}`), { name: `Seller ${i}`, categories: [pick(categories)] })
  for (let i = 0; i < workload.livestreams; i++)
    yield event('LivestreamStarted', entityKey('livestream', `l${i}`), {
      sellerId: sellerOf(i), title: `Stream ${i} of ${pick(categories)}`, category: categories[i % categories.length] as string,
    })

  for (let i = 0; i < workload.events; i++) {
    // Squared: a few streams have most of what happens.
    const stream = Math.floor(random() ** 2 * workload.livestreams)
    const subject = entityKey('livestream', `l${stream}`)
    const engagement = { userId: `u${below(workload.users)}`, sellerId: sellerOf(stream), category: categories[stream % categories.length] as string }
    const dice = random()
    if (dice < 0.55) yield event('LivestreamViewed', subject, { ...engagement, watchSeconds: 1 + below(30) })
    else if (dice < 0.7) yield event('ChatPosted', subject, { ...engagement, message: 'hello' })
    else if (dice < 0.78) yield event('LivestreamLiked', subject, engagement)
    else if (dice < 0.84) yield event('BidPlaced', subject, { ...engagement, auctionId: `a${stream}`, amount: below(100_000), currency: 'EUR' })
    else if (dice < 0.88) yield event('PurchaseMade', subject, { ...engagement, orderId: `o${n}`, amount: below(50_000), currency: 'EUR' })
    else if (dice < 0.92) yield event(pick(['SellerFollowed', 'SellerUnfollowed'] as const), subject, engagement)
    else if (dice < 0.95) yield event('LivestreamChanged', subject, { title: `Stream ${stream} again, ${pick(categories)} ${n}` })
    else if (dice < 0.96) yield event('LivestreamEnded', subject, {})
    else if (dice < 0.97) yield event('LivestreamStarted', subject, {})
    else if (dice < 0.98) yield event('EmbeddingComputed', subject, { model: 'given', dimensions: 4, vector: [random(), random(), random(), 1] })
    else if (dice < 0.985) yield event('UserDeleted', entityKey('user', engagement.userId), {})
    else if (dice < 0.99) yield event('UserRegistered', entityKey('user', engagement.userId), { name: `User again ${n}` })
    else yield event('SellerProfileChanged', entityKey('seller', sellerOf(stream)), { description: `Since event ${n}` })
  }
}

export const recordOf = (topics: Topics, event: DomainEvent): NewRecord => ({
  topic: topics[eventTypes[event.type].topic], key: event.subject, value: Buffer.from(JSON.stringify(event)),
})

/** The workload as records, with garbage among them and with duplicates that come up to 300 records after their event. */
export function* recordsOf(topics: Topics, workload: Workload): Generator<NewRecord> {
  const random = randomFrom(workload.seed + 1)
  const again: { at: number; record: NewRecord }[] = []
  let garbage = 0
  let n = 0
  for (const event of marketplace(workload)) {
    const record = recordOf(topics, event)
    yield record
    n++
    if (random() < (workload.duplicates ?? 0)) again.push({ at: n + Math.floor(random() ** 2 * 300), record })
    for (let i = again.length - 1; i >= 0; i--) if ((again[i] as { at: number }).at <= n) yield (again.splice(i, 1)[0] as { record: NewRecord }).record
    if (random() < (workload.garbage ?? 0))
      yield { topic: topics.engagements, key: event.subject, value: Buffer.from(`{ no event ${garbage++}`) }
  }
  for (const { record } of again) yield record
}
