import type { DomainEvent } from '../events/vocabulary.ts'
import { createAgenda } from './agenda.ts'
import { answer, comeOnline } from './audience.ts'
import { catalogue } from './catalogue.ts'
import { createEmitter } from './emitter.ts'
import { createLedger } from './ledger.ts'
import { EVENTS_PER_VIEWER, MOST_ONLINE, startPace } from './pace.ts'
import { populate } from './people.ts'
import { createRandom } from './random.ts'
import { SEEDING_SECONDS, seed } from './seeding.ts'
import type { Truth } from './truth.ts'
import { truthOf } from './truth.ts'
import type { World } from './world.ts'

export interface MarketplaceOptions {
  /** 32-bit. Decides who the people are; with `run`, also what they do. */
  seed: number
  /** Default 2,000. */
  users?: number
  /** Default 200, or a third more than `livestreams` where that is more. */
  sellers?: number
  /** How many streams are live at the same time. Default 60. */
  livestreams?: number
  /** How many of the catalogue's twelve categories are sold. Default 12. */
  categories?: number
  /** Event time of the opening, milliseconds since the epoch. Registrations are dated in the five seconds before. */
  startTime: number
  /** Mean over the day, above 0 up to 100,000. Default 200. */
  eventsPerSecond?: number
  /** How far the day's rhythm swings about the mean, 0 to 0.9. Default 0.2; 0 gives a constant rate. */
  swing?: number
  /** Share of people's choices that ask the served feed, 0 to 1. Default 0: nobody waits for a feed. */
  feedShare?: number
  /**
   * Tells this run's ids from those of others on the same data: people and sellers keep theirs, streams, lots, orders and
   * events get new ones. Default 0, or the one after `continueFrom`. Where no cursor is kept, pass what never repeats (the
   * seconds since the epoch): registrations then come again, which changes nothing, and old streams stay as they were.
   */
  run?: number
  /**
   * Where a former run on the same data stood: its open streams are ended first, and its people are not registered again,
   * unless it had another seed: then new people take over the ids.
   */
  continueFrom?: Cursor
}

/** What a later run has to know of this one; plain JSON. */
export interface Cursor {
  version: 1
  seed: number
  run: number
  registered: boolean
  openLivestreams: string[]
}

export interface ServedFeed {
  feedId: string
  items: readonly { livestreamId: string; position?: number }[]
}

/**
 * A live-auction marketplace in simulated time: an endless iterator of events, in the order in which they reach the log.
 * That is the order of event time, but for engagements, which arrive up to 0.4 s after they happened.
 */
export interface Marketplace extends IterableIterator<DomainEvent, undefined> {
  readonly seed: number
  readonly run: number
  /** Simulated time, milliseconds since the epoch. */
  readonly now: number
  readonly eventsPerSecond: number
  readonly online: number
  next(): IteratorResult<DomainEvent, undefined>
  /**
   * Events up to a moment (milliseconds since the epoch), at most `limit` of them; fewer than `limit` means that all are out.
   * Asking for more says that the former ones are safe, which is what `cursor` goes by.
   */
  takeUntil(time: number, limit?: number): DomainEvent[]
  setRate(eventsPerSecond: number): void
  /** Users who have begun to wait for their feed since the last call. After ten seconds they look around without it. */
  takeFeedRequests(): string[]
  /** Lets simulated time jump ahead to a moment without anything happening in between, as after a machine slept. */
  skipTo(time: number): void
  /**
   * How somebody reacts to a served feed, by hidden taste, quality, freshness and position. What follows from it (watching,
   * chatting, buying, with `feedId` and position) comes out of the iterator. Gives what was opened, `null` where nothing
   * appealed. Somebody offline comes for it. An empty list stands for a feed that failed.
   * @throws {RangeError} for somebody who is not of this market.
   */
  respondToFeed(userId: string, feed: ServedFeed): { livestreamId: string; position: number } | null
  /**
   * For `continueFrom` of a later run. Saved after events were taken and before they are appended, it misses no stream
   * that a crash could leave open.
   */
  cursor(): Cursor
  /** The hidden truth as plain JSON, for evaluation only. */
  truth(): Truth
}

