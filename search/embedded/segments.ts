import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { IndexUnavailableError } from '../entity-index.ts'
import { readIfThere, writeAtomically } from './files.ts'
import { encode, everythingIn } from './frames.ts'
import { append, loadSegment, type Loaded, type Written } from './segment-file.ts'
import type { Store } from './store.ts'

const listName = 'segments.json'
/** Compaction is not worth it before this much lies on disk. */
const compactFrom = 16 * 1024 * 1024

/**
 * A store's files: a list of segments, of which the last one is appended to. When most of them is outdated they are
 * replaced by one new segment, written beside running flushes.
 */
export class Segments {
  readonly #directory: string
  readonly #store: Store
  #names: string[]
  #log: FileHandle
  /** Flushes, rotations and the closing follow one another. */
  #queue: Promise<void> = Promise.resolve()
  /** How much of the log is committed. More than that is there after a write that failed. */
  #committed: number
  #failed = false
  #compaction: Promise<void> | undefined
  #closed = false
  /** What is on disk: all bytes, and what the fields of one entity take on average. */
  #bytes: number
  #entities: number
  #fieldBytes: number

  private constructor(directory: string, store: Store, names: string[], log: FileHandle, loaded: Loaded) {
    this.#directory = directory
    this.#store = store
    this.#names = names
    this.#log = log
    this.#committed = loaded.committed
    this.#bytes = loaded.bytes
    this.#entities = loaded.entities
    this.#fieldBytes = loaded.fieldBytes
  }

  static async create(directory: string, store: Store): Promise<Segments> {
    await mkdir(directory, { recursive: true })
    const names = ['1.log']
    const log = await open(join(directory, names[0]!), 'a')
    await writeList(directory, names)
    return new Segments(directory, store, names, log, { bytes: 0, committed: 0, entities: 0, fieldBytes: 0 })
  }

  /** Fills the store from the files. A tail that a crash cut off is dropped: nobody was told that it is safe. */
  static async load(directory: string, store: Store): Promise<Segments> {
    const names = parseList(directory, await readIfThere(join(directory, listName)))
    const total: Loaded = { bytes: 0, committed: 0, entities: 0, fieldBytes: 0 }
    for (const [index, name] of names.entries()) {
      const path = join(directory, name)
      const loaded = await loadSegment(path, store, index === names.length - 1)
      total.bytes += loaded.committed
      total.committed = loaded.committed
      total.entities += loaded.entities
      total.fieldBytes += loaded.fieldBytes
    }
    // What was loaded is no change.
    store.takeChanges()
    for (const name of await readdir(directory)) {
      if (/^\d+\.(base|log)$/.test(name) && !names.includes(name)) await rm(join(directory, name))
    }
    const log = await open(join(directory, names.at(-1)!), 'a')
    return new Segments(directory, store, names, log, total)
  }

  flush(): Promise<void> {
    return this.#enqueue(async () => {
      if (this.#closed) return
      if (this.#failed) await this.#reopenLog()
      const changes = this.#store.takeChanges()
      try {
        this.#add(await append(this.#log, encode(this.#store, changes)), true)
      } catch (error) {
        this.#failed = true
        this.#store.restoreChanges(changes)
        throw error
      }
      if (this.#isMostlyGarbage()) this.#compaction ??= this.#compactOrLater()
    })
  }

  /** Flushes and closes. */
  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      this.#closed = true
      await this.#compaction?.catch(() => {})
      await this.#enqueue(() => this.#log.close())
    }
  }

  /** Closes without a flush and removes all files. */
  async remove(): Promise<void> {
    this.#closed = true
    await this.#compaction?.catch(() => {})
    await this.#enqueue(() => this.#log.close())
    await rm(this.#directory, { recursive: true, force: true })
  }

  #enqueue<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(work)
    this.#queue = done.then(() => {}, () => {})
    return done
  }

  #add({ bytes, entities, fieldBytes }: Written, toLog: boolean): void {
    this.#bytes += bytes
    this.#entities += entities
    this.#fieldBytes += fieldBytes
    if (toLog) this.#committed += bytes
  }

  #isMostlyGarbage(): boolean {
    const live = this.#store.vectorBytes + this.#store.entities * (this.#fieldBytes / Math.max(1, this.#entities))
    return this.#bytes > compactFrom && this.#bytes > 2 * live
  }

  /** A compaction that fails leaves everything as it was and is tried again; a full disk fails the flushes themselves, loudly. */
  async #compactOrLater(): Promise<void> {
    try {
      await this.#compact()
    } catch {
      // As said above.
    } finally {
      this.#compaction = undefined
    }
  }

  /** New changes go to a new log while everything up to here is written to one new segment in front of it. */
  async #compact(): Promise<void> {
    const number = nextNumber(this.#names)
    const outdated = [...this.#names]
    let before!: Written
    await this.#enqueue(async () => {
      before = { bytes: this.#bytes, entities: this.#entities, fieldBytes: this.#fieldBytes }
      await this.#startLog(number + 1)
    })
    const base = `${number}.base`
    const file = await open(join(this.#directory, base), 'w')
    let written: Written
    try {
      written = await append(file, encode(this.#store, everythingIn(this.#store)), () => this.#closed)
    } finally {
      await file.close()
    }
    if (this.#closed) return
    await this.#enqueue(() => this.#setNames([base, ...this.#names.filter((name) => !outdated.includes(name))]))
    this.#add({
      bytes: written.bytes - before.bytes,
      entities: written.entities - before.entities,
      fieldBytes: written.fieldBytes - before.fieldBytes,
    }, false)
    for (const name of outdated) await rm(join(this.#directory, name), { force: true })
  }

  /** After a write that failed: what it left is cut off, through a new handle, since the old one may be what is broken. */
  async #reopenLog(): Promise<void> {
    const log = await open(join(this.#directory, this.#names.at(-1)!), 'a')
    try {
      await log.truncate(this.#committed)
    } catch (error) {
      await log.close()
      throw error
    }
    await this.#log.close()
    this.#log = log
    this.#failed = false
  }

  async #startLog(number: number): Promise<void> {
    const name = `${number}.log`
    const log = await open(join(this.#directory, name), 'a')
    await this.#setNames([...this.#names, name])
    await this.#log.close()
    this.#log = log
    this.#committed = 0
  }

  async #setNames(names: string[]): Promise<void> {
    await writeList(this.#directory, names)
    this.#names = names
  }
}

const nextNumber = (names: readonly string[]): number => Math.max(...names.map((name) => Number.parseInt(name, 10))) + 1

async function writeList(directory: string, names: readonly string[]): Promise<void> {
  await writeAtomically(directory, listName, JSON.stringify({ version: 1, segments: names }))
}

function parseList(directory: string, content: string | null): string[] {
  const damaged = (): never => {
    throw new IndexUnavailableError(`${join(directory, listName)} cannot be read: expected a list of segments. ` +
      'Remove the directory of the index: the next start fills it anew.')
  }
  try {
    const { version, segments } = JSON.parse(content ?? '') as { version: number; segments: string[] }
    return version === 1 && segments.length > 0 ? segments : damaged()
  } catch {
    return damaged()
  }
}
