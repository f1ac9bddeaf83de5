import { NoSuchTopicError, partitionKey, type EventLog, type LogRecord, type Positions } from '../events/log.ts'
import { readUpTo } from '../events/read-up-to.ts'
import type { Wants } from './audience.ts'
import { comparePositions, cutOf, merge, restrict, restrictTopics, topicOf, type Cut, type Position } from './cut.ts'
import { Follower, type FollowerOptions, type Taken } from './follower.ts'
import { isLogUnavailable, logUnavailable } from './log-unavailable.ts'
import { Reading } from './reading.ts'
import type { RingOptions } from './ring.ts'
import { tailed, type Tailed } from './tailed.ts'

export interface TailOptions<E> extends Partial<RingOptions> {
  log: Pick<EventLog, 'read' | 'starts' | 'ends'>
  /** Read together, by one reader. Absent: whichever topics are asked for, each by a reader of its own. */
  topics?: readonly string[]
  /** Null for what is no event. */
  decode: (record: LogRecord) => E | null
  onError: (error: unknown) => void
  /** How often it is looked whether topics that are read have got more partitions, ms. */
  lookEveryMs?: number | undefined
}

const defaultLookEveryMs = 10_000
const defaultRing: RingOptions = { maxCount: 20_000, maxBytes: 16 * 1024 * 1024 }

/** Between two cuts of the same lanes. */
export interface Between<E> {
  from: Cut
  to: Cut
  wants: Wants<E>
  signal: AbortSignal
}

export type FollowOptions<E, Item> = Pick<FollowerOptions<E, Item>, 'wants' | 'begin' | 'show'> & {
  /** All where there are none. */
  topics?: readonly string[] | undefined
}

/** Most events that are taken at once. */
export const maxTaken = 200

/** A reader, and how many follow it. */
interface Shared<E> {
  reading: Reading<E>
  followers: number
}

/**
 * Events of topics as they are appended. One reader for all subscribers of a process, only while there are some; the latest events
 * are kept, and each subscriber takes them at its own pace. Who falls behind what is kept goes on by the log, so that
 * nobody's memory grows and nobody misses anything.
 */
