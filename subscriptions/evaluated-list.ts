import type { ListUpdate } from '../resolvers/live-list.ts'
import type { Cut, Gap, SourceEvent } from '../resolvers/live.ts'
import { IndexUnavailableError } from '../search/entity-index.ts'
import type { Announced } from './announced.ts'
import type { ChangeHub } from './change-hub.ts'
import { visibleIn } from './concerns.ts'
import { plainPosition } from './cut.ts'
import type { EvaluationBudget } from './evaluation-budget.ts'
import { diffOf, isEmptyDiff } from './list-diff.ts'
import type { Beginning } from './deliver.ts'
import type { LiveList } from './live-list.ts'
import { placed, uniqueKey } from './placed.ts'
import { Versions, type Reader } from './versions.ts'

/** One result of a query. */
export interface Evaluated<Item> {
  items: readonly Item[]
  hasNextPage: boolean
}

export interface EvaluatedListOptions<Item, Page extends Evaluated<Item>> {
  hub: Pick<ChangeHub, 'listen' | 'begun'>
  budget: EvaluationBudget
  clock: () => number
  /** Where its results are counted: of this process and this query alone (`live/PROCESS:QUERY`). */
  lane: string
  /** Rises within the process, also where the list is made anew: no version has the number of another one. */
  nextVersion: () => number
  /** Least time between two evaluations, ms. */
  throttleMs: number
  /** Time after which it is evaluated though nothing was heard, ms: time alone changes ranks. */
  idleMs: number
  evaluate: (signal: AbortSignal) => Promise<{ page: Page; note?: () => void }>
  idOf: (item: Item) => string
  /** Whether an item is shown differently from before, beside its livestream. */
  isSame: (before: Item, after: Item) => boolean
  /** Whether what was announced can change the result; and which livestreams in it are not what they were. */
  concerns: (announced: Announced, shows: (id: string) => boolean) => { isDirty: boolean; touched: readonly string[] }
  /** A failure that is tried again: after the first evaluation the former result stays meanwhile. */
  onError: (error: unknown) => void
}

type Update<Item, Page> = ListUpdate<Item> & Page

/** Of the newest event that was heard of. */
interface Newest {
  eventTime: number
  appliedAt: number
}

/** A result as it was shown; the latest few are remembered for those who come back. */
interface Version<Page> {
  number: number
  /** Given out as it is, so that its text is made once. */
  cut: Cut
  ids: readonly string[]
  page: Page
  /** By id, the version that last said something of the item. */
  updatedIn: ReadonlyMap<string, number>
  newest: Newest | undefined
  note: (() => void) | undefined
}

const rememberedVersions = 64
/** A turn that comes later than this share of the interval stretches it. */
const stretchShare = 0.1

/**
 * A query's result, live: evaluated again when something was announced that can change it, at most once in `throttleMs` and
 * when the budget gives it a turn. What is shown is compared, and only what differs is sent.
 */
export class EvaluatedList<Item, Page extends Evaluated<Item>> implements LiveList<Update<Item, Page>> {
  readonly ready: Promise<void>
  readonly #options: EvaluatedListOptions<Item, Page>
  readonly #ended = new AbortController()
  readonly #versions = new Versions<SourceEvent<Update<Item, Page>>>()
  readonly #first = Promise.withResolvers<void>()
  #leave = (): void => {}
  #giveBack = (): void => {}
  #history: readonly Version<Page>[] = []
  #isDirty = false
  #isEvaluating = false
  #startedAt = -Infinity
  #dueAt: number | undefined
  #intervalMs: number | undefined
  #touched = new Set<string>()
  /** Changed since the evaluation under way began, which may have read them before: nobody knows yet whether they are in the result. */
  #heard = new Set<string>()
  /** Evaluations that have failed before there was anything to show. */
  #tries = 0
  #newest: Newest | undefined
  /** Whether somebody is given every result. */
  #isRead = false

