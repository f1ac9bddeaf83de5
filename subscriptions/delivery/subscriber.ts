import { GraphQLError } from 'graphql'
import type { Cut, DeliveryRequest, Gap } from '../../resolvers/live.ts'
import { includesCut, merge } from '../cut.ts'
import { maxWrite, type Reader } from './connection.ts'
import { frameOf, isIncluded, type Entry } from './entries.ts'
import type { Feed } from './feed.ts'
import type { Group } from './group.ts'
import { renderGap, type Payload } from './payload.ts'
import type { Sink } from './sink.ts'

/** What becomes of payloads that a client does not take in time. */
export type Policy = 'CONFLATE' | 'BUFFER' | 'DISCONNECT'

export interface SubscriberOptions {
  sink: Sink
  policy: Policy
  /** How many payloads may wait, unless the policy is to conflate. */
  buffer: number
}

/** What is missing before the next payload. */
interface Missing {
  reason: Gap['reason']
  from: string | undefined
  /** The number of the first payload that was dropped; absent where that is not known. */
  since?: number | undefined
}

/**
 * One client's subscription: a place in a feed, and no queue of its own. Whatever is slow about it waits as entries of the feed,
 * which others share.
 */
export class Subscriber implements Reader {
  readonly #group: Group
  readonly #sink: Sink
  readonly #policy: Policy
  readonly #buffer: number
  #feed: Feed | undefined
  /** The number of the next payload of the feed. */
  next = 0
  /** What is included with the last payload that was handed over. */
  #cut: Cut | undefined
  /** It came with more than the feed had: what is in it is not repeated, and cursors have it in them. */
  #ahead: Cut | undefined
  #missing: Missing | undefined
  /** A payload for it alone, which comes first. */
  #owed: Payload | undefined
  /** It missed something while its connection took nothing; it goes on anew once it does. */
  #isLost = false
  #left = false
  #again: DeliveryRequest | undefined

  constructor(group: Group, { sink, policy, buffer }: SubscriberOptions) {
    this.#group = group
    this.#sink = sink
    this.#policy = policy
    this.#buffer = buffer
    sink.connection.add(this)
  }

  get due(): boolean {
    return this.#owed !== undefined || (this.#feed !== undefined && !this.#isLost && this.next < this.#feed.limit)
  }

  get conflates(): boolean {
    return this.#policy === 'CONFLATE' && this.#feed === this.#group.live
  }

  get left(): boolean {
    return this.#left
  }

  /** Of the last payload that was handed over, or where it began; absent where there is none. */
  get cursor(): string | undefined {
    return this.#cut && this.#group.encode(this.#cut)
  }

  /** Whether it has got nothing yet, and did not come with a cursor. */
  get isNew(): boolean {
    return this.#cut === undefined
  }

  /** There is no state to show: what comes next comes behind this. */
  began(cut: Cut): void {
    this.#sink.began(this.#group.encode(cut))
  }

  /** Says with the next payload what is missing before it. */
  miss(missing: Missing): void {
    this.#missing = missing
  }

  /**
   * Reads on in this feed.
   * @param position what it has already
   * @param again what to ask for should it fall out of the feed before it has anything of it; absent for live payloads
   */
  enter(feed: Feed, next: number, position: Cut | undefined, again?: DeliveryRequest): void {
    this.#feed?.delete(this)
    this.#feed = feed
    this.next = next
    this.#isLost = false
    // What comes behind all that the feed has had is new to whoever has no more than that.
    const { end, cut } = feed.entries
    this.#ahead = position && next === end && cut && includesCut(cut, position) ? undefined : position
    this.#cut = position ?? this.#cut
    this.#again = again
    feed.add(this)
    this.visit()
  }

  /** The gap that is still to be said, in a payload of its own. */
  owe(payload: Payload, cut: Cut | undefined): void {
    this.#owed = { ...payload, cursor: cut && this.#group.encode(cut), gap: this.#takeGap(cut) ?? payload.gap }
    this.#sink.connection.flush(this)
  }

  get isMissing(): boolean {
    return this.#missing !== undefined
  }

