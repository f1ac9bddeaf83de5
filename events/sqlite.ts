import { randomUUID } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EmbeddedLog } from './embedded/log.ts'
import { bootId, directoryInUse, nameOwner } from './embedded/owner.ts'
import { prepare, schema } from './embedded/statements.ts'
import type { Row, RowHead, Store, StoredTopic } from './embedded/store.ts'
import type { Positions, TopicSpec } from './log.ts'

export { DirectoryInUseError } from './embedded/owner.ts'

export interface SqliteLogOptions {
  /** Created when missing. It belongs to one process at a time. */
  directory: string
  /** Count for every topic; fixed when the file is created. */
  partitions: number
  /** Milliseconds since the epoch. */
  clock?: () => number
  newId?: () => string
  /**
   * `normal` (default) survives the death of the process at any moment, since what was written is the operating
   * system's by then; the machine losing power may take the last records with it. `full` survives that too, for one
   * flush of the disk per commit, during which the process does nothing else.
   */
  synchronous?: 'normal' | 'full'
  /** Size above which the oldest records go, as far as `protect` has released them. Default 2 GiB. */
  retentionBytes?: number
  /** Hears of trouble that is being waited out, such as a full disk. */
  report?: (message: string) => void
}

/**
 * The embedded event log: one SQLite file, `events.db`, in write-ahead mode.
 *
 * @throws DirectoryInUseError while another process has it open
 * @throws Error when the file was made with another partition count, or by a newer version
 */
export async function openSqliteLog(options: SqliteLogOptions): Promise<EmbeddedLog> {
  const { partitions, clock = Date.now, retentionBytes = 2 * 1024 ** 3, report } = options
  const store = new SqliteStore(options)
  try {
    if (store.partitions !== partitions) {
      throw new Error(
        `The event log in ${options.directory} has ${store.partitions} partitions, but ${partitions} were asked for. ` +
        `The count is fixed when the log is created: set it to ${store.partitions}, or begin in an empty directory.`)
    }
    return new EmbeddedLog(store, { clock, retentionBytes, report: report ?? (() => {}) })
  } catch (error) {
    store.close()
    throw inWords(options.directory, error)
  }
}

const FORMAT = 1
/** A row's id is its slot times this plus its offset: one ordered tree, no second index; below 2^53 for 8,191 slots. */
const SPAN = 2 ** 40
const MAX_SLOTS = 8_191

type Statement = ReturnType<DatabaseSync['prepare']>

class SqliteStore implements Store {
  readonly id: string
  readonly partitions: number
  readonly crashed: boolean
  readonly #db: DatabaseSync
  readonly #statements: ReturnType<typeof prepare<Statement>>

  constructor({ directory, partitions, newId = randomUUID, synchronous = 'normal' }: SqliteLogOptions) {
    mkdirSync(directory, { recursive: true })
    this.#db = new DatabaseSync(join(directory, 'events.db'), { timeout: 0 })
    try {
      // The exclusive lock is the operating system's, so it dies with the process; and it spares a shared-memory file.
      this.#db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL')
      this.#db.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}; PRAGMA cache_size = -16000`)
      const format = Number(this.#db.prepare('PRAGMA user_version').get()?.user_version)
      if (format > FORMAT) {
        throw new Error(`The event log in ${directory} has format ${format}; this version reads up to ${FORMAT}. ` +
          'Use the version of Freshet that wrote it, or a newer one.')
      }
      if (format === 0) this.#create(partitions, newId())
      this.#statements = prepare(this.#db)
      const rows = this.#db.prepare('SELECT key, value FROM meta').all()
      const meta = Object.fromEntries(rows.map(({ key, value }) => [key, value]))
      this.id = String(meta.id)
      this.partitions = Number(meta.partitions)
      const boot = bootId()
      this.crashed = meta.boot !== undefined && meta.boot !== boot
      this.#statements.setMeta.run('boot', boot)
    } catch (error) {
      this.#db.close()
      throw isBusy(error) ? directoryInUse(directory, error) : inWords(directory, error)
    }
    nameOwner(directory)
  }

  #create(partitions: number, id: string): void {
    this.transaction(() => {
      this.#db.exec(schema)
      const meta = this.#db.prepare('INSERT INTO meta VALUES (?, ?)')
      meta.run('id', id)
      meta.run('partitions', String(partitions))
      this.#db.exec(`PRAGMA user_version = ${FORMAT}`)
    })
  }

