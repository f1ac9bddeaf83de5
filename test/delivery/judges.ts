import { lineOf, numberOf, titleOf, type Ledger, type Numbered } from './ledger.ts'

/** What a subscription was told to be missing. */
export interface Notice {
  reason: string
  missed: { from?: string; count: number | null }
}

/** A payload as a client gets it. */
export interface Result {
  data?: Record<string, unknown> | null
  errors?: readonly { message: string; extensions?: Record<string, unknown> }[]
  extensions?: Record<string, unknown>
}

/** Follows one subscription and says what is wrong with what came. */
export abstract class Judge {
  readonly name: string
  readonly notices: Notice[] = []
  /** Found while it came. */
  protected readonly found: string[] = []
  protected readonly ledger: Ledger
  #cursors = 0

  constructor(name: string, ledger: Ledger) {
    this.name = name
    this.ledger = ledger
  }

  /** How many payloads came. */
  get payloads(): number {
    return this.#cursors
  }

  take({ data, errors, extensions }: Result): void {
    const gap = extensions?.gap as Notice | undefined
    if (gap) this.notices.push(gap)
    if (typeof extensions?.cursor === 'string') this.#cursors++
    else this.found.push(`a payload without a cursor: ${JSON.stringify(extensions)}`)
    const isNotice = gap !== undefined && errors?.every((error) => error.extensions?.code === 'DELIVERY_GAP')
    if (errors && !isNotice) this.found.push(`errors: ${JSON.stringify(errors)}`)
    if (data) this.judge(data, gap !== undefined)
  }

  protected abstract judge(data: Record<string, unknown>, afterGap: boolean): void
  /** Whether all of these came, or what is newer. */
  abstract has(events: readonly Numbered[]): boolean
  /** All that is wrong, once everything has come. */
  abstract faults(): string[]
}

/** Raw events: each once, in the order of its line. */
export class EventsJudge extends Judge {
  readonly #seen = new Map<number, number>()
  readonly #last = new Map<string, number>()
  readonly #first = new Map<string, number>()