  constructor(options: EvaluatedListOptions<Item, Page>) {
    this.#options = options
    this.ready = this.#first.promise
    this.ready.catch((error: unknown) => this.close(error as Error))
    options.hub.begun.then(() => this.#begin(), (error: unknown) => this.#first.reject(error))
  }

  cut(): Cut {
    return this.#shown.cut
  }

  snapshot(): SourceEvent<Update<Item, Page>> {
    this.#noted()
    return { ...this.#event({ kind: 'SNAPSHOT', added: placed(this.#shown.page.items), removed: [], moved: [], updated: [] }), snapshot: true }
  }

  read(): Reader<SourceEvent<Update<Item, Page>>> {
    this.#isRead = true
    return this.#versions.read()
  }

  /** Results are counted in this process alone: whoever comes from elsewhere, or with a time, gets the state. */
  missed(beginning: Beginning, _signal: AbortSignal, taken?: () => void): Promise<{ event: SourceEvent<Update<Item, Page>> | undefined; cut: Cut }> {
    const seen = 'from' in beginning ? beginning.from[this.#options.lane]?.next : undefined
    const former = this.#history.find(({ number }) => number === seen)
    taken?.()
    const event = former ? this.#changeSince(former) : { ...this.snapshot(), ...!this.#isOfThisQuery(beginning) && { gap: foreign(beginning) } }
    if (event) this.#noted()
    return Promise.resolve({ event, cut: this.cut() })
  }

  /** Whether it is a time, or a cursor of this query from whatever process: results are counted by each. */
  #isOfThisQuery(beginning: Beginning): boolean {
    const { lane } = this.#options
    const query = lane.slice(lane.indexOf(':'))
    return 'since' in beginning || Object.keys(beginning.from).some((each) => each.startsWith('live/') && each.endsWith(query))
  }

  close(error?: Error): void {
    this.#ended.abort()
    this.#leave()
    this.#giveBack()
    this.#versions.end(error)
  }

  #begin(): void {
    if (this.#ended.signal.aborted) return
    this.#leave = this.#options.hub.listen((announced) => this.#hear(announced), (error) => {
      this.#first.reject(error)
      this.close(error)
    })
    this.#askFor(this.#options.clock())
  }

