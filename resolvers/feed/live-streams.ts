import { parseEntityKey } from '../../events/entity.ts'
import type { ChangeBatch } from '../../ingest/change-reader.ts'
import type { EntityChanged } from '../../ingest/changes.ts'
import { fieldOf, type AnyFields, type EntityFields } from '../../search/entities.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import type { Filter } from '../../search/filter.ts'
import { compileRows } from '../../search/matches.ts'
import type { MetricView } from '../../search/metrics.ts'
import { Top } from '../../search/top.ts'
import type { LiveVectors } from './live-vectors.ts'

/** A livestream that is live now, as it was last announced. */
export interface LiveStream {
  readonly id: string
  /** Those that can be filtered or ordered by. */
  readonly fields: EntityFields<'livestream'>
  /** As of a few seconds ago at most: for choosing who is looked at, not for scores. */
  popularity: number
}

/** Who leads among all that are live, best first. */
export interface Standings {
  trending: readonly LiveStream[]
  newest: readonly LiveStream[]
  /** Most popular of each category. */
  inCategory: ReadonlyMap<string, readonly LiveStream[]>
}

/** How many each list of the standings holds. */
const lengths = { trending: 60, newest: 60, category: 30 }
/** How long standings are good, ms, unless somebody begins, ends or moves. */
const standingsTtl = 500
/** The popularity of one stream in so many is brought up to date with each new standing: it falls as time passes. */
const refreshEvery = 20
/** Livestreams of one question at the start. */
const pageSize = 1_000

/**
 * All livestreams that are live, in memory: who is live is the same for everybody, and change records say exactly how it
 * changes, so that feeds need not ask the index for it. It takes some 600 bytes each.
 */
export class LiveStreams {
  readonly #view: Pick<MetricView, 'popularity' | 'viewersNow'>
  readonly #clock: () => number
  readonly #vectors: Pick<LiveVectors, 'want' | 'drop'> | undefined
  readonly #streams = new Map<string, LiveStream>()
  readonly #bySeller = new Map<string, Map<string, LiveStream>>()
  #standings: { lists: Standings; until: number } | undefined
  #turn = 0
  /** Ids of which a change was heard since the loading under way began: what it finds of them may be older. */
  #heard: Set<string> | undefined
  #loaded = newGate()

  /** `vectors`: told who begins, ends and has another vector. */
  constructor({ view, clock, vectors }: {
    view: Pick<MetricView, 'popularity' | 'viewersNow'>; clock: () => number; vectors?: Pick<LiveVectors, 'want' | 'drop'> | undefined
  }) {
    this.#view = view
    this.#clock = clock
    this.#vectors = vectors
  }

  /** Takes in a batch of `changes`, after the view. */
  apply({ entities, metrics }: Pick<ChangeBatch, 'entities' | 'metrics'>): void {
    for (const change of entities) this.announced(change)
    for (const record of metrics)
      for (const { entity } of record.entities) {
        const stream = entity.startsWith('livestream:') ? this.#streams.get(entity.slice('livestream:'.length)) : undefined
        if (stream) stream.popularity = this.#view.popularity(entity, this.#clock())
      }
  }

