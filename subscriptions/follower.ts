import type { PolledStream } from '../federation/index.ts'
import type { Listener, Wants } from './audience.ts'
import { advance, merge, type Cut, type Place } from './cut.ts'
import type { Reading } from './reading.ts'
import type { Tailed } from './tailed.ts'

/** An event, and what its reader has with it. */
export interface Taken<E> {
  event: E
  at: Place
  cut: Cut
}

export interface FollowerOptions<E, Item> {
  readings: readonly Reading<E>[]
  /** All that the readings have where there are none. */
  topics: ReadonlySet<string> | undefined
  wants: Wants<E>
  /** What it gives first, at once when it is known where it begins, and then for each event. */
  begin: (cut: Cut) => Item
  show: (taken: Taken<E>) => Item
  /** The wanted events between two cuts. */
  between: (from: Cut, to: Cut) => AsyncIterator<Taken<E>[], unknown>
  onEnd: () => void
}

interface Offer<E> {
  reading: Reading<E>
  number: number
  /** Absent before it is known where all of them begin. */
  cut: Cut | undefined
}

/** So many that wait are known by their numbers; whoever has more looks for them when it reads on. */
const mostOffered = 1_000
const done = { done: true, value: undefined } as const

/**
 * Who follows some topics at its own pace. It is told of the events that it wants, and takes them from what is remembered; if it
 * falls behind that, from the log. So nobody's memory grows, and nobody misses anything.
 */
export class Follower<E, Item> implements Listener<E>, PolledStream<Item>, AsyncIterableIterator<Item, undefined> {
  readonly wants: Wants<E>
  readonly #options: FollowerOptions<E, Item>
  readonly #bases: (Cut | undefined)[]
  readonly #key: string
  #cut: Cut | undefined
  #isBegun = false
  #offered: Offer<E>[] = []
  #next = 0
  /** More waits than is known. */
  #lost = false
  #missed: Missed<E> | undefined
  #failure: unknown
  #ended = false
  #wake: (() => void) | undefined

  constructor(options: FollowerOptions<E, Item>) {
    const { readings, topics, wants } = options
    this.#options = options
    this.wants = wants
    this.#key = `${readings.map(({ id }) => id).join()} ${topics ? [...topics].sort().join() : ''}`
    // From this turn on it is told of everything: what runs already has read so far, the others begin later.
    this.#bases = readings.map((reading) => (reading.begin ? reading.now : undefined))
    for (const reading of readings) reading.followers.add(this as Follower<E, unknown>)
    Promise.all(readings.map(({ started }) => started)).then(() => this.#begin(), () => this.awaken())
  }

  /** To be called by the reading, for what is wanted. */
  offer(reading: Reading<E>, number: number, item: Tailed<E>): void {
    if (this.#lost || this.#ended) return
    if (this.#offered.length - this.#next < mostOffered) {
      this.#offered.push({ reading, number, cut: this.#cut ? this.#cutWith(item) : undefined })
    } else {
      this.#forget()
      this.#lost = true
    }
    if (this.#wake) this.awaken()
  }

  awaken(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }

  poll(wake: () => void): IteratorResult<Item, undefined> | undefined {
    if (this.#ended) return done
    if (this.#failure !== undefined) throw this.#end(this.#failure)
    if (this.#cut && !this.#isBegun) {
      this.#isBegun = true
      return { done: false, value: this.#options.begin(this.#cut) }
    }
    const taken = this.#isBegun ? this.#take() : undefined
    if (taken) return { done: false, value: this.#options.show(taken) }
    this.#wake = wake
    if (this.#missed) return undefined
    // What was told before is given first.
    const failed = this.#options.readings.find(({ failure }) => failure !== undefined)
    if (failed) throw this.#end(failed.failure)
    return undefined
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    for (;;) {
      const { promise, resolve } = Promise.withResolvers<void>()
      const result = this.poll(resolve)
      if (result) return result
      await promise
    }
  }

  return(): Promise<IteratorReturnResult<undefined>> {
    this.#end()
    this.awaken()
    return Promise.resolve(done)
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #begin(): void {
    const { readings, topics } = this.#options
    this.#cut = readings.reduce<Cut>((cut, reading, index) => merge(cut, reading.part(this.#bases[index] ?? reading.begin!, topics)), {})
    this.awaken()
  }

  #take(): Taken<E> | undefined {
    if (this.#missed) return this.#missed.take()
    if (this.#lost) return this.#catchUp()
    const offer = this.#offered[this.#next]
    if (!offer) return undefined
    const item = offer.reading.ring.get(offer.number)
    if (!item) return this.#catchUp()
    if (++this.#next === this.#offered.length) this.#forget()
    this.#cut = offer.cut ?? advance(this.#cut!, item.at)
    return { event: item.event as E, at: item.at, cut: this.#cut }
  }

  /** What it was not told of, or what is not remembered any more, up to where it is told again. */
  #catchUp(): undefined {
    const to = this.#now()
    this.#forget()
    this.#lost = false
    this.#missed = new Missed(this.#options.between(this.#cut!, to), (failure) => {
      this.#missed = undefined
      this.#cut = merge(this.#cut!, to)
      this.#failure = failure
      this.awaken()
    }, () => this.awaken())
  }

  #now(): Cut {
    const { readings, topics } = this.#options
    return readings.reduce<Cut>((cut, reading) => ({ ...cut, ...reading.part(reading.now, topics) }), {})
  }

  /** What all of them have read is in it: what is wanted of that was told before. */
  #cutWith(item: Tailed<E>): Cut {
    const known = item.cuts?.get(this.#key)
    if (known) return known
    const cut = this.#now()
    ;(item.cuts ??= new Map()).set(this.#key, cut)
    return cut
  }

  #forget(): void {
    this.#offered = []
    this.#next = 0
  }

  #end(failure?: unknown): unknown {
    if (this.#ended) return failure
    this.#ended = true
    this.#forget()
    this.#missed?.leave()
    for (const reading of this.#options.readings) reading.followers.delete(this as Follower<E, unknown>)
    this.#options.onEnd()
    return failure
  }
}

/** What is read in chunks by promises, for one who polls. */
class Missed<E> {
  readonly #chunks: AsyncIterator<readonly Taken<E>[], unknown>
  readonly #onEnd: (failure?: unknown) => void
  readonly #onChunk: () => void
  #chunk: readonly Taken<E>[] = []
  #next = 0
  #isPulling = false

  constructor(chunks: AsyncIterator<readonly Taken<E>[], unknown>, onEnd: (failure?: unknown) => void, onChunk: () => void) {
    this.#chunks = chunks
    this.#onEnd = onEnd
    this.#onChunk = onChunk
    this.#pull()
  }

  take(): Taken<E> | undefined {
    const taken = this.#chunk[this.#next]
    if (taken) this.#next++
    else this.#pull()
    return taken
  }

  leave(): void {
    void this.#chunks.return?.()
  }

  #pull(): void {
    if (this.#isPulling) return
    this.#isPulling = true
    this.#chunks.next().then(({ done: over, value }) => {
      this.#isPulling = false
      if (over) return this.#onEnd()
      this.#chunk = value as readonly Taken<E>[]
      this.#next = 0
      this.#onChunk()
    }, (failure: unknown) => this.#onEnd(failure))
  }
}
