import { whenAborted } from '../events/abort.ts'
import type { EntityChanged } from '../ingest/changes.ts'
import type { ListQuery, LivestreamsUpdate } from '../resolvers/live-list.ts'
import type { Cut, Gap, SourceEvent } from '../resolvers/live.ts'
import { IndexUnavailableError, type EntityIndex } from '../search/entity-index.ts'
import type { Announced } from './announced.ts'
import { beginningOf, type ChangeLog } from './change-gaps.ts'
import { includesCut, restrict } from './cut.ts'
import type { Beginning } from './deliver.ts'
import { FilterList, type Similarities, type Step } from './filter-list.ts'
import type { LiveList } from './live-list.ts'
import { loadMatches, maxMatches, similarityOf, tooLarge } from './load-list.ts'
import { placed, uniqueKey } from './placed.ts'
import { Versions, type Reader } from './versions.ts'

export interface LivestreamListOptions {
  changes: ChangeLog
  index: Pick<EntityIndex, 'query' | 'getMany'>
  query: ListQuery
  /** Resolves once all that is applied when it is called was announced. */
  settled: (signal: AbortSignal) => Promise<void>
  /** Most livestreams that may match. */
  most?: number
  /** Most changes that wait while the index is asked: when there are more, the list is loaded anew. */
  mostWaiting?: number
  /** How long announcements are waited for, ms. */
  patienceMs?: number
  /** How long after an index that was away it is asked again, ms. */
  retryMs?: number
}

type Event = SourceEvent<LivestreamsUpdate>
type Missed = { event: Event | undefined; cut: Cut }

/** Ids of one question. */
const askedTogether = 1_000

/**
 * The livestreams of a filter, live: loaded from the index once, then kept by changes. What is announced while it is being
 * loaded waits, and is taken in by the rule of revisions.
 */
export class LivestreamList implements LiveList<LivestreamsUpdate> {
  readonly ready: Promise<void>
  readonly #options: LivestreamListOptions
  readonly #ended = new AbortController()
  readonly #versions = new Versions<Event>()
  readonly #waiting: Announced[] = []
  #changesWaiting = 0
  /** More had to wait than may: what is left stands behind a gap. */
  #overflown = false
  readonly #moved = new Set<() => void>()
  #leave = (): void => {}
  #list: FilterList | undefined
  #cut: Cut = {}
  /** While the index is being asked, batches wait. */
  #asking = true
  #loadedAt: Cut = {}
  /** From here on the list is what was announced, and nothing that was loaded before it was. */
  #exactFrom: Cut | undefined
  /** Somebody went on with a state from before the loading: of what was loaded before it was announced they know nothing. */
  #resumed = false

  constructor(options: LivestreamListOptions) {
    this.#options = options
    this.ready = this.#begin()
    this.ready.catch((error: unknown) => this.close(error as Error))
  }

  cut(): Cut {
    return this.#cut
  }

  snapshot(): Event {
    const { window: items } = this.#loaded
    return {
      ...this.#event({ kind: 'SNAPSHOT', added: placed(items), removed: [], moved: [], updated: [], reasons: [] }),
      snapshot: true,
      ...items.length > 0 && {
        eventTime: Math.max(...items.map(({ eventTime }) => eventTime)), appliedAt: Math.max(...items.map(({ appliedAt }) => appliedAt)),
      },
    }
  }

  read(): Reader<Event> {
    return this.#versions.read()
  }