  topics(): StoredTopic[] {
    return this.#statements.topics.all().map((row) => ({
      name: String(row.name),
      firstSlot: Number(row.first_slot),
      compacted: row.compacted === 1,
      ...(row.retention_ms === null ? {} : { retentionMs: Number(row.retention_ms) }),
    }))
  }

  createTopic(spec: TopicSpec): StoredTopic {
    const firstSlot = this.topics().length * this.partitions
    if (firstSlot + this.partitions > MAX_SLOTS) {
      throw new Error(`The embedded log holds ${MAX_SLOTS} partitions over all topics; '${spec.name}' would exceed that.`)
    }
    this.#statements.addTopic.run(spec.name, firstSlot, spec.compacted ? 1 : 0, spec.retentionMs ?? null)
    return { ...spec, firstSlot }
  }

  transaction(work: () => void): void {
    this.#db.exec('BEGIN IMMEDIATE')
    try {
      work()
      this.#db.exec('COMMIT')
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
      throw error
    }
  }

  insert(slot: number, { offset, count, appendedAt, blob }: Row): void {
    this.#statements.insert.run(slot * SPAN + offset, count, appendedAt, blob)
  }

  replace(slot: number, key: string, { offset, appendedAt, blob }: Row, tombstone: boolean): void {
    this.#statements.replace.run(slot * SPAN + offset, appendedAt, slot, key, tombstone ? 1 : 0, blob)
  }

  scan(compacted: boolean, slot: number, from: number, visit: (row: Row) => boolean): void {
    const base = slot * SPAN
    for (const row of this.#of(compacted).scan.iterate(base + from, base + SPAN)) {
      if (!visit({ ...head(row, base), blob: row.blob as Uint8Array })) return
    }
  }

  floor(compacted: boolean, slot: number, offset: number): RowHead | undefined {
    return found(this.#of(compacted).floor.get(slot * SPAN + offset, slot * SPAN), slot)
  }

  first(compacted: boolean, slot: number): RowHead | undefined {
    return found(this.#of(compacted).first.get(slot * SPAN, (slot + 1) * SPAN), slot)
  }

  last(compacted: boolean, slot: number): RowHead | undefined {
    return this.floor(compacted, slot, SPAN - 1)
  }

  trim(slot: number, offset: number, limit: number): { rows: number; bytes: number } {
    const oldest = this.#statements.oldest.all(slot * SPAN, slot * SPAN + offset, limit)
    for (const { id } of oldest) this.#statements.remove.run(id as number)
    return { rows: oldest.length, bytes: oldest.reduce((sum, { size }) => sum + (size as number), 0) }
  }

  trimTombstones(slot: number, time: number, offset: number): void {
    this.#statements.removeTombstones.run(slot, time, slot * SPAN + offset)
  }

  usedBytes(): number {
    const { bytes } = this.#statements.used.get() as { bytes: number }
    return bytes
  }

  nextEpoch(group: string): number {
    return Number(this.#statements.nextEpoch.get(group)?.epoch)
  }

  committed(group: string): Positions {
    return positions(this.#statements.committed.all(group))
  }

  commit(group: string, committed: Positions): void {
    this.transaction(() => {
      const { commit } = this.#statements
      for (const [partition, position] of Object.entries(committed)) commit.run(group, partition, position)
    })
  }

  protected(): Positions {
    return positions(this.#statements.protected.all())
  }

  protect(released: Positions): void {
    this.transaction(() => {
      for (const [partition, position] of Object.entries(released)) this.#statements.protect.run(partition, position)
    })
  }

  isTransient(error: unknown): boolean {
    return [5, 10, 13].includes(primaryCode(error)) // BUSY, IOERR, FULL
  }

  close(): void {
    if (!this.#db.isOpen) return
    try {
      this.#statements.removeMeta.run('boot')
    } catch {
      // On a full disk the mark stays: at worst it costs a gap in the offsets.
    }
    this.#db.close()
  }

  #of(compacted: boolean): { scan: Statement; floor: Statement; first: Statement } {
    return compacted ? this.#statements.latest : this.#statements.batches
  }
}

type Columns = NonNullable<ReturnType<Statement['get']>>

const head = (row: Columns, base: number): RowHead =>
  ({ offset: (row.id as number) - base, count: row.count as number, appendedAt: row.appended_at as number })
const found = (row: Columns | undefined, slot: number): RowHead | undefined => row && head(row, slot * SPAN)
const positions = (rows: Columns[]): Positions =>
  Object.fromEntries(rows.map(({ partition, position }) => [String(partition), Number(position)]))

/** SQLite's primary result code: the low byte of the extended one. */
const primaryCode = (error: unknown): number =>
  error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : -1
const isBusy = (error: unknown): boolean => primaryCode(error) === 5

/** Of a file that SQLite finds damaged (CORRUPT, NOTADB) it says neither which one it is nor what to do. */
const inWords = (directory: string, error: unknown): unknown => ([11, 26].includes(primaryCode(error))
  ? new Error(`The event log in ${directory} is damaged (${(error as Error).message}). Put back a copy of the data folder, or move it `
    + 'away and start anew: what else is in it is of no use without its log.', { cause: error })
  : error)
