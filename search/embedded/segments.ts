import { readSync } from 'node:fs'
import { mkdir, open, readdir, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { IndexUnavailableError } from '../entity-index.ts'
import { readIfThere, writeAtomically } from './files.ts'
import {
  applyFrame, decodeBody, decodeHeader, encode, everythingIn, headerBytes, isWhole, type Frame, type Header,
} from './frames.ts'
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

  /** Resolves when a compaction that is under way has ended. */
  async settled(): Promise<void> {
    await this.#compaction
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

interface Written {
  bytes: number
  entities: number
  fieldBytes: number
}

interface Loaded extends Written {
  /** Up to where the last segment is whole. */
  committed: number
}

/** Appends the frames and makes them crash-proof. `until` stops early, which leaves a tail that counts for nothing. */
async function append(file: FileHandle, frames: Iterable<Frame>, until: () => boolean = () => false): Promise<Written> {
  const written: Written = { bytes: 0, entities: 0, fieldBytes: 0 }
  for (const { bytes, entities, fieldBytes } of frames) {
    if (until()) return written
    await file.appendFile(bytes)
    written.bytes += bytes.length
    written.entities += entities
    written.fieldBytes += fieldBytes
  }
  if (written.bytes > 0) await file.datasync()
  return written
}

const nextNumber = (names: readonly string[]): number => Math.max(...names.map((name) => Number.parseInt(name, 10))) + 1

async function writeList(directory: string, names: readonly string[]): Promise<void> {
  await writeAtomically(directory, listName, JSON.stringify({ version: 1, segments: names }))
}

function parseList(directory: string, content: string | null): string[] {
  const damaged = (): never => {
    throw new IndexUnavailableError(`${join(directory, listName)} cannot be read: expected a list of segments. ` +
      'Remove the directory of the index and replay the log.')
  }
  try {
    const { version, segments } = JSON.parse(content ?? '') as { version: number; segments: string[] }
    return version === 1 && segments.length > 0 ? segments : damaged()
  } catch {
    return damaged()
  }
}

/** Applies all committed batches of a segment. `last`: it is the one that a crash may have cut off, which is then cut there. */
async function loadSegment(path: string, store: Store, last: boolean): Promise<Loaded> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const committed = committedEnd(file.fd, size)
    if (committed < size) {
      if (!last) {
        throw new IndexUnavailableError(`${path} is damaged at byte ${committed} of ${size}. ` +
          'Remove the directory of the index and replay the log.')
      }
      await file.truncate(committed)
      await file.sync()
    }
    const loaded: Loaded = { bytes: committed, committed, entities: 0, fieldBytes: 0 }
    for (const { header, body } of readFrames(file.fd, committed)) {
      const frame = decodeBody(header, body)
      applyFrame(store, frame)
      loaded.entities += frame.content.entities.length
      loaded.fieldBytes += headerBytes + header.jsonBytes
    }
    return loaded
  } finally {
    await file.close()
  }
}

/** Where the last batch ends that is whole. Looking first costs a second reading, but no memory: batches can be large. */
function committedEnd(file: number, size: number): number {
  let committed = 0
  for (const { header, end } of readFrames(file, size)) if (header.committed) committed = end
  return committed
}

/**
 * The frames of a file up to its end, or to the first that is damaged. A body is valid until the next is asked for. Reads
 * wait: nobody is served before the index is open, and a thousand turns through the thread pool take longer on a busy machine.
 */
function* readFrames(file: number, size: number): Generator<{ header: Header; body: Buffer; end: number }> {
  const head = Buffer.alloc(headerBytes)
  let space = Buffer.alloc(0)
  for (let position = 0; position + headerBytes <= size;) {
    readSync(file, head, 0, headerBytes, position)
    const header = decodeHeader(head)
    if (!header) return
    const length = header.jsonBytes + header.vectorBytes
    const end = position + headerBytes + length
    if (end > size) return
    if (length > space.length) space = Buffer.from(new ArrayBuffer(length))
    const body = space.subarray(0, length)
    readSync(file, body, 0, length, position + headerBytes)
    if (!isWhole(header, head, body)) return
    yield { header, body, end }
    position = end
  }
}
