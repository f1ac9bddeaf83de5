import { GraphQLError } from 'graphql'
import { partitionKey, type EventLog, type Positions } from '../events/log.ts'
import { readUpTo } from '../events/read-up-to.ts'
import type { AppendedEvent } from '../resolvers/context.ts'
import { comparePositions, merge, plainPosition, restrict, type Cut, type Place, type Position } from './cut.ts'
import { Ring, type RingOptions } from './ring.ts'
import { tailed, type Tailed } from './tailed.ts'

export interface TailOptions extends Partial<RingOptions> {
  log: EventLog
  topics: readonly string[]
  onError: (error: unknown) => void
}

const defaultRing: RingOptions = { maxCount: 20_000, maxBytes: 16 * 1024 * 1024 }

export interface TailRequest {
  from: Cut
  /** Absent: for ever. */
  to?: Cut
  lanes: readonly string[]
  /** What is not wanted is passed over. */
  wants: (event: AppendedEvent) => boolean
  signal: AbortSignal
}

/** An event, and what its reader has with it. */
export interface Taken {
  event: AppendedEvent
  at: Place
  cut: Cut
}

/** Of so many latest events readers share what they have with them. */
const mostShared = 1_000

/** Most events that are taken at once. */
export const maxTaken = 200

/**
 * Raw events as they are appended. One reader for all subscribers of a process, only while there are some; the latest events
 * are kept, and each subscriber takes them at its own pace. Who falls behind what is kept goes on by the log, so that
 * nobody's memory grows and nobody misses anything.
 */
export class EventTail {
  readonly #log: EventLog
  readonly #topics: readonly string[]
  readonly #onError: (error: unknown) => void
  readonly #ring: RingOptions
  #subscribers = 0
  #reading: Reading | undefined
  #closed: Error | undefined

  constructor({ log, topics, onError, ...ring }: TailOptions) {
    this.#log = log
    this.#topics = topics
    this.#onError = onError
    this.#ring = { ...defaultRing, ...ring }
  }