  announced({ entity, after, changed = {} }: Pick<EntityChanged, 'entity' | 'after'> & Partial<Pick<EntityChanged, 'changed'>>): void {
    const key = parseEntityKey(entity)
    if (key?.kind !== 'livestream') return
    this.#heard?.add(key.id)
    this.#put(key.id, after)
    if (this.#vectors && this.#streams.has(key.id) && Object.keys(changed).some((name) => name.startsWith('vector:'))) this.#vectors.want(key.id)
  }

  /**
   * Asks the index who is live; to be called once changes are handed over as they come, and again when some may have been
   * missed. What is known meanwhile stays in use. Rejects as the index does.
   */
  async load(index: Pick<EntityIndex, 'query'>, signal?: AbortSignal): Promise<void> {
    const heard = (this.#heard = new Set<string>())
    const found = new Set<string>()
    try {
      for (let after: string | undefined; ;) {
        const { hits, hasNextPage } = await index.query({ kind: 'livestream', filter: isLive, limit: pageSize, after, signal })
        // Another loading has begun since, and replaces this one.
        if (this.#heard !== heard) return
        for (const { entity: { id, fields } } of hits) {
          found.add(id)
          if (!heard.has(id)) this.#put(id, filterable(fields))
          if (this.#streams.has(id)) this.#vectors?.want(id)
        }
        after = hits.at(-1)?.cursor
        if (!hasNextPage) break
      }
    } catch (error) {
      if (this.#heard === heard) {
        this.#loaded.reject(error)
        this.#loaded = newGate()
      }
      throw error
    }
    for (const id of [...this.#streams.keys()]) if (!found.has(id) && !heard.has(id)) this.#put(id, null)
    this.#heard = undefined
    this.#loaded.resolve()
  }

  /** Resolves once a loading has come to its end; rejects where the one under way fails. */
  loaded(): Promise<void> {
    return this.#loaded.promise
  }

  get size(): number {
    return this.#streams.size
  }

  get(id: string): LiveStream | undefined {
    return this.#streams.get(id)
  }

  ofSeller(sellerId: string): Iterable<LiveStream> {
    return this.#bySeller.get(sellerId)?.values() ?? []
  }

  /** Who leads now; of those that a filter leaves, which `validateFilter` has passed. */
  standings(filter?: Filter): Standings {
    const now = this.#clock()
    if (filter) {
      return standingsOf(this.#streams.values().filter(this.matcher(filter)))
    }
    if (!this.#standings || this.#standings.until <= now) {
      this.#refresh(now)
      this.#standings = { lists: standingsOf(this.#streams.values()), until: now + standingsTtl }
    }
    return this.#standings.lists
  }

  #refresh(now: number): void {
    this.#turn = (this.#turn + 1) % refreshEvery
    let place = 0
    for (const stream of this.#streams.values())
      if (place++ % refreshEvery === this.#turn) stream.popularity = this.#view.popularity(`livestream:${stream.id}`, now)
  }

  #put(id: string, image: AnyFields | null): void {
    const fields = image?.status === 'LIVE' ? (image as LiveStream['fields']) : undefined
    const former = this.#streams.get(id)
    if (!former && !fields) return
    if (former?.fields.category !== fields?.category || former?.fields.startedAt !== fields?.startedAt || !former !== !fields)
      this.#standings = undefined
    if (former) this.#leaveSeller(former)
    if (!fields) {
      this.#streams.delete(id)
      this.#vectors?.drop(id)
      return
    }
    if (!former) this.#vectors?.want(id)
    const popularity = former?.popularity ?? this.#view.popularity(`livestream:${id}`, this.#clock())
    const stream: LiveStream = { id, fields, popularity }
    this.#streams.set(id, stream)
    const sellerId = fields.sellerId ?? ''
    let ofSeller = this.#bySeller.get(sellerId)
    if (!ofSeller) this.#bySeller.set(sellerId, (ofSeller = new Map()))
    ofSeller.set(id, stream)
  }

  #leaveSeller({ id, fields: { sellerId = '' } }: LiveStream): void {
    const ofSeller = this.#bySeller.get(sellerId)
    ofSeller?.delete(id)
    if (ofSeller?.size === 0) this.#bySeller.delete(sellerId)
  }

  /**
   * Whether a filter that `validateFilter` has passed leaves a stream in. Metrics are as the view has them: the index's
   * copies are older.
   */
  matcher(filter: Filter): (stream: LiveStream) => boolean {
    const now = this.#clock()
    return compileRows<LiveStream>(filter, (field) => {
      if (field === 'id') return ({ id }) => id
      if (field === 'popularity') return ({ popularity }) => popularity
      if (field === 'viewersNow') return ({ id }) => this.#view.viewersNow(`livestream:${id}`, now)
      return ({ fields }) => (fields as AnyFields)[field]
    })
  }
}

export const isLive: Filter = { field: 'status', op: 'eq', value: 'LIVE' }

function newGate(): PromiseWithResolvers<void> {
  const gate = Promise.withResolvers<void>()
  // Who does not wait need not catch it.
  gate.promise.catch(() => {})
  return gate
}

/** What change records hold of a livestream: descriptions are long. */
const filterable = (fields: AnyFields): AnyFields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => fieldOf('livestream', name)?.filterable))

function standingsOf(streams: Iterable<LiveStream>): Standings {
  const trending = new Top(lengths.trending, isMorePopular)
  const newest = new Top(lengths.newest, isNewer)
  const inCategory = new Map<string, Top<LiveStream>>()
  for (const stream of streams) {
    trending.push(stream)
    newest.push(stream)
    const { category } = stream.fields
    if (category === undefined) continue
    let top = inCategory.get(category)
    if (!top) inCategory.set(category, (top = new Top(lengths.category, isMorePopular)))
    top.push(stream)
  }
  return {
    trending: trending.take(), newest: newest.take(),
    inCategory: new Map([...inCategory].map(([category, top]) => [category, top.take()])),
  }
}

const isMorePopular = (a: LiveStream, b: LiveStream): boolean =>
  a.popularity > b.popularity || (a.popularity === b.popularity && a.id < b.id)

const isNewer = (a: LiveStream, b: LiveStream): boolean => {
  const [one, other] = [a.fields.startedAt ?? 0, b.fields.startedAt ?? 0]
  return one > other || (one === other && a.id < b.id)
}
