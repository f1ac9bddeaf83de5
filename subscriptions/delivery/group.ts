import { GraphQLError } from 'graphql'
import type { Cut, DeliveryRequest, Gap } from '../../resolvers/live.ts'
import { includesCut } from '../cut.ts'
import { isPolled } from '../../federation/index.ts'
import type { Budget } from './budget.ts'
import { CatchUp, type Entrance } from './catch-up.ts'
import type { Dispatcher } from './dispatcher.ts'
import { Feed, type FeedOptions } from './feed.ts'
import type { DeliveryObserver } from './observer.ts'
import { Pump } from './pump.ts'
import type { Item, Origin, Source } from './source.ts'
import { Subscriber, type SubscriberOptions } from './subscriber.ts'

/** Where a subscription begins. */
export type Start =
  /** With the state, or now where there is none. */
  | { kind: 'now' }
  /** With the state, after a cursor that does not fit. */
  | { kind: 'lost'; reason: Gap['reason'] }
  | { kind: 'after'; cut: Cut }
  /** Ms since the epoch. */
  | { kind: 'since'; time: number }

export interface GroupOptions {
  origin: Origin
  dispatcher: Dispatcher
  /** Of those who catch up, in all groups. */
  entrance: Entrance
  budget: Budget
  observer: DeliveryObserver
  /** Told of what must not happen. */
  onError: (error: unknown) => void
  /** Nobody is in it any more, or nothing more comes: the next who asks begins another. */
  onEnd: () => void
  /** How much is kept for those who come back. */
  keep?: FeedOptions['keep']
}

const defaultKeep = { count: 512, bytes: 1024 * 1024 }
/** Nobody can come back to where there are no positions. */
const keepNothing = { ...defaultKeep, count: 0 }
/** More comes than is kept while what was missed is read: after so many times the client has to come again. */
const maxTries = 20
/** What waits to be handed out may have so many bytes before no more is read from the source. */
const maxUnpassed = 256 * 1024

const unexpected = new GraphQLError('Something went wrong here; subscribe again.', { extensions: { code: 'INTERNAL_SERVER_ERROR' } })

/** Why it ends, with where this one may go on. */
const lastWord = ({ message, extensions }: GraphQLError, { cursor }: { cursor?: string | undefined } = {}): GraphQLError =>
  new GraphQLError(message, { extensions: { ...extensions, ...cursor !== undefined && { cursor } } })

/**
 * Equal subscriptions: the operation is run once for all of them, and each payload rendered once. It begins when it is made and
 * ends with its last member.
 */
export class Group {
  readonly live: Feed
  readonly observer: DeliveryObserver
  readonly #options: GroupOptions
  readonly #catchUps = new Set<CatchUp>()
  /** The latest of each kind and place, which others may join. */
  readonly #joinable = new Map<string, CatchUp>()
  readonly #members = new Set<Subscriber>()
  /** Of those who wait for the state: where the live payloads were when they came. */
  readonly #joinedAt = new WeakMap<Subscriber, Cut>()
  readonly #tries = new WeakMap<Subscriber, number>()
  readonly #started: Promise<void>
  #source: Source | undefined
  #isRead = false
  #joining = 0
  #over = false
  #failed = false
  /** Why the source could give no more. */
  #failure: GraphQLError | undefined
  #ofDiffs = false
  /** The state that is being asked for; whoever comes now gets the next one. */
  #asking: CatchUp | undefined

