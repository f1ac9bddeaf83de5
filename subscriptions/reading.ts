import { setImmediate as nextTurn } from 'node:timers/promises'
import type { EventLog, Positions } from '../events/log.ts'
import { Audience } from './audience.ts'
import { cutOf, plainPosition, restrictTopics, type Cut, type Position } from './cut.ts'
import type { Follower } from './follower.ts'
import { Ring, type RingOptions } from './ring.ts'
import { tailed, type Tailed } from './tailed.ts'

export interface ReadingOptions<E> {
  log: Pick<EventLog, 'read'>
  /** Resolves to where the topics end. */
  ends: () => Promise<Positions>
  decode: Parameters<typeof tailed<E>>[1]
  ring: RingOptions
  /** It cannot be read any further. @returns what those who follow are told */
  failed: (error: unknown) => Error
}

/** Of so many latest events those who follow share what they have with them. */
const mostShared = 1_000
/** So many are handed out before anybody gets a turn: a burst must not be taken for a slow reader. */
const eventsAtOnce = 64

let readings = 0

/** One run of a reader over some topics from where they end: it remembers the latest events and tells those who follow. */
export class Reading<E> {
  /** Tells it from others. */
  readonly id = readings++
  readonly ring: Ring<Tailed<E>>
  readonly followers = new Audience<E, Follower<E, unknown>>()
  /** Kept once everything that is appended from then on will be seen. */
  readonly started: Promise<void>
  /** Where it began; absent before. */
  begin: Cut | undefined
  failure: Error | undefined
  readonly #options: ReadingOptions<E>
  readonly #stop = new AbortController()
  /** What lies before all that is kept, and what has been read. */
  #kept: Record<string, Position> = {}
  #now: Record<string, Position> = {}

  constructor(options: ReadingOptions<E>) {
    this.#options = options
    this.ring = new Ring(options.ring)
    this.started = this.#start()
    // Whoever follows is told.
    this.started.catch(() => {})
  }

  get now(): Cut {
    return { ...this.#now }
  }

  get kept(): Cut {
    return { ...this.#kept }
  }

  end(): void {
    this.#stop.abort()
    this.ring.clear()
  }

  fail(error: Error): void {
    this.failure ??= error
    for (const follower of this.followers) follower.awaken()
  }

  /** These lanes of its topics are new if it does not read them: they are read from their beginning, as nobody has anything of them. */
  grow(lanes: readonly string[]): void {
    if (!this.begin || this.#stop.signal.aborted) return
    const added = lanes.filter((lane) => this.#now[lane] === undefined)
    if (added.length === 0) return
    for (const lane of added) this.#kept[lane] = this.#now[lane] = plainPosition(0)
    void this.#follow(Object.fromEntries(added.map((lane) => [lane, 0])))
  }

  /** What of it is in these topics. */
  part(cut: Cut, topics: ReadonlySet<string> | undefined): Cut {
    return topics ? restrictTopics(cut, topics) : cut
  }

  async #start(): Promise<void> {
    try {
      const from = await this.#options.ends()
      this.begin = cutOf(from)
      this.#now = { ...this.begin }
      this.#kept = { ...this.begin }
      void this.#follow(from)
    } catch (error) {
      const failure = this.#options.failed(error)
      this.fail(failure)
      throw failure
    }
  }

  async #follow(from: Positions): Promise<void> {
    const { signal } = this.#stop
    const { log, decode, failed } = this.#options
    try {
      for await (const records of log.read({ from, signal })) {
        for (const [index, record] of records.entries()) {
          if (index > 0 && index % eventsAtOnce === 0) await nextTurn()
          if (signal.aborted) return
          this.#take(tailed(record, decode))
        }
      }
    } catch (error) {
      if (!signal.aborted) this.fail(failed(error))
    }
  }

  #take(item: Tailed<E>): void {
    this.#now[item.at.lane] = item.at.position
    const number = this.ring.end
    for (const { at } of this.ring.push(item)) this.#kept[at.lane] = at.position
    const former = this.ring.get(number - mostShared)
    if (former) former.cuts = undefined
    if (item.event !== null) this.followers.forEach(item.event, (follower) => follower.offer(this, number, item))
  }
}