  #hear(announced: Announced): void {
    const { concerns, clock, throttleMs } = this.#options
    const { isDirty, touched } = concerns(announced, (id) => this.#history.at(-1)?.ids.includes(id) === true)
    for (const id of touched) this.#touched.add(id)
    if (this.#isEvaluating) for (const id of visibleIn(announced.batch)) this.#heard.add(id)
    if (!isDirty) return
    const { entities, metrics } = announced.batch
    for (const { eventTime, appliedAt } of [...entities, ...metrics]) this.#newest = newer(this.#newest, { eventTime, appliedAt })
    this.#isDirty = true
    if (!this.#isEvaluating) this.#askFor(Math.max(clock(), this.#startedAt + throttleMs))
  }

  /** An earlier turn takes the place of the one that is waited for; a later one does not. */
  #askFor(dueAt: number): void {
    if (this.#ended.signal.aborted || (this.#dueAt !== undefined && this.#dueAt <= dueAt)) return
    this.#giveBack()
    this.#dueAt = dueAt
    this.#giveBack = this.#options.budget.ask(dueAt, () => this.#evaluate())
  }

  async #evaluate(): Promise<void> {
    const { clock, throttleMs, idleMs, evaluate, onError } = this.#options
    const now = clock()
    const late = now - (this.#dueAt ?? now)
    this.#dueAt = undefined
    this.#intervalMs = late > throttleMs * stretchShare ? Math.round(throttleMs + late) : undefined
    this.#startedAt = now
    this.#isEvaluating = true
    this.#isDirty = false
    const touched = this.#touched
    this.#touched = new Set()
    const newest = this.#newest
    let retryMs = 0
    try {
      const result = await evaluate(this.#ended.signal)
      if (this.#ended.signal.aborted) return
      this.#take(result, touched, newest)
      if (this.#shown.ids.some((id) => this.#heard.has(id))) this.#isDirty = true
      this.#first.resolve()
    } catch (error) {
      if (this.#ended.signal.aborted) return
      if (this.#history.length === 0 && !(error instanceof IndexUnavailableError && ++this.#tries < mostTries)) return this.#first.reject(error)
      onError(error)
      for (const id of touched) this.#touched.add(id)
      this.#isDirty = true
      retryMs = leastRetryMs
    } finally {
      this.#isEvaluating = false
      this.#heard.clear()
    }
    this.#askFor(this.#isDirty ? Math.max(clock(), now + Math.max(throttleMs, retryMs)) : now + idleMs)
  }

  #take({ page, note }: { page: Page; note?: () => void }, touched: ReadonlySet<string>, newest: Newest | undefined): void {
    const { idOf, isSame, nextVersion, lane } = this.#options
    const ids = page.items.map(idOf)
    const former = this.#history.at(-1)
    const formerItems = new Map(former?.page.items.map((item) => [idOf(item), item]))
    const isUpdated = (id: string, rank: number): boolean => {
      const before = formerItems.get(id)
      return before !== undefined && (touched.has(id) || !isSame(before, page.items[rank] as Item))
    }
    if (former && isEmptyDiff(diffOf(former.ids, ids)) && !ids.some(isUpdated)) return
    const number = nextVersion()
    const updatedIn = new Map(ids.map((id, rank) => [id, formerItems.has(id) && !isUpdated(id, rank) ? former?.updatedIn.get(id) ?? number : number]))
    const cut = { [lane]: plainPosition(number) }
    this.#history = [...this.#history.slice(1 - rememberedVersions), { number, cut, ids, page, updatedIn, newest, note }]
    const change = former && this.#changeSince(former)
    if (!change) return
    this.#versions.push({ ...change, at: { lane, position: plainPosition(number) } })
    if (this.#isRead) this.#noted()
  }

  #changeSince(former: Version<Page>): SourceEvent<Update<Item, Page>> | undefined {
    const { ids, page, updatedIn } = this.#shown
    const diff = diffOf(former.ids, ids)
    const known = new Set(former.ids)
    const updated = placed(page.items).filter((_, rank) => known.has(ids[rank]!) && updatedIn.get(ids[rank]!)! > former.number)
    if (isEmptyDiff(diff) && updated.length === 0) return undefined
    const places = placed(page.items)
    const { added, removed, moved } = diff
    return { ...this.#event({ kind: 'DIFF', added: added.map(({ rank }) => places[rank]!), removed, moved, updated }), diff: true }
  }

  #event(change: Omit<ListUpdate<Item>, 'items' | 'hasNextPage'>): SourceEvent<Update<Item, Page>> {
    const { page, newest } = this.#shown
    return { value: { ...page, ...change }, cut: this.cut(), key: uniqueKey(), ...newest, ...this.#intervalMs !== undefined && { intervalMs: this.#intervalMs } }
  }

  get #shown(): Version<Page> {
    const shown = this.#history.at(-1)
    if (!shown) throw new Error('A live query was asked what it shows before it was evaluated.')
    return shown
  }

  /** Somebody is given the latest result. */
  #noted(): void {
    const { note } = this.#shown
    this.#shown.note = undefined
    note?.()
  }
}

/** After a failure it is tried again not before, ms. */
const leastRetryMs = 1_000
/** An index that is away for a moment refuses nobody; whoever subscribes is told after so many evaluations that failed. */
const mostTries = 5

const newer = (a: Newest | undefined, b: Newest): Newest =>
  a ? { eventTime: Math.max(a.eventTime, b.eventTime), appliedAt: Math.max(a.appliedAt, b.appliedAt) } : b

const foreign = (beginning: Beginning): Gap => ({ reason: 'CURSOR', missed: { ...'said' in beginning && { from: beginning.said }, count: null } })
