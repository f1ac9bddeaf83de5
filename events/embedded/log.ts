import {
  LogUnavailableError, parsePartitionKey,
  type Appended, type Assignment, type EventLog, type JoinOptions, type LogRecord, type NewRecord, type Positions,
  type ReadOptions, type TopicSpec,
} from '../log.ts'
import { Groups } from './groups.ts'
import { read, Waiters } from './reader.ts'
import { sweep } from './retention.ts'
import { offsetAt, Slots, startOf } from './slots.ts'
import type { Store } from './store.ts'
import { Writer } from './writer.ts'

export interface EmbeddedLogOptions {
  clock: () => number
  retentionBytes: number
  report: (message: string) => void
}

/** How often old records are looked for, in milliseconds of the log's clock. */
const SWEEP_EVERY_MS = 10_000

/** An `EventLog` within one process, over a store on its disk. */
export class EmbeddedLog implements EventLog {
  readonly id: string
  readonly partitions: number
  readonly #store: Store
  readonly #options: EmbeddedLogOptions
  readonly #slots: Slots
  readonly #writer: Writer
  readonly #waiters = new Waiters()
  readonly #groups = new Groups()
  readonly #closed = new AbortController()
  #released: Positions
  #sweptAt = -Infinity
  #sweeping: NodeJS.Immediate | undefined

  constructor(store: Store, options: EmbeddedLogOptions) {
    this.id = store.id
    this.partitions = store.partitions
    this.#store = store
    this.#options = options
    this.#slots = new Slots(store)
    this.#released = store.protected()
    this.#writer = new Writer(store, this.#slots, options.clock, options.report, () => this.#written())
  }

  async ensureTopics(specs: readonly TopicSpec[]): Promise<void> {
    this.#open()
    this.#slots.ensure(specs)
  }

  append(records: readonly NewRecord[], { signal }: { signal?: AbortSignal } = {}): Promise<Appended[]> {
    return this.#writer.append(records, signal)
  }

  read(options: ReadOptions): AsyncIterable<LogRecord[]> {
    return this.#read(options)
  }

  #read(options: ReadOptions, ...signals: AbortSignal[]): AsyncIterable<LogRecord[]> {
    return read(this.#store, this.#slots, this.#waiters, options, [options.signal, this.#closed.signal, ...signals])
  }

  async starts(topics: readonly string[]): Promise<Positions> {
    this.#open()
    return this.#slots.positions(topics, (slot) => startOf(this.#store, slot))
  }

  async ends(topics: readonly string[]): Promise<Positions> {
    this.#open()
    return this.#slots.positions(topics, (slot) => slot.next)
  }

  async positionsAt(topics: readonly string[], time: number): Promise<Positions> {
    this.#open()
    return this.#slots.positions(topics, (slot) => offsetAt(this.#store, slot, time))
  }

  async *join({ group, topics, signal }: JoinOptions): AsyncGenerator<Assignment, void> {
    this.#open()
    for (const topic of topics) this.#slots.of(topic)
    if (signal.aborted) return
    const member = this.#groups.enter(group)
    const leave = () => member.leave()
    signal.addEventListener('abort', leave)
    this.#closed.signal.addEventListener('abort', leave)
    try {
      if (!member.owns) {
        const waiting = new AbortController()
        // Revoked in the moment of promotion or leaving, not when the caller asks for the next assignment.
        void member.promoted.then(() => waiting.abort())
        yield this.#assignment(group, topics, [], waiting.signal)
        await member.promoted
      }
      if (member.left.aborted) return
      const all = Array.from({ length: this.partitions }, (_, partition) => partition)
      yield this.#assignment(group, topics, all, member.left)
      await aborted(member.left)
    } finally {
      leave()
      signal.removeEventListener('abort', leave)
      this.#closed.signal.removeEventListener('abort', leave)
    }
  }

  #assignment(
    group: string, topics: readonly string[], partitions: readonly number[], signal: AbortSignal,
  ): Assignment {
    const owned = (key: string) => {
      const { topic, partition } = parsePartitionKey(key)
      return topics.includes(topic) && partitions.includes(partition)
    }
    const checked = (positions: Positions) => {
      const foreign = Object.keys(positions).find((key) => !owned(key))
      if (foreign !== undefined) throw new Error(`'${foreign}' is not part of this assignment of group '${group}'.`)
      return positions
    }
    const committed = Object.fromEntries(Object.entries(this.#store.committed(group)).filter(([key]) => owned(key)))
    return {
      epoch: this.#store.nextEpoch(group),
      partitions,
      signal,
      committed,
      read: (options) => this.#read({ ...options, from: checked(options.from) }, signal),
      commit: async (positions) => {
        this.#open()
        this.#store.commit(group, checked(positions))
      },
    }
  }

  /**
   * Releases what lies before these positions: a snapshot or checkpoint covers it. Only what was released is ever
   * removed to keep within `retentionBytes`. Remembered over a restart; partitions not named stay as they were.
   */
  protect(positions: Positions): void {
    this.#open()
    for (const key of Object.keys(positions)) this.#slots.at(key)
    this.#store.protect(positions)
    this.#released = { ...this.#released, ...positions }
    this.#sweptAt = -Infinity
    this.#sweepSoon()
  }

  async close(): Promise<void> {
    if (this.#closed.signal.aborted) return
    this.#writer.close()
    this.#closed.abort()
    clearImmediate(this.#sweeping)
    this.#store.close()
  }

  #open(): void {
    if (this.#closed.signal.aborted) throw new LogUnavailableError('The event log is closed.')
  }

  #written(): void {
    this.#waiters.wake()
    this.#sweepSoon()
  }

  #sweepSoon(): void {
    const now = this.#options.clock()
    if (now < this.#sweptAt + SWEEP_EVERY_MS || this.#sweeping) return
    this.#sweeping = setImmediate(() => {
      this.#sweeping = undefined
      try {
        const { retentionBytes } = this.#options
        const more = sweep(this.#store, this.#slots, this.#released, { now, retentionBytes })
        this.#sweptAt = more ? -Infinity : now
        if (more) this.#sweepSoon()
      } catch (error) {
        // The file bound is missed until the next try; appends and readers do not depend on it.
        this.#sweptAt = now
        this.#options.report(`Old records could not be removed from the event log: ${(error as Error).message}`)
      }
    })
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
