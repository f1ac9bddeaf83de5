import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { DomainEvent } from '../../events/vocabulary.ts'
import { dataSchemaOf, eventTypes } from '../../events/vocabulary.ts'
import { parseEvent } from '../../events/parse.ts'
import type { MarketplaceOptions } from '../../simulator/marketplace.ts'
import { createMarketplace } from '../../simulator/marketplace.ts'

const START = Date.UTC(2026, 2, 1, 18)
const small = { seed: 11, users: 700, sellers: 40, livestreams: 15, eventsPerSecond: 40, startTime: START }
const eventsOf = (seconds: number, options: Partial<MarketplaceOptions> = {}): DomainEvent[] =>
  createMarketplace({ ...small, ...options }).takeUntil(START + seconds * 1000)
const text = (events: readonly DomainEvent[]): string => events.map((event) => JSON.stringify(event)).join('\n')

describe('reproducibility', () => {
  test('the same seed and run give the same bytes, however they are taken', () => {
    const whole = eventsOf(120)
    assert.ok(whole.length > 4_000)
    const market = createMarketplace(small)
    const pieces: DomainEvent[] = []
    for (let time = START - 5_000; time < START + 120_000; time += 777) pieces.push(...market.takeUntil(time))
    pieces.push(...market.takeUntil(START + 120_000))
    assert.equal(text(pieces), text(whole))

    const iterated = createMarketplace(small)
    const first = whole.map(() => iterated.next().value as DomainEvent)
    assert.equal(text(first), text(whole))
  })

  test('a limit cuts nothing out', () => {
    const market = createMarketplace(small)
    const pieces: DomainEvent[] = []
    for (;;) {
      const events = market.takeUntil(START + 20_000, 97)
      pieces.push(...events)
      assert.ok(events.length <= 97)
      if (events.length < 97) break
    }
    assert.equal(text(pieces), text(eventsOf(20)))
  })

  test('another seed has other people, another run the same people doing something else', () => {
    const people = (events: DomainEvent[]) => text(events.filter(({ type }) => type === 'UserRegistered').slice(0, 100)
      .map((event) => ({ ...event, id: '', time: '', source: '' })))
    const [one, other, later] = [eventsOf(30), eventsOf(30, { seed: 12 }), eventsOf(30, { run: 1 })]
    assert.notEqual(people(one), people(other))
    assert.equal(people(one), people(later))
    const views = (events: DomainEvent[]) => text(events.filter(({ type }) => type === 'LivestreamViewed')
      .map((event) => ({ ...event, id: '', subject: event.subject.replace(/live-\d+/, 'live') as 'livestream:x' })))
    assert.notEqual(views(one), views(later))
  })
})