  /** Hands over what is due, if the connection takes it. */
  visit(): void {
    if (!this.#sink.connection.congested) this.#sink.connection.flush(this)
    this.#settle()
  }

  resume(): void {
    if (this.#left) return
    if (this.#isLost) {
      this.#sink.connection.flush(this)
      this.#group.recover(this)
      return
    }
    this.visit()
  }

  /** Whether more waits than may. */
  check(): void {
    if (this.#feed !== this.#group.live || this.conflates || this.#isLost || !this.#feed) return
    if (this.#feed.entries.end - this.next > this.#buffer) this.missed()
  }

  /** What was next is not kept any more. */
  missed(): void {
    const feed = this.#feed
    if (this.#isLost || !feed) return
    this.#isLost = true
    feed.delete(this)
    if (feed !== this.#group.live) return
    if (this.#policy !== 'DISCONNECT') {
      // Of payloads that are gone nobody can say whether it came with them.
      this.#missing = { reason: 'BUFFER', from: this.cursor, since: this.#ahead ? undefined : this.next }
      return
    }
    const waiting = feed.entries.end - this.next
    this.#group.observer.dropped(waiting)
    this.end(new GraphQLError(
      `${waiting} payloads waited to be read, and ${this.#buffer} may ("buffer"); read faster, or subscribe with another "policy".`,
      { extensions: { code: 'SUBSCRIBER_TOO_SLOW', ...(this.cursor !== undefined && { cursor: this.cursor }) } }))
  }

  /** By what it goes on after it was lost: what it missed where that is known, the state otherwise. */
  get restart(): DeliveryRequest {
    if (!this.#again) return { kind: 'snapshot' }
    return this.#again.kind === 'missed' && this.#cut ? { kind: 'missed', from: this.#cut } : this.#again
  }

  failed(error: unknown): void {
    this.#group.fail(error)
  }

  end(error?: GraphQLError): void {
    if (this.#left) return
    this.leave()
    this.#sink.ended(error)
  }

  leave(): void {
    if (this.#left) return
    this.#left = true
    this.#feed?.delete(this)
    this.#feed = undefined
    this.#owed = undefined
    this.#sink.connection.delete(this)
    this.#group.left(this)
  }

  take(): string {
    const { framing, id } = this.#sink
    if (this.#owed) {
      const frame = frameOf(framing, this.#owed, id)
      this.#owed = undefined
      this.#group.observer.delivered(1)
      return frame
    }
    const feed = this.#feed
    if (!feed || !this.due) return ''
    const latest = this.#latestOf(feed)
    if (this.#ahead || this.#missing || latest) return this.#takeOwn(feed, latest)
    const { entries } = feed
    const to = entries.within(this.next, feed.limit, maxWrite)
    const frames = entries.frames(framing, this.next, to, id)
    this.#group.observer.delivered(to - this.next)
    this.next = to
    this.#cut = entries.at(to - 1).cut ?? this.#cut
    return frames
  }

  /** What is left of what waited, where it was slow. Whoever writes to the connection may be the first to ask for it. */
  #latestOf(feed: Feed): Iterator<Entry> | undefined {
    const { first, end } = feed.entries
    const isBehind = this.next < first || this.next + 1 < end
    return this.conflates && isBehind && feed.isSlow(this) ? feed.conflated(this.next)[Symbol.iterator]() : undefined
  }

  /** What differs for this subscriber, one by one. */
  #takeOwn(feed: Feed, latest: Iterator<Entry> | undefined): string {
    const { framing, id } = this.#sink
    let bytes = ''
    let count = 0
    while (bytes.length < maxWrite && this.next < feed.limit && (this.#ahead || this.#missing || latest)) {
      const payload = this.#own(this.#nextOf(feed, latest))
      if (!payload) continue
      bytes += frameOf(framing, payload, id)
      count++
    }
    if (count > 0) this.#group.observer.delivered(count)
    return bytes
  }

  #nextOf(feed: Feed, latest: Iterator<Entry> | undefined): Entry {
    if (!latest) return feed.entries.at(this.next++)
    // The newest of all is the latest of its key: they end where the feed does.
    const entry = latest.next().value as Entry
    if (entry.index > this.next) this.#group.observer.conflated(entry.index - this.next)
    this.next = entry.index + 1
    return entry
  }

  /** The entry's payload for this subscriber; undefined where it has it already. */
  #own(entry: Entry): Payload | undefined {
    let { cut } = entry
    // It had nothing of this log that could be told apart: it is where this begins.
    if (entry.gap?.reason === 'CURSOR') this.#ahead = undefined
    if (this.#ahead && cut) {
      if (isIncluded(this.#ahead, entry)) return undefined
      if (includesCut(cut, this.#ahead)) this.#ahead = undefined
      else this.#ahead = cut = merge(this.#ahead, cut)
    } else this.#ahead = undefined
    this.#cut = cut ?? this.#cut
    const gap = this.#takeGap(cut)
    if (gap === undefined && cut === entry.cut) return entry.payload
    return { ...entry.payload, cursor: cut && this.#group.encode(cut), gap: gap ?? entry.payload.gap }
  }

  #takeGap(cut: Cut | undefined): string | undefined {
    const missing = this.#missing
    if (!missing) return undefined
    this.#missing = undefined
    const { reason, from, since } = missing
    const count = since === undefined ? null : this.#group.countMissed(since, cut)
    this.#group.observer.gap(reason)
    if (count !== null) this.#group.observer.dropped(count)
    return renderGap({ reason, missed: { ...(from !== undefined && { from }), count } })
  }

  /** After what could be handed over was. */
  #settle(): void {
    const feed = this.#feed
    if (!feed || this.#left) return
    if (this.due) {
      if (this.#sink.connection.congested) feed.stalled(this)
      return
    }
    feed.recovered(this)
    if (feed.over && this.next === feed.entries.end) feed.exhausted(this)
  }
}