export class EventTail<E> {
  readonly #options: TailOptions<E>
  readonly #ring: RingOptions
  /** By topic, or all as one. */
  readonly #shared = new Map<string, Shared<E>>()
  #closed: Error | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: TailOptions<E>) {
    const { maxCount = defaultRing.maxCount, maxBytes = defaultRing.maxBytes, pool } = options
    this.#options = options
    this.#ring = { maxCount, maxBytes, pool }
  }

  /** How many readers there are. */
  get size(): number {
    return this.#shared.size
  }

  /** What has been read of these topics; where nobody reads, where the log ends. */
  async now(topics = this.#options.topics ?? []): Promise<Cut> {
    if (this.#closed) throw this.#closed
    const wanted = new Set(topics)
    const parts = await Promise.all(this.#keysOf(topics).map(async (key) => {
      const reading = this.#shared.get(key)?.reading
      if (!reading) return cutOf(await this.#ends(key))
      await reading.started
      return reading.now
    }))
    return restrictTopics(parts.reduce(merge, {}), wanted)
  }

  /** Events of these topics from this turn on. */
  follow<Item>({ topics, wants, begin, show }: FollowOptions<E, Item>): Follower<E, Item> {
    const left = new AbortController()
    const joined = this.#keysOf(topics ?? this.#options.topics ?? []).map((key) => [key, this.#join(key)] as const)
    return new Follower({
      wants, begin, show,
      readings: joined.map(([, { reading }]) => reading),
      topics: this.#options.topics && topics ? new Set(topics) : undefined,
      between: (from, to) => this.#told(this.between({ from, to, wants, signal: left.signal })),
      onEnd: () => {
        left.abort()
        for (const [key, shared] of joined) this.#leave(key, shared)
      },
    })
  }

  /** For those who can only come again, by their cursor. */
  async *#told(chunks: AsyncGenerator<Taken<E>[], void>): AsyncGenerator<Taken<E>[], void> {
    try {
      yield* chunks
    } catch (error) {
      throw error instanceof Removed ? logUnavailable('The event log', error) : error
    }
  }

  /**
   * The wanted events between two cuts, from memory as far as that reaches back.
   * @throws Removed where the log has let go of what was to be read next
   */
  async *between({ from, to, wants, signal }: Between<E>): AsyncGenerator<Taken<E>[], void> {
    const lanes = new Map<string, string[]>()
    for (const lane of Object.keys(to)) {
      const key = this.#keyOf(topicOf(lane))
      const others = lanes.get(key)
      if (others) others.push(lane)
      else lanes.set(key, [lane])
    }
    const readings = [...lanes].map(([key, own]) => [this.#shared.get(key)?.reading, own] as const)
    let cut = from
    for (const [reading, own] of readings) {
      if (signal.aborted) return
      yield* this.#between({ from: cut, to: restrict(to, own), wants, signal }, reading)
      cut = merge(cut, restrict(to, own))
    }
  }

  /** Looks whether topics that are read have got more partitions, which are then read as well. */
  async look(): Promise<void> {
    const lanes = Object.keys(await this.#endsOfThose(this.#options.topics ?? [...this.#shared.keys()]))
    for (const [key, { reading }] of this.#shared) reading.grow(lanes.filter((lane) => this.#keyOf(topicOf(lane)) === key))
  }

  close(reason: Error): void {
    this.#closed ??= reason
    clearTimeout(this.#timer)
    for (const { reading } of this.#shared.values()) reading.fail(reason)
  }

  async *#between({ from, to, wants, signal }: Between<E>, reading: Reading<E> | undefined): AsyncGenerator<Taken<E>[], void> {
    await reading?.started
    const wanted = new Set(Object.keys(to))
    let cut = from
    let number = 0
    while (!signal.aborted) {
      for (const lane of wanted) if (isPassed(cut[lane], to[lane]!)) wanted.delete(lane)
      if (wanted.size === 0) return
      const kept = reading?.kept
      if (!reading || !kept || !reaches(cut, kept, wanted)) {
        const until = restrict(kept ? earlier(kept, to) : to, wanted)
        yield* this.#readLog({ from: cut, to: until, wants, signal })
        cut = merge(cut, until)
        continue
      }
      const taken: Taken<E>[] = []
      const reached: Record<string, Position> = { ...cut }
      for (number = Math.max(number, reading.ring.first); number < reading.ring.end && taken.length < maxTaken; number++) {
        const item = reading.ring.get(number) as Tailed<E>
        const { lane, position } = item.at
        if (!wanted.has(lane) || isPassed(cut[lane], position) || !isPassed(to[lane], position)) continue
        reached[lane] = position
        if (item.event !== null && wants(item.event)) taken.push({ event: item.event, at: item.at, cut: { ...reached } })
      }
      cut = reached
      if (taken.length === 0) return
      yield taken
    }
  }

  async *#readLog({ from, to, wants, signal }: Between<E>): AsyncGenerator<Taken<E>[], void> {
    const { log, decode } = this.#options
    const reached: Record<string, Position> = { ...from }
    const positions = (of: Cut): Positions => Object.fromEntries(Object.keys(to).map((lane) => [lane, of[lane]?.next ?? 0]))
    for await (const records of readUpTo(log, positions(from), positions(to), { signal, maxRecords: maxTaken })) {
      const taken: Taken<E>[] = []
      const starts = await this.#startsOf(topicsWithGaps(records, reached))
      for (const record of records) {
        const { at, event } = tailed(record, decode)
        if (record.offset > nextOf(reached, at.lane) && isRemoved(at.lane, reached, starts)) {
          if (taken.length > 0) yield taken
          throw new Removed(reached)
        }
        reached[at.lane] = at.position
        if (event !== null && wants(event)) taken.push({ event, at, cut: { ...reached } })
      }
      if (taken.length > 0) yield taken
    }
    const unread = signal.aborted ? [] : Object.keys(to).filter((lane) => !isPassed(reached[lane], to[lane]!))
    const starts = await this.#startsOf(new Set(unread.map(topicOf)))
    if (unread.some((lane) => isRemoved(lane, reached, starts))) throw new Removed(reached)
  }

  async #startsOf(topics: ReadonlySet<string>): Promise<Positions> {
    return topics.size === 0 ? {} : this.#options.log.starts([...topics])
  }

  /** Of those that were not deleted. */
  async #endsOfThose(topics: readonly string[]): Promise<Positions> {
    if (topics.length === 0) return {}
    try {
      return await this.#options.log.ends(topics)
    } catch (error) {
      if (!(error instanceof NoSuchTopicError)) throw error
      return this.#endsOfThose(topics.filter((topic) => topic !== error.topic))
    }
  }

  /** Now and then, while somebody reads. */
  #lookAgain(): void {
    if (this.#timer || this.#closed) return
    this.#timer = setTimeout(() => {
      // A log that is away is told by who reads it.
      this.look().catch(() => {}).finally(() => {
        this.#timer = undefined
        if (this.#shared.size > 0) this.#lookAgain()
      })
    }, this.#options.lookEveryMs ?? defaultLookEveryMs).unref()
  }

  /** Of what is read together. */
  #keyOf(topic: string): string {
    return this.#options.topics ? '' : topic
  }

  #keysOf(topics: readonly string[]): string[] {
    return [...new Set(topics.map((topic) => this.#keyOf(topic)))]
  }

  #ends(key: string): Promise<Positions> {
    return this.#options.log.ends(this.#options.topics ?? [key]).catch((cause: unknown) => {
      throw logUnavailable('The event log', cause)
    })
  }

  #join(key: string): Shared<E> {
    let shared = this.#shared.get(key)
    if (!shared) {
      const { log, decode, onError } = this.#options
      const begun: Shared<E> = shared = {
        followers: 0,
        reading: new Reading<E>({
          log, decode, ring: this.#ring, ends: () => this.#ends(key),
          failed: (error) => {
            // Who comes after it tries anew.
            if (this.#shared.get(key) === begun) this.#shared.delete(key)
            if (isLogUnavailable(error)) return error
            onError(error)
            return logUnavailable('The event log', error)
          },
        }),
      }
      if (this.#closed) shared.reading.fail(this.#closed)
      this.#shared.set(key, shared)
      this.#lookAgain()
    }
    shared.followers++
    return shared
  }

  #leave(key: string, shared: Shared<E>): void {
    if (--shared.followers > 0) return
    shared.reading.end()
    if (this.#shared.get(key) === shared) this.#shared.delete(key)
  }
}