  protected judge(data: Record<string, unknown>): void {
    const { id, type, subject } = data['events'] as { id: string; type: Numbered['type']; subject: string }
    const number = numberOf(id)
    const line = lineOf({ type, livestream: subject.slice('livestream:'.length) })
    const last = this.#last.get(line)
    if (last !== undefined && number < last) this.found.push(`${line}: ${number} came after ${last}`)
    if (!this.#first.has(line)) this.#first.set(line, number)
    this.#last.set(line, number)
    this.#seen.set(number, (this.#seen.get(number) ?? 0) + 1)
  }

  has(events: readonly Numbered[]): boolean {
    return events.every(({ number }) => this.#seen.has(number))
  }

  /** Sent since its line began for this subscription, and not come. */
  missing(): number[] {
    return this.ledger.sent.filter((event) => event.number >= (this.#first.get(lineOf(event)) ?? 0) && !this.#seen.has(event.number)).map(({ number }) => number)
  }

  faults(): string[] {
    const sent = new Set(this.ledger.sent.map(({ number }) => number))
    const unknown = [...this.#seen.keys()].filter((number) => !sent.has(number))
    const repeated = [...this.#seen].filter(([, count]) => count > 1).map(([number, count]) => `${number} ${count} times`)
    const missing = this.missing()
    const noticed = this.notices.reduce((sum, { missed: { count } }) => sum + (count ?? Infinity), 0)
    return [
      ...this.found,
      ...unknown.length > 0 ? [`never sent: ${some(unknown)}`] : [],
      ...repeated.length > 0 ? [`repeated: ${some(repeated)}`] : [],
      // What a notice has counted is missing for good; there may be no more and no less of it.
      ...missing.length !== noticed && (noticed !== Infinity || missing.length === 0) ? [`missing: ${some(missing)}; gap notices count ${noticed}`] : [],
    ]
  }
}

interface Shown {
  id: string
  title: string | null
  revision: number
}

/** One livestream: its state only ever gets newer, and in the end is the last one. */
export class StateJudge extends Judge {
  readonly #id: string
  #last: Shown | undefined

  constructor(name: string, ledger: Ledger, id: string) {
    super(name, ledger)
    this.#id = id
  }

  protected judge(data: Record<string, unknown>, afterGap: boolean): void {
    const state = data['livestream'] as Shown | null
    if (!state) {
      if (this.#last) this.found.push(`it is gone after ${this.#last.title}`)
      return
    }
    const last = this.#last
    this.#last = state
    if (!last) return
    const [before, now] = [numberOf(last.title ?? ''), numberOf(state.title ?? '')]
    // Copies of metrics are written under the next revision before a round takes it, so a state may have it as well as the one after.
    if (state.revision < last.revision || (afterGap ? now < before : now <= before))
      this.found.push(`${state.title} (revision ${state.revision}) came after ${last.title} (revision ${last.revision})`)
  }

  has(events: readonly Numbered[]): boolean {
    const shown = numberOf(this.#last?.title ?? '')
    return events.every(({ number, type, livestream }) => type !== 'LivestreamChanged' || livestream !== this.#id || shown >= number)
  }

  faults(): string[] {
    const expected = this.ledger.latest().get(this.#id)
    const title = expected && titleOf(expected.number)
    return [...this.found, ...this.#last?.title !== title ? [`its last state is ${this.#last?.title}, expected ${title}`] : []]
  }
}

interface Update {
  kind: 'SNAPSHOT' | 'DIFF'
  added: { rank: number; node: Shown }[]
  removed: string[]
  moved: { id: string; rank: number }[]
  updated: { rank: number; node: Shown }[]
}

/** A list by filter: applying the diffs, as the schema says, gives the list. */
export class ListJudge extends Judge {
  readonly #category: string
  readonly #first: number
  #list: Shown[] | undefined
  #snapshots = 0

  constructor(name: string, ledger: Ledger, { category, first }: { category: string; first: number }) {
    super(name, ledger)
    this.#category = category
    this.#first = first
  }

  /** A second one without a notice says that the client could not go on from where it was. */
  get snapshots(): number {
    return this.#snapshots
  }

  protected judge(data: Record<string, unknown>): void {
    const { kind, added, removed, moved, updated } = data['livestreams'] as Update
    if (kind === 'SNAPSHOT') {
      this.#snapshots++
      this.#list = []
    }
    const list = this.#list
    if (!list) return void this.found.push('a diff came before any snapshot')
    const at = new Map(list.map((shown) => [shown.id, shown]))
    const absent = [...removed, ...moved.map(({ id }) => id), ...updated.map(({ node }) => node.id)].filter((id) => !at.has(id))
    const present = added.filter(({ node }) => at.has(node.id)).map(({ node }) => node.id)
    if (absent.length > 0) this.found.push(`changes what is not in the list: ${some(absent)}`)
    if (present.length > 0) this.found.push(`adds what is in the list: ${some(present)} (removes ${some(removed)}; there were ${some(list.map(({ id }) => id))})`)
    for (const { node } of updated) {
      const former = at.get(node.id)
      if (former && node.revision < former.revision) this.found.push(`${node.id}: ${node.title} came after ${former.title}`)
      at.set(node.id, node)
    }
    const out = new Set([...removed, ...moved.map(({ id }) => id)])
    const left = list.filter(({ id }) => !out.has(id)).map(({ id }) => at.get(id) as Shown)
    const placed = [
      ...added.map(({ rank, node }) => ({ rank, shown: node })),
      ...moved.flatMap(({ id, rank }) => { const shown = at.get(id); return shown ? [{ rank, shown }] : [] }),
    ]
    for (const { rank, shown } of placed.sort((a, b) => a.rank - b.rank)) left.splice(rank, 0, shown)
    this.#list = left
  }

  has(): boolean {
    return JSON.stringify(this.#shown()) === JSON.stringify(this.ledger.listOf(this.#category, this.#first))
  }

  faults(): string[] {
    const expected = this.ledger.listOf(this.#category, this.#first)
    return [...this.found, ...this.has() ? [] : [`the list is ${listed(this.#shown() ?? [])}, expected ${listed(expected)}`]]
  }

  #shown(): { id: string; title: string | null }[] | undefined {
    return this.#list?.map(({ id, title }) => ({ id, title }))
  }
}

const listed = (list: readonly { id: string; title: string | null }[]): string => list.map(({ id, title }) => `${id} ${title}`).join(', ')

const some = (list: readonly unknown[]): string => `${list.slice(0, 10).join(', ')}${list.length > 10 ? ` and ${list.length - 10} more` : ''}`