  async missed(beginning: Beginning, signal: AbortSignal, taken?: () => void): Promise<Missed> {
    const { changes } = this.#options
    const begin = await beginningOf(beginning, changes.hub.lanes, changes)
    /** As of now: nothing may come between what is told and the cut. */
    const tell = (changes: EntityChanged[] | null, gap?: Gap): Missed => {
      taken?.()
      const step = changes && this.#loaded.since(changes)
      if (step) return { event: this.#diff(step), cut: this.#cut }
      return { event: step === undefined ? undefined : { ...this.snapshot(), ...gap && { gap } }, cut: this.#cut }
    }
    if ('gap' in begin) return tell(null, begin.gap)
    // Replicas ask for similarities when a text has changed, before or after its vector is there: at one cut their lists may differ.
    return this.#options.query.near || !this.#isExact(begin.from) ? tell(null) : await this.#behind(begin.from, signal, tell)
  }

  /** Whether the records say what has become of the list since: not where it showed more than was announced. */
  #isExact(from: Cut): boolean {
    return this.#exactFrom !== undefined && (!includesCut(from, this.#loadedAt) || includesCut(from, this.#exactFrom))
  }

  /** Tells of what the list has taken in since; of null where it is not there yet, or nobody waits any more. */
  async #behind(from: Cut, signal: AbortSignal, tell: (changes: EntityChanged[] | null) => Missed): Promise<Missed> {
    if (!await this.#reaches(from, signal)) return tell(null)
    const { hub } = this.#options.changes
    const changes: EntityChanged[] = []
    // Until nothing has come while it was being read.
    for (let reached = from; !includesCut(reached, this.#cut);) {
      const to = this.#cut
      for await (const { batch, skip } of hub.behind({ from: reached, to, lanes: hub.lanes, signal }))
        changes.push(...batch.entities.slice(skip).filter(isLivestream))
      if (signal.aborted) return tell(null)
      reached = to
    }
    this.#resumed = true
    return tell(changes)
  }

  /** Ends all that follow it. */
  close(error?: Error): void {
    this.#ended.abort()
    this.#leave()
    this.#versions.end(error)
    this.#hasMoved()
  }

  async #begin(): Promise<void> {
    const { hub } = this.#options.changes
    await hub.begun
    this.#ended.signal.throwIfAborted()
    this.#cut = hub.cut()
    this.#leave = hub.listen((announced) => this.#take(announced), (error) => this.close(error))
    await this.#load()
    await this.#catchUp()
    await this.#settle()
  }

  /** Where announcements are late, the list is shown before it is exact. */
  async #settle(): Promise<void> {
    const { settled, patienceMs = defaultPatienceMs } = this.#options
    const impatient = Promise.withResolvers<void>()
    const patience = setTimeout(impatient.resolve, patienceMs)
    const exact = settled(this.#ended.signal).then(() => {
      this.#exactFrom = this.#cut
    })
    await Promise.race([exact, impatient.promise]).finally(() => clearTimeout(patience))
  }

  async #load(): Promise<void> {
    const { index, query, most } = this.#options
    const { entities, similarities } = await this.#whenThere(() => loadMatches(index, query, { most, signal: this.#ended.signal }))
    this.#list = new FilterList(query, entities, similarities)
    this.#loadedAt = this.#cut
    this.#exactFrom = undefined
    this.#resumed = false
  }

  #take(announced: Announced): void {
    this.#waiting.push(announced)
    if (this.#asking) return this.#boundWaiting(announced)
    const mustAsk = this.#options.query.near !== undefined && this.#loaded.needing(announced.batch.entities.filter(isLivestream)).size > 0
    if (!mustAsk && !isBehindGap(announced)) this.#apply()
    else {
      this.#asking = true
      this.#catchUp().catch((error: unknown) => this.close(error as Error))
    }
  }

  #boundWaiting({ batch }: Announced): void {
    this.#changesWaiting += batch.entities.length
    if (this.#changesWaiting <= (this.#options.mostWaiting ?? defaultMostWaiting)) return
    this.#waiting.splice(0, this.#waiting.length - 1)
    this.#changesWaiting = 0
    this.#overflown = true
  }

  /** Takes in what waits, asking the index for what changes do not say. */
  async #catchUp(): Promise<void> {
    this.#asking = true
    while (this.#waiting.length > 0 && !this.#ended.signal.aborted) {
      if (this.#overflown || this.#waiting.some(isBehindGap)) await this.#loadAnew()
      if (this.#overflown) continue
      const ids = this.#loaded.needing(this.#waiting.flatMap(({ batch }) => batch.entities.filter(isLivestream)))
      const until = this.#waiting.length
      const similarities = ids.size > 0 ? await this.#ask([...ids]) : undefined
      if (!this.#overflown) this.#apply(until, similarities)
      this.#changesWaiting = this.#waiting.reduce((sum, { batch }) => sum + batch.entities.length, 0)
    }
    this.#asking = false
  }

  /** Batches are missing: what is behind them stands for nothing. Everybody gets the whole list. */
  async #loadAnew(): Promise<void> {
    const last = this.#overflown ? this.#waiting.length - 1 : this.#waiting.findLastIndex(isBehindGap)
    this.#overflown = false
    const [gap] = this.#waiting.splice(0, last + 1).slice(-1) as [Announced]
    await this.#load()
    this.#cut = this.#loadedAt = gap.after
    this.#versions.push({ ...this.snapshot(), at: { lane: gap.lane, position: gap.end } })
    this.#settle().catch((error: unknown) => this.close(error as Error))
  }

  async #ask(ids: readonly string[]): Promise<Similarities> {
    const { index, query: { near } } = this.#options
    const similarities = new Map<string, number | null>()
    if (!near) return similarities
    for (let from = 0; from < ids.length; from += askedTogether) {
      const some = ids.slice(from, from + askedTogether)
      const entities = await this.#whenThere(() => index.getMany('livestream', some, { withVectors: [near.space], signal: this.#ended.signal }))
      for (const [place, id] of some.entries()) similarities.set(id, similarityOf(near, entities[place]?.vectors?.[near.space]))
    }
    return similarities
  }

  /** An index that is away for a moment ends nobody: what is announced waits meanwhile. */
  async #whenThere<T>(ask: () => Promise<T>): Promise<T> {
    const { signal } = this.#ended
    for (let tries = 1; ; tries++)
      try {
        return await ask()
      } catch (error) {
        if (!(error instanceof IndexUnavailableError) || tries === mostTries || signal.aborted) throw error
        await new Promise<void>((resolve) => {
          const forget = whenAborted(signal, () => done())
          const timer = setTimeout(() => done(), this.#options.retryMs ?? defaultRetryMs)
          const done = (): void => {
            clearTimeout(timer)
            forget()
            resolve()
          }
        })
      }
  }

  #apply(count = this.#waiting.length, similarities?: Similarities): void {
    for (const announced of this.#waiting.splice(0, count)) {
      const changes = announced.batch.entities.filter(isLivestream)
      const step = changes.length > 0 ? this.#loaded.apply(changes, similarities) : undefined
      this.#cut = announced.after
      const contradicted = changes.length > 0 && this.#loaded.takeContradicted()
      const at = { lane: announced.lane, position: announced.end }
      if (contradicted && this.#resumed) this.#versions.push({ ...this.snapshot(), at })
      else if (step) this.#versions.push({ ...this.#diff(step), at })
      if (this.#loaded.held > (this.#options.most ?? maxMatches)) return this.close(tooLarge(this.#options.most))
    }
    this.#hasMoved()
  }

  #diff({ diff: { added, removed, moved }, updated, reasons, eventTime, appliedAt }: Step): Event {
    const items = this.#loaded.window
    const ids = new Set(updated)
    const places = placed(items)
    return {
      ...this.#event({
        kind: 'DIFF', removed, moved, reasons, added: added.map(({ rank }) => places[rank]!),
        updated: places.filter(({ item }) => ids.has(item.id)),
      }),
      diff: true, eventTime, appliedAt,
    }
  }

  #event(update: Omit<LivestreamsUpdate, 'items' | 'hasNextPage'>): Event {
    const { window: items, size } = this.#loaded
    return { value: { ...update, items, hasNextPage: size > items.length }, cut: this.#cut, key: uniqueKey() }
  }

  get #loaded(): FilterList {
    if (!this.#list) throw new Error('A live list was asked what it shows before it was loaded.')
    return this.#list
  }

  /**
   * Waits until the list includes the cut; false where that takes too long. Where a lane's place is known by its time alone, there
   * may be nothing behind it.
   */
  async #reaches(from: Cut, signal: AbortSignal): Promise<boolean> {
    const wanted = restrict(from, Object.keys(from).filter((lane) => from[lane]!.sequence >= 0))
    if (includesCut(this.#cut, wanted)) return true
    const { promise, resolve } = Promise.withResolvers<boolean>()
    const look = (): void => {
      if (includesCut(this.#cut, wanted)) resolve(true)
      else if (signal.aborted || this.#ended.signal.aborted) resolve(false)
    }
    const patience = setTimeout(() => resolve(false), this.#options.patienceMs ?? defaultPatienceMs)
    this.#moved.add(look)
    signal.addEventListener('abort', look, { once: true })
    try {
      return await promise
    } finally {
      clearTimeout(patience)
      this.#moved.delete(look)
      signal.removeEventListener('abort', look)
    }
  }

  #hasMoved(): void {
    for (const look of this.#moved) look()
  }
}

/** Announcements and replicas lag by milliseconds; what lags longer has trouble of its own, and the state as it is here must do. */
const defaultPatienceMs = 2_000

/** Some ten to twenty MiB, which all lists that wait for the index have in common. */
const defaultMostWaiting = 10_000

/** As evaluated lists do. */
const defaultRetryMs = 1_000
const mostTries = 5

const isLivestream = ({ entity }: EntityChanged): boolean => entity.startsWith('livestream:')

/** Whether batches are missing between the one before it and this one. */
function isBehindGap({ batch, before, lane }: Announced): boolean {
  const last = before[lane]?.sequence ?? -1
  return last >= 0 && batch.sequence !== last + 1
}
