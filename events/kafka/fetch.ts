import { setTimeout as delay } from 'node:timers/promises'
import { whenAborted } from '../abort.ts'
import { parsePartitionKey, partitionKey, type LogRecord, type Positions } from '../log.ts'
import type { Connection, Logger } from './client.ts'
import { failureOf } from './failures.ts'
import { ends, starts } from './offsets.ts'
import { collect } from './records.ts'
import type { FetchedPartition } from './wire/fetch.ts'

/** How long a broker may hold an empty answer back, in ms. It answers at once when a record comes. */
const fetchWait = 500
const fetchBytes = 8 << 20
const partitionBytes = 2 << 20
/** No batch is larger: brokers refuse requests above `socket.request.max.bytes`. */
const largestBatch = 100 << 20

/** How often it is looked whether a log that ends before the position to read from has got there, in ms. */
const repositionEvery = 500

interface Answer {
  node: string
  /** A partition that was asked for alone, with room for any batch. */
  alone: string | undefined
  partitions: FetchedPartition[]
}

/**
 * Fetches from the leaders of some partitions over one connection, until the first failure. kafkajs's own consumer is not
 * used for this: it needs a group, jumps to the end when a position is out of range, and skips to the high watermark when
 * compaction has left a batch without records.
 */
export class FetchSession {
  readonly connection: Connection
  readonly #positions: Map<string, number>
  readonly #partitions: Map<string, string[]>
  readonly #signal: AbortSignal
  readonly #logger: Logger
  readonly #asked = new Set<string>()
  readonly #answers: Answer[] = []
  /** Partitions that gave no record although the log goes on, with how often in a row. */
  readonly #stalled = new Map<string, number>()
  /** Partitions whose position lies behind the end of the log. */
  readonly #beyond = new Set<string>()
  /** Where the positions moved further than the last record that was given out. */
  readonly #passed = new Map<string, number>()
  #positionedAt = 0
  #turn = 0
  #failure: { error: unknown } | undefined
  #wake: (() => void) | undefined

  /** @param positions advanced in place as records are handed out */
  constructor(
    connection: Connection, positions: Map<string, number>, leaders: ReadonlyMap<string, string>, signal: AbortSignal, logger: Logger,
  ) {
    this.connection = connection
    this.#positions = positions
    this.#signal = signal
    this.#logger = logger
    this.#partitions = new Map()
    for (const key of positions.keys()) {
      const node = leaders.get(key)!
      this.#partitions.set(node, [...this.#partitions.get(node) ?? [], key])
    }
  }