/** @throws {RangeError} naming the option that is out of its range. */
export function createMarketplace(options: MarketplaceOptions): Marketplace {
  const settings = checked(options)
  let speed = speedFor(settings.eventsPerSecond, settings.users)
  let eventsPerSecond = settings.eventsPerSecond
  // Market time 0 is the opening. A change of speed begins a new stretch of the line from market time to event time.
  let anchor = { market: 0, event: settings.startTime }
  const eventTimeOf = (market: number): number => anchor.event + ((market - anchor.market) * 1000) / speed
  const marketTimeOf = (event: number): number => anchor.market + ((event - anchor.event) * speed) / 1000

  let ready: DomainEvent[] = []
  let taken = 0
  const agenda = createAgenda<() => void>()
  const send = (event: DomainEvent, delay: number): void => {
    if (delay === 0) ready.push(event)
    else agenda.plan(world.now + delay, () => ready.push(event))
  }
  const world: World = {
    seed: settings.seed,
    run: settings.run,
    people: populate(settings.seed, settings),
    random: createRandom(settings.seed, `run ${settings.run}`),
    accounts: createRandom(settings.seed, `accounts, run ${settings.run}`),
    agenda,
    emitter: createEmitter({ seed: settings.seed, run: settings.run, eventTime: () => eventTimeOf(world.now), send }),
    now: -SEEDING_SECONDS,
    eventTimeOf,
    live: [],
    open: new Map(),
    broadcasts: 0,
    engaged: new Map(),
    sessions: [],
    sessionOf: new Map(),
    registered: new Set(),
    following: new Set(),
    feedShare: settings.feedShare,
    asking: [],
  }
  const former = options.continueFrom
  let registered = former?.seed === settings.seed && former.registered
  seed(world, { livestreams: settings.livestreams, people: !registered, leftOpen: former?.openLivestreams ?? [] })
  const pace = startPace(world, {
    rate: settings.eventsPerSecond / speed, swing: settings.swing, livestreams: settings.livestreams,
  })
  const ledger = createLedger(former?.openLivestreams ?? [])

  const step = (): void => {
    const entry = agenda.take()
    if (!entry) throw new Error('expected the market to have something planned, its agenda is empty: please report this')
    world.now = entry.time
    entry.what()
  }
  const confirm = (): void => {
    ledger.confirm()
    // Time goes on only when everything before is handed out, so past the opening nobody is left to register.
    registered ||= world.now >= 0
  }
  /** What is handed out, the rest stays; the buffer is renewed when it is empty. */
  const shift = (): DomainEvent => {
    const event = ready[taken++] as DomainEvent
    ledger.handOut(event)
    if (taken === ready.length) {
      ready = []
      taken = 0
    }
    return event
  }

  const marketplace: Marketplace = {
    seed: settings.seed,
    run: settings.run,
    get now() { return eventTimeOf(world.now) },
    get eventsPerSecond() { return eventsPerSecond },
    get online() { return world.sessions.length },
    [Symbol.iterator]: () => marketplace,
    next() {
      confirm()
      while (taken === ready.length) step()
      return { value: shift(), done: false }
    },
    takeUntil(time, limit = Infinity) {
      confirm()
      const until = marketTimeOf(time)
      const events: DomainEvent[] = []
      while (events.length < limit) {
        if (taken < ready.length) events.push(shift())
        else if (agenda.nextTime() <= until) step()
        else {
          world.now = Math.max(world.now, until)
          break
        }
      }
      return events
    },
    setRate(rate) {
      requireRange('eventsPerSecond', rate, 1e-3, 100_000)
      anchor = { market: world.now, event: eventTimeOf(world.now) }
      speed = speedFor(rate, settings.users)
      eventsPerSecond = rate
      pace.setRate(rate / speed)
    },
    skipTo(time) {
      if (time > eventTimeOf(world.now)) anchor = { market: world.now, event: time }
    },
    takeFeedRequests() {
      const waiting = world.asking.filter((session) => session.asking)
      world.asking = []
      return waiting.map((session) => session.user.id)
    },
    respondToFeed(userId, feed) {
      const user = world.people.users[Number(userId.slice('user-'.length)) - 1]
      if (user?.id !== userId) throw new RangeError(`expected a user of this market (user-1 to user-${settings.users}), got ${userId}`)
      const session = world.sessionOf.get(user.index) ?? comeOnline(world, user)
      const opened = answer(world, session, feed.feedId, feed.items.map((item, index) => ({
        broadcast: world.open.get(item.livestreamId), position: item.position ?? index,
      })))
      return opened && { livestreamId: opened.broadcast.id, position: opened.position }
    },
    cursor: () => ({
      version: 1, seed: settings.seed, run: settings.run, registered, openLivestreams: ledger.open(),
    }),
    truth: () => truthOf(world, speed),
  }
  return marketplace
}

/** How many times faster than event time the market has to run, so that its people can make so many events. */
const speedFor = (eventsPerSecond: number, users: number): number =>
  Math.max(1, eventsPerSecond / (0.8 * MOST_ONLINE * users * EVENTS_PER_VIEWER))

function requireRange(name: string, value: number, low: number, high: number, whole = false): void {
  if (!(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
    throw new RangeError(`${name}: expected ${whole ? 'a whole number' : 'a number'} from ${low} to ${high}, got ${value}`)
  }
}

function checked(options: MarketplaceOptions) {
  const livestreams = options.livestreams ?? 60
  const former = options.continueFrom
  const settings = {
    seed: options.seed,
    users: options.users ?? 2_000,
    sellers: options.sellers ?? Math.max(200, Math.ceil(livestreams * 1.34)),
    livestreams,
    categories: options.categories ?? catalogue.length,
    startTime: options.startTime,
    eventsPerSecond: options.eventsPerSecond ?? 200,
    swing: options.swing ?? 0.2,
    feedShare: options.feedShare ?? 0,
    run: options.run ?? (former ? former.run + 1 : 0),
  }
  requireRange('seed', settings.seed, 0, 0xffff_ffff, true)
  requireRange('users', settings.users, 10, 5_000_000, true)
  requireRange('sellers', settings.sellers, 1, 1_000_000, true)
  requireRange('livestreams', settings.livestreams, 1, settings.sellers, true)
  requireRange('categories', settings.categories, 1, catalogue.length, true)
  requireRange('startTime', settings.startTime, 0, 8.64e15)
  requireRange('eventsPerSecond', settings.eventsPerSecond, 1e-3, 100_000)
  requireRange('swing', settings.swing, 0, 0.9)
  requireRange('feedShare', settings.feedShare, 0, 1)
  requireRange('run', settings.run, 0, Number.MAX_SAFE_INTEGER, true)
  return settings
}