  /** The lanes of these topics; of all that it reads where none are given. */
  lanesOf(topics: readonly string[] = this.#topics): string[] {
    return topics.flatMap((topic) => Array.from({ length: this.#log.partitions }, (_, partition) => partitionKey(topic, partition)))
  }

  /** What has been read; where nobody reads, where the log ends. */
  async now(): Promise<Cut> {
    if (this.#closed) throw this.#closed
    if (!this.#reading) return cutOf(await this.#ends())
    await this.#reading.started
    return this.#reading.now
  }

  /** What is appended from this turn on is kept in mind, and can be read, until `leave` is called; `begun`: from where. */
  enter(): { begun: Promise<Cut>; read: (request: Omit<TailRequest, 'from' | 'to'>) => AsyncGenerator<Taken[], void>; leave: () => void } {
    this.#subscribers++
    const reading = this.#start()
    const begun = reading.started.then(() => reading.now)
    // Whoever reads sees the failure; nobody has to.
    begun.catch(() => {})
    let left = false
    return {
      begun,
      read: async function* (this: EventTail, request: Omit<TailRequest, 'from' | 'to'>) {
        yield* this.#read({ ...request, from: restrict(await begun, request.lanes) }, reading)
      }.bind(this),
      leave: () => {
        if (left) return
        left = true
        if (--this.#subscribers > 0) return
        this.#reading?.stop.abort()
        this.#reading = undefined
      },
    }
  }

  /** The events between two cuts, from memory as far as that reaches back. */
  read(request: TailRequest & { to: Cut }): AsyncGenerator<Taken[], void> {
    return this.#read(request, this.#reading)
  }

  async *#read({ from, to, lanes, wants, signal }: TailRequest, reading: Reading | undefined): AsyncGenerator<Taken[], void> {
    await reading?.started
    // All who read as it comes have the same with an event, if they read the same lanes.
    const shared = to ? undefined : [...lanes].sort().join(' ')
    const wanted = new Set(lanes)
    let cut = from
    let number = 0
    while (!signal.aborted) {
      for (const lane of wanted) if (to && isPassed(cut[lane], to[lane]!)) wanted.delete(lane)
      if (wanted.size === 0) return
      if (!reading || !reaches(cut, reading.kept, wanted)) {
        const until = restrict(reading && to ? earlier(reading.kept, to) : (to ?? reading!.kept), wanted)
        yield* this.#readLog(cut, until, wants, signal)
        cut = merge(cut, until)
        continue
      }
      const taken: Taken[] = []
      const reached: Record<string, Position> = { ...cut }
      for (number = Math.max(number, reading.ring.first); number < reading.ring.end && taken.length < maxTaken; number++) {
        const item = reading.ring.get(number) as Tailed
        const { lane, position } = item.at
        if (!wanted.has(lane) || isPassed(cut[lane], position) || (to && !isPassed(to[lane], position))) continue
        reached[lane] = position
        if (item.event && wants(item.event)) taken.push({ event: item.event, at: item.at, cut: cutWith(item, reached, shared) })
      }
      cut = reached
      if (taken.length > 0) yield taken
      else if (to) return
      else if (reading.failure) throw reading.failure
      else await reading.news(signal)
    }
  }

  close(reason: Error): void {
    this.#closed ??= reason
    this.#reading?.fail(reason)
  }

  async *#readLog(from: Cut, to: Cut, wants: TailRequest['wants'], signal: AbortSignal): AsyncGenerator<Taken[], void> {
    const reached: Record<string, Position> = { ...from }
    const positions = (of: Cut): Positions => Object.fromEntries(Object.keys(to).map((lane) => [lane, of[lane]?.next ?? 0]))
    for await (const records of readUpTo(this.#log, positions(from), positions(to), { signal, maxRecords: maxTaken })) {
      const taken: Taken[] = []
      for (const item of records.map(tailed)) {
        reached[item.at.lane] = item.at.position
        if (item.event && wants(item.event)) taken.push({ event: item.event, at: item.at, cut: cutWith(item, reached) })
      }
      if (taken.length > 0) yield taken
    }
  }

  #ends(): Promise<Positions> {
    return this.#log.ends(this.#topics).catch(() => {
      throw unavailable()
    })
  }

  #start(): Reading {
    if (this.#reading) return this.#reading
    const reading = new Reading(this.#ring)
    this.#reading = reading
    if (this.#closed) reading.fail(this.#closed)
    reading.started = this.#ends().then((from) => {
      reading.kept = reading.now = cutOf(from)
      void this.#follow(from, reading)
    })
    reading.started.catch(() => this.#forget(reading))
    return reading
  }

  async #follow(from: Positions, reading: Reading): Promise<void> {
    const { signal } = reading.stop
    try {
      for await (const records of this.#log.read({ from, signal })) reading.take(records.map(tailed))
    } catch (error) {
      if (signal.aborted) return
      this.#onError(error)
      reading.fail(unavailable())
      this.#forget(reading)
    }
  }

  /** Who comes after it tries anew. */
  #forget(reading: Reading): void {
    if (this.#reading === reading) this.#reading = undefined
  }
}

/** One run of the reader. */
class Reading {
  readonly stop = new AbortController()
  readonly ring: Ring<Tailed>
  started: Promise<void> = Promise.resolve()
  /** What lies before all that is kept, and what has been read. */
  kept: Cut = {}
  now: Cut = {}
  failure: Error | undefined
  readonly #waiting = new Set<() => void>()

  constructor(options: RingOptions) {
    this.ring = new Ring(options)
  }

  take(items: readonly Tailed[]): void {
    const [now, kept]: Record<string, Position>[] = [{ ...this.now }, { ...this.kept }]
    for (const item of items) {
      now![item.at.lane] = item.at.position
      for (const { at } of this.ring.push(item)) kept![at.lane] = at.position
      const former = this.ring.get(this.ring.end - mostShared)
      if (former) former.cuts = undefined
    }
    this.now = now!
    this.kept = kept!
    this.#wake()
  }

  fail(error: Error): void {
    this.failure ??= error
    this.#wake()
  }

  /** Resolves when there is something new, or the signal is aborted. */
  news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        signal.removeEventListener('abort', wake)
        this.#waiting.delete(wake)
        resolve()
      }
      this.#waiting.add(wake)
      signal.addEventListener('abort', wake)
      if (signal.aborted) wake()
    })
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }
}

function cutWith(item: Tailed, reached: Cut, shared?: string): Cut {
  const known = shared === undefined ? undefined : item.cuts?.get(shared)
  if (known) return known
  const cut = { ...reached }
  if (shared !== undefined) (item.cuts ??= new Map()).set(shared, cut)
  return cut
}

const isPassed = (reached: Position | undefined, position: Position): boolean => reached !== undefined && comparePositions(reached, position) >= 0

function reaches(cut: Cut, other: Cut, lanes: Iterable<string>): boolean {
  for (const lane of lanes) if (other[lane] !== undefined && !isPassed(cut[lane], other[lane])) return false
  return true
}

/** What both include. */
const earlier = (a: Cut, b: Cut): Cut =>
  Object.fromEntries(Object.entries(a).flatMap(([lane, position]) => (b[lane] ? [[lane, comparePositions(position, b[lane]) <= 0 ? position : b[lane]]] : [])))

export const cutOf = (positions: Positions): Cut => Object.fromEntries(Object.entries(positions).map(([lane, next]) => [lane, plainPosition(next)]))

export const unavailable = (): GraphQLError =>
  new GraphQLError('The event log could not be read any further; subscribe again.', { extensions: { code: 'LOG_UNAVAILABLE' } })
