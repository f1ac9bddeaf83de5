import { VectorColumn } from '../../search/scan/vectors.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import { normalised } from '../../search/vector-math.ts'

/** Livestreams whose vectors are asked for at once. */
const readTogether = 256

export interface LiveVectorsOptions {
  index: Pick<EntityIndex, 'getMany'>
  /** The vector spaces that there are. */
  spaces: () => Promise<readonly string[]>
  /** So many livestreams at most: beyond, none is read, and the index is asked for the nearest. */
  mostStreams: number
  /** An index that is away: the livestreams stay wanted, and are asked for again with the next change. */
  onError: (error: unknown) => void
}

/**
 * The vectors of those who are live, for a gateway whose index is another process: that index serves ingest as well, and
 * feeds that ask it for the nearest wait behind its writes, while a scan of those who are live takes less of the processor
 * than the question. A vector that changes is asked for again; until then the former one serves.
 */
export class LiveVectors {
  readonly #options: LiveVectorsOptions
  readonly #slots = new Map<string, number>()
  readonly #ids: (string | undefined)[] = []
  readonly #free: number[] = []
  readonly #columns = new Map<string, VectorColumn>()
  readonly #wanted = new Set<string>()
  /** Spaces of which every livestream has been asked, or is about to be. */
  readonly #spaces = new Set<string>()
  /** Livestreams of which nothing has been read yet. */
  readonly #unread = new Set<string>()
  #reading = false

  constructor(options: LiveVectorsOptions) {
    this.#options = options
  }

  /** A livestream begins, or one of its vectors has changed. */
  want(id: string): void {
    if (!this.#slots.has(id)) {
      const slot = this.#free.pop() ?? this.#ids.length
      this.#slots.set(id, slot)
      this.#ids[slot] = id
      this.#unread.add(id)
    }
    this.#wanted.add(id)
    if (!this.#reading && this.#slots.size <= this.#options.mostStreams) void this.#read()
  }

  /** It is live no more. */
  drop(id: string): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    for (const column of this.#columns.values()) column.remove(slot)
    this.#slots.delete(id)
    this.#ids[slot] = undefined
    this.#free.push(slot)
    this.#wanted.delete(id)
    this.#unread.delete(id)
  }

  /** The nearest by cosine that are accepted, best first; undefined where it cannot be told without the index. */
  nearest(
    { space, values }: { space: string; values: Float32Array }, limit: number, accept: (id: string) => boolean,
  ): { id: string; similarity: number }[] | undefined {
    const column = this.#columns.get(space)
    if (this.#unread.size > 0 || column?.dimensions !== values.length) return undefined
    const ids = this.#ids as readonly string[]
    return column.nearest(normalised(values), limit, (slot) => accept(ids[slot]!), (a, b) => ids[a]! < ids[b]!)
      .map(({ slot, score }) => ({ id: ids[slot]!, similarity: score }))
  }

  async #read(): Promise<void> {
    this.#reading = true
    const { index, spaces, onError } = this.#options
    // What comes in the same turn is asked for together.
    await Promise.resolve()
    while (this.#wanted.size > 0) {
      const ids = this.#wanted.values().take(readTogether).toArray()
      for (const id of ids) this.#wanted.delete(id)
      try {
        const withVectors = await spaces()
        this.#know(withVectors)
        for (const id of ids) this.#wanted.delete(id)
        const entities = await index.getMany('livestream', ids, { withVectors })
        for (const [i, id] of ids.entries()) this.#keep(id, withVectors, entities[i]?.vectors ?? {})
      } catch (error) {
        for (const id of ids) if (this.#slots.has(id)) this.#wanted.add(id)
        onError(error)
        break
      }
    }
    this.#reading = false
  }

  /** Those that were read before a space was there are asked for it. */
  #know(spaces: readonly string[]): void {
    const isNew = spaces.some((space) => !this.#spaces.has(space))
    for (const space of spaces) this.#spaces.add(space)
    if (!isNew) return
    for (const id of this.#slots.keys()) {
      this.#unread.add(id)
      this.#wanted.add(id)
    }
  }

  #keep(id: string, spaces: readonly string[], vectors: Readonly<Record<string, Float32Array>>): void {
    const slot = this.#slots.get(id)
    if (slot === undefined) return
    this.#unread.delete(id)
    for (const space of spaces) {
      const vector = vectors[space]
      let column = this.#columns.get(space)
      if (!vector) {
        column?.remove(slot)
        continue
      }
      if (column?.dimensions !== vector.length) this.#columns.set(space, (column = new VectorColumn(vector.length)))
      column.set(slot, vector)
    }
  }
}