describe('validity', () => {
  const events = eventsOf(1_800, { eventsPerSecond: 60 })

  test('each event is one of the vocabulary, of every type that a market can have', () => {
    const seen = new Set<string>()
    for (const event of events) {
      const bytes = new TextEncoder().encode(JSON.stringify(event))
      const parsed = parseEvent(bytes, { appendedAt: Date.parse(event.time), key: event.subject, futureMs: 0 })
      if (!parsed.ok) assert.fail(`${parsed.message}: ${text([event])}`)
      assert.equal(event.specversion, '1.0')
      assert.equal(event.dataschema, dataSchemaOf(event.type))
      assert.match(event.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
      seen.add(event.type)
    }
    const missing = Object.keys(eventTypes).filter((type) => !seen.has(type))
    assert.deepEqual(missing, ['FeedServed'])
  })

  test('embeddings have the model, length and dimensions that they say, for all three kinds', () => {
    const kinds = new Set<string>()
    for (const event of events) {
      if (event.type !== 'EmbeddingComputed') continue
      assert.equal(event.data.model, 'sim-taste-32')
      assert.equal(event.data.vector.length, event.data.dimensions)
      assert.ok(Math.abs(Math.hypot(...event.data.vector) - 1) < 1e-3)
      kinds.add(event.subject.split(':')[0] ?? '')
    }
    assert.deepEqual([...kinds].sort(), ['livestream', 'seller', 'user'])
  })

  test('ids never repeat', () => {
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length)
    assert.match(events[0]?.id ?? '', /^sim-11-0-\d+$/)
  })

  test('events come in the order of event time, but for up to 0.4 s of an engagement', () => {
    let newest = -Infinity
    let late = 0
    for (const event of events) {
      const time = Date.parse(event.time)
      if (time < newest) {
        late++
        assert.equal(eventTypes[event.type].topic, 'engagements')
        // Rounded to milliseconds.
        assert.ok(newest - time <= 401, `${newest - time} ms late`)
      }
      newest = Math.max(newest, time)
    }
    assert.ok(late > 0.2 * events.length, 'the jitter is there')
  })

  test('people and sellers are registered before they act, and again after they had left', () => {
    const known = new Set<string>()
    const left = new Set<string>()
    let returned = 0
    for (const event of events) {
      if (event.type === 'UserRegistered' || event.type === 'SellerRegistered') {
        assert.ok(!known.has(event.subject), `twice: ${text([event])}`)
        known.add(event.subject)
        if (left.has(event.subject)) returned++
      }
      if (event.type === 'UserDeleted' || event.type === 'SellerDeleted') {
        assert.ok(known.delete(event.subject), `not there: ${text([event])}`)
        left.add(event.subject)
      }
      if ('userId' in event.data) assert.ok(known.has(`user:${event.data.userId}`), text([event]))
      if ('sellerId' in event.data) assert.ok(known.has(`seller:${event.data.sellerId}`), text([event]))
    }
    assert.ok(left.size > 1 && returned > 0, `${left.size} left, ${returned} of them came back`)
  })

  test('a stream starts once, ends once, and all that happens in it happens in between', () => {
    const byTime = events.map((event) => ({ event, at: Date.parse(event.time) }))
    const starts = new Map<string, number>()
    const ends = new Map<string, number>()
    for (const { event, at } of byTime) {
      const into = event.type === 'LivestreamStarted' ? starts : event.type === 'LivestreamEnded' ? ends : null
      if (!into) continue
      assert.ok(!into.has(event.subject), `${event.type} twice: ${event.subject}`)
      into.set(event.subject, at)
    }
    assert.ok(ends.size > 10)
    for (const { event, at } of byTime) {
      if (!event.subject.startsWith('livestream:') || event.type === 'LivestreamScheduled' || event.type === 'EmbeddingComputed') continue
      assert.ok(at >= (starts.get(event.subject) ?? Infinity), `before the start: ${text([event])}`)
      assert.ok(at <= (ends.get(event.subject) ?? Infinity), `after the end: ${text([event])}`)
    }
  })

  const ends = new Map(events.filter(({ type }) => type === 'LivestreamEnded').map(({ subject, time }) => [subject, time]))

  test('bids are inside their auction and rise; the winner is the last bidder and pays the last bid', () => {
    const running = new Map<string, { auctionId: string; price: number; leader?: string; bids: number }>()
    let won = 0, cutShort = 0
    for (const event of events) {
      if (event.type === 'AuctionStarted') {
        assert.ok(!running.has(event.subject), 'one auction at a time')
        running.set(event.subject, { auctionId: event.data.auctionId, price: event.data.startingPrice, bids: 0 })
      } else if (event.type === 'BidPlaced') {
        const auction = running.get(event.subject)
        assert.equal(auction?.auctionId, event.data.auctionId)
        if (!auction) continue
        assert.notEqual(event.data.userId, auction.leader, 'nobody outbids oneself')
        assert.ok(auction.bids === 0 ? event.data.amount === auction.price : event.data.amount > auction.price)
        Object.assign(auction, { price: event.data.amount, leader: event.data.userId, bids: auction.bids + 1 })
      } else if (event.type === 'AuctionEnded') {
        const auction = running.get(event.subject)
        assert.equal(auction?.auctionId, event.data.auctionId)
        assert.equal(event.data.winnerId, auction?.leader)
        assert.equal(event.data.amount, auction?.leader && auction.price)
        if (event.data.winnerId) won++
        if (event.time === ends.get(event.subject)) cutShort++
        running.delete(event.subject)
      } else if (event.type === 'LivestreamEnded') assert.ok(!running.has(event.subject), 'closed before the stream ends')
    }
    assert.ok(won > 20)
    assert.ok(cutShort > 0, 'some are closed by the end of the show')
  })

  test('a visit has a heartbeat every 10 to 15 s, and these add up to the time of the visit', () => {
    const last = new Map<string, { subject: string; at: number }>()
    let regular = 0
    let views = 0
    // A person's devices report out of order; event time is what counts.
    for (const event of events.toSorted((left, right) => Date.parse(left.time) - Date.parse(right.time))) {
      if (event.type !== 'LivestreamViewed') continue
      views++
      const { userId, watchSeconds } = event.data
      const at = Date.parse(event.time)
      const before = last.get(userId)
      assert.ok(watchSeconds <= 15)
      if (watchSeconds > 0) {
        assert.equal(before?.subject, event.subject)
        assert.ok(Math.abs((at - (before?.at ?? 0)) / 1000 - watchSeconds) <= 0.51)
        if (watchSeconds >= 10) regular++
      }
      last.set(userId, { subject: event.subject, at })
    }
    assert.ok(regular > 0.6 * views, `${regular} of ${views}`)
  })

  test('titles and tags speak of the category', () => {
    const started = events.filter((event) => event.type === 'LivestreamScheduled' || event.type === 'LivestreamStarted')
    const words = new Map<string, Set<string>>()
    for (const { data } of started) {
      if (!data.category || !data.tags) continue
      assert.ok((data.title ?? '').length >= 10)
      const known = words.get(data.category) ?? words.set(data.category, new Set()).get(data.category)
      for (const tag of data.tags) known?.add(tag)
    }
    assert.ok(words.size >= 10)
    const sneakers = words.get('sneakers')
    const plants = words.get('plants')
    assert.ok(sneakers && plants && [...sneakers].filter((tag) => plants.has(tag)).length <= 2)
  })
})

