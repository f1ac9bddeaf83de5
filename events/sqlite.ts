import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { EmbeddedLog } from './embedded/log.ts'
import type { Row, RowHead, Store, StoredTopic } from './embedded/store.ts'
import type { Positions, TopicSpec } from './log.ts'

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

/** Another process, or another part of this one, has the directory open. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError'
  readonly code = 'DIRECTORY_IN_USE'
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
    throw error
  }
}

const FORMAT = 1
/** A row's id is its slot times this plus its offset: one ordered tree, no second index; below 2^53 for 8,191 slots. */
const SPAN = 2 ** 40
const MAX_SLOTS = 8_191

const schema = `
  CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE topics (
    name TEXT PRIMARY KEY, first_slot INTEGER NOT NULL, compacted INTEGER NOT NULL, retention_ms INTEGER
  ) WITHOUT ROWID;
  CREATE TABLE batches (
    id INTEGER PRIMARY KEY, count INTEGER NOT NULL, appended_at INTEGER NOT NULL, blob BLOB NOT NULL
  );
  CREATE TABLE latest (
    id INTEGER PRIMARY KEY, appended_at INTEGER NOT NULL, slot INTEGER NOT NULL, key TEXT NOT NULL,
    tombstone INTEGER NOT NULL, blob BLOB NOT NULL, UNIQUE (slot, key)
  );
  CREATE INDEX tombstones ON latest (slot, appended_at) WHERE tombstone;
  CREATE TABLE epochs (name TEXT PRIMARY KEY, epoch INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE commits (
    name TEXT NOT NULL, partition TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (name, partition)
  ) WITHOUT ROWID;
  CREATE TABLE protected (partition TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
`

type Statement = ReturnType<DatabaseSync['prepare']>

class SqliteStore implements Store {
  readonly id: string
  readonly partitions: number
  readonly crashed: boolean
  readonly #db: DatabaseSync
  readonly #statements: ReturnType<typeof prepare>

  constructor({ directory, partitions, newId = randomUUID, synchronous = 'normal' }: SqliteLogOptions) {
    mkdirSync(directory, { recursive: true })
    const owner = join(directory, 'events.owner')
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
      throw isBusy(error) ? new DirectoryInUseError(inUse(directory, owner), { cause: error }) : error
    }
    // For the words of the refusal only; the lock above decides.
    writeFileSync(owner, `process ${process.pid} on ${hostname()}\n`)
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

function prepare(db: DatabaseSync) {
  const table = (from: string) => ({
    scan: db.prepare(`SELECT id, count, appended_at, blob ${from} WHERE id >= ? AND id < ? ORDER BY id`),
    floor: db.prepare(`SELECT id, count, appended_at ${from} WHERE id <= ? AND id >= ? ORDER BY id DESC LIMIT 1`),
    first: db.prepare(`SELECT id, count, appended_at ${from} WHERE id >= ? AND id < ? ORDER BY id LIMIT 1`),
  })
  return {
    batches: table('FROM batches'),
    latest: table('FROM (SELECT id, 1 AS count, appended_at, blob FROM latest)'),
    topics: db.prepare('SELECT * FROM topics ORDER BY first_slot'),
    addTopic: db.prepare('INSERT INTO topics VALUES (?, ?, ?, ?)'),
    insert: db.prepare('INSERT INTO batches VALUES (?, ?, ?, ?)'),
    replace: db.prepare('INSERT OR REPLACE INTO latest VALUES (?, ?, ?, ?, ?, ?)'),
    oldest: db.prepare('SELECT id, length(blob) AS size FROM batches WHERE id >= ? AND id < ? ORDER BY id LIMIT ?'),
    remove: db.prepare('DELETE FROM batches WHERE id = ?'),
    removeTombstones: db.prepare('DELETE FROM latest WHERE tombstone AND slot = ? AND appended_at < ? AND id < ?'),
    used: db.prepare(`SELECT (page_count - freelist_count) * page_size AS bytes
      FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()`),
    nextEpoch: db.prepare('INSERT INTO epochs VALUES (?, 1) ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch'),
    committed: db.prepare('SELECT partition, position FROM commits WHERE name = ?'),
    commit: db.prepare('INSERT INTO commits VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position'),
    protected: db.prepare('SELECT partition, position FROM protected'),
    protect: db.prepare('INSERT INTO protected VALUES (?, ?) ON CONFLICT DO UPDATE SET position = excluded.position'),
    setMeta: db.prepare('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value'),
    removeMeta: db.prepare('DELETE FROM meta WHERE key = ?'),
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

function inUse(directory: string, owner: string): string {
  let who = 'another process'
  try {
    who = readFileSync(owner, 'utf8').trim()
  } catch {
    // The owner is about to write its name: the refusal holds without it.
  }
  return `The event log in ${directory} is in use by ${who}. The embedded log belongs to one process at a time: ` +
    'stop that one, or give this one a directory of its own (FRESHET_DATA_DIR).'
}

/** Tells one start of the machine from another. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Elsewhere the minute in which the machine started; off by one at worst, which costs a gap in the offsets.
    return String(Math.round((Date.now() / 1000 - uptime()) / 60))
  }
}