/** The log has let go of what lies behind the cut while that was being read. */
export class Removed extends Error {
  readonly cut: Cut

  constructor(cut: Cut) {
    super('The log has let go of events while they were being read.')
    this.cut = cut
  }
}

const nextOf = (reached: Cut, lane: string): number => reached[lane]?.next ?? 0

/** Whether that is why nothing was read there, and not that there was nothing to give out: ends of transactions, what compaction has removed. */
const isRemoved = (lane: string, reached: Cut, starts: Positions): boolean => (starts[lane] ?? 0) > nextOf(reached, lane)

/** Of the records that follow. */
function topicsWithGaps(records: readonly LogRecord[], reached: Cut): Set<string> {
  const next: Record<string, number> = {}
  const topics = new Set<string>()
  for (const { topic, partition, offset } of records) {
    const lane = partitionKey(topic, partition)
    if (offset > (next[lane] ?? nextOf(reached, lane))) topics.add(topic)
    next[lane] = offset + 1
  }
  return topics
}

const isPassed = (reached: Position | undefined, position: Position): boolean => reached !== undefined && comparePositions(reached, position) >= 0

function reaches(cut: Cut, other: Cut, lanes: Iterable<string>): boolean {
  for (const lane of lanes) if (other[lane] !== undefined && !isPassed(cut[lane], other[lane])) return false
  return true
}

/** What both include. */
const earlier = (a: Cut, b: Cut): Cut =>
  Object.fromEntries(Object.entries(a).flatMap(([lane, position]) => (b[lane] ? [[lane, comparePositions(position, b[lane]) <= 0 ? position : b[lane]]] : [])))
