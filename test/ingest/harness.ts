import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type EventLog, type Positions } from '../../events/log.ts'
import { openSqliteLog } from '../../events/sqlite.ts'
import { domainTopics, ingestedTopics, topicNames, type Topics } from '../../events/topics.ts'
import { readChanges, type ChangeBatch } from '../../ingest/change-reader.ts'
import { silentLogger, silentObserver, systemClock, type IngestObserver, type Logger } from '../../ingest/observer.ts'
import { runIngest, type IngestOptions } from '../../ingest/run.ts'
import { defaultIngestSettings, type IngestSettings } from '../../ingest/settings.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import type { Embedder } from '../../search/embedder.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'

/** An embedded log and index in a directory of their own, and ingest to run on them. */
export class Harness {
  readonly directory: string
  readonly topics: Topics = topicNames()
  log!: EventLog
  index!: EntityIndex
  readonly #partitions: number

  constructor(partitions = 3, directory = mkdtempSync(join(tmpdir(), 'freshet-ingest-'))) {
    this.#partitions = partitions
    this.directory = directory
  }

  async open(): Promise<this> {
    this.log = await openSqliteLog({ directory: join(this.directory, 'log'), partitions: this.#partitions })
    this.index = await openEmbeddedIndex({ directory: join(this.directory, 'index') })
    return this
  }

  async close(): Promise<void> {
    await this.log.close()
    await this.index.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    rmSync(this.directory, { recursive: true, force: true })
  }

  /** Runs ingest until `stop` is called; `stop` rejects with what ingest failed with. */
  ingest(options: Partial<Omit<IngestOptions, 'settings' | 'signal'>> & { settings?: Partial<IngestSettings> } = {}): Running {
    return start(this, { embedder: createHashingEmbedder(), ...options })
  }

  /** The announcements of all shards until everything in the domain topics, and what it re-keyed, is covered. */
  async announced(from?: Positions): Promise<ChangeBatch[]> {
    const stop = new AbortController()
    const batches: ChangeBatch[] = []
    const ends = await this.log.ends(domainTopics(this.topics))
    const covered: Record<string, number> = {}
    const wanted: Record<string, number> = Object.fromEntries(Object.entries(ends).filter(([, end]) => end > 0))
    const done = () => Object.entries(wanted).every(([key, end]) => (covered[key] ?? 0) >= end)
    if (done()) return batches
    for await (const batch of readChanges({
      log: this.log, topics: this.topics, from: from ?? await this.log.starts([this.topics.changes]), signal: stop.signal,
    })) {
      batches.push(batch)
      Object.assign(covered, batch.progress.covered)
      for (const [key, end] of Object.entries(batch.progress.rekeyed)) wanted[key] = Math.max(wanted[key] ?? 0, end)
      if (done()) break
    }
    stop.abort()
    return batches
  }

  /** How many records there are to read. */
  async backlog(): Promise<number> {
    return Object.values(await this.log.ends(ingestedTopics(this.topics))).reduce((sum, end) => sum + end, 0)
  }
}

export interface Running {
  stop(): Promise<void>
  /** Settles when ingest has ended. */
  ended: Promise<void>
}

export const testSettings: IngestSettings = { ...defaultIngestSettings, takeoverWaitMs: 0, checkpointIntervalMs: 200, commitIntervalMs: 200 }

function start(
  { log, index, topics }: Harness,
  { settings, ...options }: Partial<Omit<IngestOptions, 'settings' | 'signal'>> & { embedder: Embedder; settings?: Partial<IngestSettings> },
): Running {
  const stop = new AbortController()
  const logger: Logger = options.logger ?? silentLogger
  const metrics: IngestObserver = options.metrics ?? silentObserver
  const running = runIngest({
    log, index, topics, clock: systemClock, ...options, logger, metrics,
    settings: { ...testSettings, ...settings }, signal: stop.signal,
  })
  // Whoever waits hears of it by `stop`.
  running.catch(() => {})
  return {
    ended: running,
    stop: () => {
      stop.abort()
      return running
    },
  }
}