  constructor(options: GroupOptions) {
    this.#options = options
    this.observer = options.observer
    this.live = new Feed({ ...this.#feedOptions((member) => this.#endOf(member, this.#failure)), keep: options.keep ?? (options.origin.positioned ? defaultKeep : keepNothing) })
    this.#started = this.#start()
    // Whoever joins is told.
    this.#started.catch(() => {})
  }

  get size(): number {
    return this.#members.size
  }

  encode(cut: Cut): string {
    return this.#options.origin.encode(cut)
  }

  /**
   * Delivers to one more from now on; undefined where its source has ended, and another group has to begin.
   * @throws Refusal of the origin
   */
  async join(options: SubscriberOptions, start: Start): Promise<Subscriber | undefined> {
    this.#joining++
    try {
      await this.#started
    } finally {
      this.#joining--
    }
    if (this.#failed) throw lastWord(unexpected)
    // What was said last was said to those who were there.
    if (this.#over) return undefined
    const member = new Subscriber(this, options)
    this.#members.add(member)
    try {
      this.#place(member, start)
    } catch (error) {
      member.leave()
      throw error
    }
    // Whoever waited for the beginning is there now, and gets the first payload.
    if (!this.#isRead) this.#readOn()
    return member
  }

  /** To be called by the member. */
  left(member: Subscriber): void {
    this.#members.delete(member)
    this.#tidy()
    if (this.#members.size > 0 || this.#joining > 0) return
    this.#end()
    this.live.close()
    void this.#source?.return?.()
  }

  /** Something that must not happen has, in what all of them share: they are told, and nobody else is harmed. */
  fail(error: unknown): void {
    this.#options.onError(error)
    this.#failed = true
    this.#end()
    for (const member of [...this.#members]) member.end(lastWord(unexpected, member))
  }

  /** It missed something while its connection took nothing, which it does again. */
  recover(member: Subscriber): void {
    if (this.#options.origin.positioned) this.#catchUp(member, member.restart)
    else this.#begin(member)
  }

  /** How many live payloads were dropped from this one on, given what is included now; null where that has more than was read so far. */
  countMissed(since: number, cut: Cut | undefined): number | null {
    const { entries } = this.live
    if (cut && !includesCut(entries.cut ?? {}, cut)) return null
    return Math.max(0, (cut ? entries.behind(cut) : entries.end) - since)
  }

  async #start(): Promise<void> {
    const { origin } = this.#options
    try {
      const source = this.#source = await origin.open({ kind: 'stream' })
      if (origin.positioned) {
        const { value } = await source.next()
        if (value && 'reached' in value) {
          this.live.entries.base = value.reached
          this.#ofDiffs = value.diffs === true
        }
        else if (value) throw new Error('A stream with positions must begin with the one at which it stands.')
      }
    } catch (error) {
      this.#end()
      throw error
    }
  }

  #readOn(): void {
    this.#isRead = true
    const source = this.#source as Source
    if (!isPolled<Item>(source)) return void this.#read(source)
    new Pump({
      source, feed: this.live, dispatcher: this.#options.dispatcher, maxUnpassed, isOver: () => this.#over,
      onEnd: (failure) => this.#finish(failure), onFailed: (error) => this.fail(error),
    })
  }

  async #read(source: Source): Promise<void> {
    try {
      for (;;) {
        const { breath } = this.#options.dispatcher
        if (breath) await breath
        if (this.live.isBehind(maxUnpassed)) await this.live.ready(maxUnpassed)
        const { value } = await source.next()
        if (!value || this.#over) break
        if ('failed' in value) return this.#finish(value.failed)
        if ('rendered' in value) this.live.append(value.rendered)
      }
      this.#finish()
    } catch (error) {
      this.fail(error)
    }
  }

  #finish(failure?: GraphQLError): void {
    this.#failure = failure
    this.#end()
    this.live.finish()
  }

  #end(): void {
    if (this.#over) return
    this.#over = true
    this.#options.onEnd()
  }

  #place(member: Subscriber, start: Start): void {
    const { origin } = this.#options
    if (start.kind === 'lost') member.miss({ reason: start.reason, from: undefined })
    if (!origin.positioned) this.#begin(member)
    // Another replica may have come to its cursor by other steps, and these changes mean nothing after those.
    else if (start.kind === 'after' && this.#ofDiffs && !this.live.entries.standsAt(start.cut)) this.#catchUp(member, { kind: 'missed', from: start.cut })
    // It comes from a replica that has read further, or from beyond the end of the log: only the source can tell.
    else if (start.kind === 'after' && this.live.entries.isPassedBy(start.cut)) this.#catchUp(member, { kind: 'missed', from: start.cut })
    else if (start.kind === 'after') this.#attach(member, start.cut)
    else if (start.kind === 'since') this.#catchUp(member, { kind: 'missed', since: start.time })
    else {
      this.#joinedAt.set(member, this.live.entries.cut as Cut)
      this.#catchUp(member, { kind: 'snapshot' })
    }
  }

  /** Where there are no positions: from now on. */
  #begin(member: Subscriber): void {
    if (member.isMissing) member.owe(this.#options.origin.renderGap(), undefined)
    member.enter(this.live, this.live.entries.end, undefined)
  }

  /** On from here, with the live payloads or with what was missed before them. */
  #attach(member: Subscriber, cut: Cut): void {
    const { entries } = this.live
    if (member.isMissing) member.owe(this.#options.origin.renderGap(), cut)
    const tries = this.#tries.get(member) ?? 0
    if (entries.reachesBackTo(cut)) {
      this.#tries.delete(member)
      member.enter(this.live, entries.behind(cut), cut)
    } else if (tries < maxTries) {
      this.#tries.set(member, tries + 1)
      this.#catchUp(member, { kind: 'missed', from: cut })
    } else {
      member.end(new GraphQLError('What was missed could not be caught up with; subscribe again.', {
        extensions: { code: 'SUBSCRIBER_TOO_SLOW', cursor: this.encode(cut) },
      }))
    }
  }

  #catchUp(member: Subscriber, request: DeliveryRequest): void {
    const key = this.#keyOf(request)
    let catchUp = this.#joinable.get(key)
    // A state must not have been asked for before it was wanted; what was missed is always the same.
    if (!catchUp || (request.kind === 'snapshot' ? catchUp.begun : !catchUp.isWhole)) {
      const begun = new CatchUp(() => this.#options.origin.open(request), this.#options.entrance, this.#feedOptions((last) => this.#caughtUp(last, begun)))
      this.#joinable.set(key, catchUp = begun)
      this.#catchUps.add(begun)
      if (request.kind === 'missed') void this.#run(begun)
      else if (!this.#asking) setImmediate(() => this.#ask())
    }
    member.enter(catchUp.feed, 0, request.kind === 'missed' && 'from' in request ? request.from : undefined, request)
  }

  #keyOf(request: DeliveryRequest): string {
    if (request.kind !== 'missed') return request.kind
    return 'from' in request ? this.encode(request.from) : String(request.since)
  }

  /** One state at a time, for all who have come until it is asked for; those who read theirs slowly keep nobody from the next one. */
  #ask(): void {
    const catchUp = this.#joinable.get('snapshot')
    if (!catchUp || catchUp.begun || this.#asking) return
    this.#asking = catchUp
    const next = (): void => {
      if (this.#asking !== catchUp) return
      this.#asking = undefined
      this.#ask()
    }
    void this.#run(catchUp, next).then(next)
  }

  async #run(catchUp: CatchUp, onWaiting?: () => void): Promise<void> {
    try {
      await catchUp.run(onWaiting)
    } catch (error) {
      this.fail(error)
    }
  }

  #endOf(member: Subscriber, failure: GraphQLError | undefined): void {
    member.end(failure && lastWord(failure, member))
  }

  #caughtUp(member: Subscriber, { reached, failure, feed: { entries } }: CatchUp): void {
    // Where there is no state to begin with, what came while it was asked for is not in it.
    const begin = entries.end === 0 ? this.#joinedAt.get(member) : undefined
    this.#joinedAt.delete(member)
    if (reached) {
      if (member.isNew) member.began(begin ?? reached)
      this.#attach(member, begin ?? reached)
    } else this.#endOf(member, failure)
    this.#tidy()
  }

  /** What nobody is in is not run any further. */
  #tidy(): void {
    for (const catchUp of this.#catchUps) {
      if (catchUp.feed.size > 0) continue
      for (const [key, each] of this.#joinable) if (each === catchUp) this.#joinable.delete(key)
      this.#catchUps.delete(catchUp)
      catchUp.close()
    }
  }

  #feedOptions(onExhausted: FeedOptions['onExhausted']): Omit<FeedOptions, 'keep'> {
    const { dispatcher, budget, observer } = this.#options
    return { dispatcher, budget, observer, onExhausted, onFailed: (error) => this.fail(error) }
  }
}
