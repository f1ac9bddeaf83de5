import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { IndexUnavailableError } from '../entity-index.ts'
import { lockDirectory, readIfThere, writeAtomically } from './files.ts'
import { Segments } from './segments.ts'
import { Store } from './store.ts'

const currentName = 'current.json'

/** One complete index: in memory, and on disk where there is a directory. */
export interface EmbeddedGeneration {
  readonly name: string
  /** Throws `IndexUnavailableError` once the generation was discarded or replaced. */
  readonly store: Store
  flush(): Promise<void>
}

interface Part extends EmbeddedGeneration {
  readonly segments: Segments | null
  state: 'building' | 'serving' | 'gone'
}

/** The serving generation and those being built beside it. */
export interface Generations {
  readonly serving: EmbeddedGeneration
  begin(): Promise<EmbeddedGeneration>
  activate(generation: EmbeddedGeneration): Promise<void>
  discard(generation: EmbeddedGeneration): Promise<void>
  close(): Promise<void>
}

/**
 * Opens the directory's serving generation, or begins the first one. Generations that were being built when their
 * process ended are removed: whoever builds one begins anew.
 */
export async function openGenerations(directory: string | null): Promise<Generations> {
  if (directory === null) return new GenerationSet(null, createPart('g1', null), 1, async () => {})
  const lock = await lockDirectory(directory)
  try {
    const current = parseCurrent(directory, await readIfThere(join(directory, currentName)))
    for (const name of await readdir(directory)) {
      if (/^g\d+$/.test(name) && name !== current?.name) await rm(join(directory, name), { recursive: true, force: true })
    }
    const name = current?.name ?? 'g1'
    const store = new Store(true)
    const segments = current ? await Segments.load(join(directory, name), store) : await Segments.create(join(directory, name), store)
    if (!current) await writeCurrent(directory, name, 1)
    return new GenerationSet(directory, createPart(name, { store, segments }), current?.counter ?? 1, lock.release)
  } catch (error) {
    await lock.release()
    throw error
  }
}

class GenerationSet implements Generations {
  readonly #directory: string | null
  readonly #release: () => Promise<void>
  readonly #building = new Set<Part>()
  #serving: Part
  /** Names are never used twice. */
  #counter: number

  constructor(directory: string | null, serving: Part, counter: number, release: () => Promise<void>) {
    this.#directory = directory
    this.#serving = serving
    this.#serving.state = 'serving'
    this.#counter = counter
    this.#release = release
  }

  get serving(): EmbeddedGeneration {
    return this.#serving
  }

  async begin(): Promise<EmbeddedGeneration> {
    const name = `g${++this.#counter}`
    const store = new Store(this.#directory !== null)
    const part = createPart(name, this.#directory === null ? null
      : { store, segments: await Segments.create(join(this.#directory, name), store) })
    this.#building.add(part)
    return part
  }

  async activate(generation: EmbeddedGeneration): Promise<void> {
    const part = this.#built(generation)
    await part.flush()
    if (this.#directory !== null) await writeCurrent(this.#directory, part.name, this.#counter)
    const former = this.#serving
    this.#serving = part
    this.#building.delete(part)
    part.state = 'serving'
    former.state = 'gone'
    await former.segments?.remove()
  }

  async discard(generation: EmbeddedGeneration): Promise<void> {
    const part = this.#built(generation)
    part.state = 'gone'
    this.#building.delete(part)
    await part.segments?.remove()
  }

  async close(): Promise<void> {
    try {
      await this.#serving.segments?.close()
      for (const part of this.#building) await part.segments?.remove()
    } finally {
      await this.#release()
    }
  }

  #built(generation: EmbeddedGeneration): Part {
    const part = generation as Part
    if (part.state === 'gone') throw gone(part.name)
    if (part.state === 'serving') throw new IndexUnavailableError(`Generation ${part.name} is serving already.`)
    return part
  }
}

function createPart(name: string, persisted: { store: Store; segments: Segments } | null): Part {
  const segments = persisted?.segments ?? null
  const store = persisted?.store ?? new Store(false)
  return {
    name,
    get store() {
      if (this.state === 'gone') throw gone(name)
      return store
    },
    segments,
    state: 'building',
    flush: async () => segments?.flush(),
  }
}

const gone = (name: string): IndexUnavailableError =>
  new IndexUnavailableError(`Generation ${name} is gone: begin a new one with newGeneration().`)

const writeCurrent = (directory: string, name: string, counter: number): Promise<void> =>
  writeAtomically(directory, currentName, JSON.stringify({ version: 1, name, counter }))

function parseCurrent(directory: string, content: string | null): { name: string; counter: number } | null {
  if (content === null) return null
  try {
    const { version, name, counter } = JSON.parse(content) as { version: unknown; name: unknown; counter: unknown }
    if (version === 1 && typeof name === 'string' && /^g\d+$/.test(name) && Number.isInteger(counter)) {
      return { name, counter: counter as number }
    }
  } catch {
    // Said below: unreadable and unknown are the same to the reader.
  }
  throw new IndexUnavailableError(`${join(directory, currentName)} cannot be read: expected version 1 with the name of a generation. ` +
    'Remove the directory of the index: the next start fills it anew.')
}