  /** The records of the next answer, which may be none: then nothing came within the wait, or the signal is aborted. */
  async next(): Promise<LogRecord[]> {
    while (!this.#signal.aborted) {
      if (this.#beyond.size > 0 && performance.now() - this.#positionedAt >= repositionEvery) await this.#reposition()
      const answer = this.#answers.shift()
      if (answer) {
        const records = this.#accept(answer)
        this.#ask()
        return records
      } else if (this.#failure) {
        await this.#mend(this.#failure.error)
      } else {
        this.#ask()
        if (this.#asked.size > 0) await this.#event()
        else await delay(repositionEvery, undefined, { signal: this.#signal }).catch(() => {})
      }
    }
    return []
  }

  /** The positions that have moved over offsets without a record since the last call; undefined where none has. */
  takePassed(): Positions | undefined {
    if (this.#passed.size === 0) return undefined
    const passed = Object.fromEntries(this.#passed)
    this.#passed.clear()
    return passed
  }

  async #event(): Promise<void> {
    if (this.#answers.length > 0 || this.#failure || this.#signal.aborted) return
    // Not a promise of the signal's own: each race with one that never settles would leave something behind.
    await new Promise<void>((resolve) => {
      const forget = whenAborted(this.#signal, resolve)
      this.#wake = () => {
        forget()
        resolve()
      }
    })
    this.#wake = undefined
  }

  #ask(): void {
    for (const [node, keys] of this.#partitions) {
      if (this.#asked.has(node) || this.#answers.some((answer) => answer.node === node)) continue
      const alone = keys.find((key) => (this.#stalled.get(key) ?? 0) >= 2)
      const wanted = alone === undefined ? keys.filter((key) => !this.#beyond.has(key)) : [alone]
      if (wanted.length === 0) continue
      this.#asked.add(node)
      this.#fetch(node, wanted, alone === undefined ? partitionBytes : largestBatch).then(
        (partitions) => { this.#answers.push({ node, alone, partitions }) },
        (error: unknown) => { this.#failure ??= { error } },
      ).finally(() => {
        this.#asked.delete(node)
        this.#wake?.()
      })
    }
  }

  async #fetch(node: string, keys: readonly string[], maxBytes: number): Promise<FetchedPartition[]> {
    const broker = await this.connection.broker(node)
    // Each partition comes first in its turn: where an answer has no room for all, the others must not always win (KIP-74).
    const turn = this.#turn++ % keys.length
    return broker.fetch({
      isolation: 'read committed',
      maxWait: fetchWait,
      maxBytes: Math.max(fetchBytes, maxBytes),
      partitions: [...keys.slice(turn), ...keys.slice(0, turn)].map((key) => ({ ...parsePartitionKey(key), offset: this.#positions.get(key)!, maxBytes })),
    })
  }

  #accept({ alone, partitions }: Answer): LogRecord[] {
    const records: LogRecord[] = []
    const empty: { key: string; end: number }[] = []
    let bytes = 0
    for (const fetched of partitions) {
      bytes += fetched.bytes
      const key = partitionKey(fetched.topic, fetched.partition)
      const position = this.#positions.get(key)!
      const before = records.length
      const next = collect(fetched, position, records)
      const given = records.length === before ? position : records.at(-1)!.offset + 1
      if (next > given) this.#passed.set(key, next)
      this.#positions.set(key, next)
      if (next > position || readableEnd(fetched) <= position) this.#stalled.delete(key)
      else empty.push({ key, end: readableEnd(fetched) })
    }
    for (const { key, end } of empty) {
      if (key === alone) {
        // The answer had room for any batch and held no record: up to its end there are only batches that compaction emptied.
        this.#positions.set(key, end)
        this.#passed.set(key, end)
        this.#stalled.delete(key)
      } else if (bytes < fetchBytes / 2) {
        // Not for want of room: an emptied batch lies here, and perhaps the next one did not fit behind it.
        this.#stalled.set(key, (this.#stalled.get(key) ?? 0) + 1)
      }
    }
    return records
  }

  async #mend(error: unknown): Promise<void> {
    if (failureOf(error).type !== 'OFFSET_OUT_OF_RANGE') throw error
    this.#failure = undefined
    await this.#reposition()
  }

  /**
   * A position before the retained start begins at the start. One behind the end (the log has lost records, or is another
   * one) waits until the log gets there; it never jumps.
   */
  async #reposition(): Promise<void> {
    const topics = [...new Set([...this.#positions.keys()].map((key) => parsePartitionKey(key).topic))]
    const first = await starts(this.connection, topics)
    const last = await ends(this.connection, topics)
    for (const [key, position] of this.#positions) {
      if (position < first[key]!) {
        this.#logger.warn(`${key} no longer keeps the records before ${first[key]}: reading on from there`, { position })
        this.#positions.set(key, first[key]!)
        this.#passed.set(key, first[key]!)
      }
      if (position <= last[key]!) this.#beyond.delete(key)
      else if (!this.#beyond.has(key)) {
        this.#logger.error(`${key} ends at ${last[key]}, before the position to read from: waiting until it gets there`, { position })
        this.#beyond.add(key)
      }
    }
    this.#positionedAt = performance.now()
  }
}

/** Control records and aborted records count; those of open transactions are not yet given out. */
const readableEnd = ({ highWatermark, lastStableOffset }: FetchedPartition): number => lastStableOffset < 0 ? highWatermark : lastStableOffset