test('people watch what they like: streams of their own categories far beyond these categories\' share', () => {
  const market = createMarketplace({ ...small, users: 1_000, sellers: 100, livestreams: 60 })
  const events = market.takeUntil(START + 600_000)
  const tastes = new Map(market.truth().users.map((user) => [user.id, user.affinities]))
  let liked = 0, all = 0
  for (const event of events) {
    if (event.type !== 'LivestreamViewed' || !event.data.category) continue
    all += event.data.watchSeconds
    if ((tastes.get(event.data.userId)?.[event.data.category] ?? 0) > 0) liked += event.data.watchSeconds
  }
  // People like two of twelve categories on average.
  assert.ok(liked / all > 0.35, `${liked / all}`)
})

describe('a later run on the same data', () => {
  const former = createMarketplace(small)
  const formerEvents = former.takeUntil(START + 60_000)
  // Asking for more says that these are safe.
  assert.deepEqual(former.takeUntil(START + 60_000), [])

  test('continues from the cursor: ends what was left open, registers nobody twice, repeats no id', () => {
    const cursor = JSON.parse(JSON.stringify(former.cursor())) as ReturnType<typeof former.cursor>
    assert.equal(cursor.registered, true)
    const later = createMarketplace({ ...small, startTime: START + 120_000, continueFrom: cursor })
    assert.equal(later.run, 1)
    const events = later.takeUntil(START + 180_000)

    const open = new Set<string>()
    for (const event of [...formerEvents, ...events]) {
      if (event.type === 'LivestreamScheduled' || event.type === 'LivestreamStarted') open.add(event.subject)
      if (event.type === 'LivestreamEnded') open.delete(event.subject)
    }
    assert.ok([...open].every((subject) => subject.startsWith('livestream:live-1-')), [...open].join())
    assert.ok(open.size >= small.livestreams)

    const newcomers = events.filter(({ type }) => type === 'UserRegistered')
    assert.ok(newcomers.length < 0.1 * small.users)
    const ids = [...formerEvents, ...events].map(({ id }) => id)
    assert.equal(new Set(ids).size, ids.length)
    assert.equal(text(createMarketplace({ ...small, startTime: START + 120_000, continueFrom: cursor }).takeUntil(START + 180_000)), text(events))
  })

  test('a cursor from a stop at any moment knows every stream that the log has open', () => {
    const market = createMarketplace({ ...small, sellers: 30, livestreams: 15, eventsPerSecond: 5 })
    const inLog = new Set<string>()
    let stops = 0
    for (let time = START - 5_000; time < START + 2_400_000; time += 500) {
      const events = market.takeUntil(time, 3)
      const open = market.cursor().openLivestreams
      // The crash comes before any, or after all, of these events are in the log.
      for (const id of inLog) assert.ok(open.includes(id), `${id} forgotten before its end was safe`)
      for (const event of events) {
        const id = event.subject.slice('livestream:'.length)
        if (event.type === 'LivestreamScheduled' || event.type === 'LivestreamStarted') inLog.add(id)
        if (event.type === 'LivestreamEnded') {
          inLog.delete(id)
          stops++
        }
      }
      for (const id of inLog) assert.ok(open.includes(id), `${id} not known though it may be in the log`)
    }
    assert.ok(stops > 5)
  })

  test('with another seed registers its own people, ends the former streams and repeats no stream\'s id', () => {
    const cursor = former.cursor()
    const events = createMarketplace({ ...small, seed: 12, startTime: START + 120_000, continueFrom: cursor }).takeUntil(START + 121_000)
    assert.ok(events.filter(({ type }) => type === 'UserRegistered').length > 0.9 * small.users)
    const ended = events.filter(({ type }) => type === 'LivestreamEnded').map(({ subject }) => subject.slice('livestream:'.length))
    assert.deepEqual(ended.slice(0, cursor.openLivestreams.length).sort(), cursor.openLivestreams.sort())
    const started = events.filter(({ type }) => type === 'LivestreamStarted').map(({ subject }) => subject)
    assert.ok(started.length > 0 && started.every((subject) => subject.startsWith('livestream:live-1-')))
  })

  test('an interrupted burst of registrations is done again', () => {
    const market = createMarketplace(small)
    assert.ok(market.takeUntil(START, 100).length === 100)
    const cursor = market.cursor()
    assert.equal(cursor.registered, false)
    const again = createMarketplace({ ...small, continueFrom: cursor }).takeUntil(START)
    assert.ok(again.filter(({ type }) => type === 'UserRegistered').length > 0.9 * small.users)
  })
})

test('options out of range are named with what was expected and what came', () => {
  const create = (options: Partial<MarketplaceOptions>) => () => createMarketplace({ ...small, ...options })
  assert.throws(create({ eventsPerSecond: 0 }), /^RangeError: eventsPerSecond: expected a number from 0.001 to 100000, got 0$/)
  assert.throws(create({ livestreams: 41 }), /^RangeError: livestreams: expected a whole number from 1 to 40, got 41$/)
  assert.throws(create({ categories: 13 }), /categories: expected a whole number from 1 to 12/)
  assert.throws(create({ seed: -1 }), /seed: expected/)
  assert.throws(create({ users: 2.5 }), /users: expected a whole number/)
})
