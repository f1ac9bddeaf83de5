import { isNear, lineOf, numberOf, titleOf, type Ledger, type Numbered } from './ledger.ts'

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
  readonly #came: number[] = []
  /** How many had come before each notice. */
  readonly #before: number[] = []
  #begunAt: number | undefined
  #toldBefore = 0

  /** From this number on nothing may be missing, also of lines of which nothing has come yet. */
  begins(number: number): void {
    this.#begunAt = number
    this.#toldBefore = this.notices.length
  }

  /** Notices since then: those before it count what this one may not have been there for. */
  get told(): readonly Notice[] {
    return this.notices.slice(this.#toldBefore)
  }

  /** Whether the subscription asks for it. */
  protected wants(_event: Pick<Numbered, 'number'>): boolean {
    return true
  }

  override take(result: Result): void {
    const { length } = this.notices
    super.take(result)
    if (this.notices.length > length) this.#before.push(this.#came.length)
  }

  protected judge(data: Record<string, unknown>): void {
    const { id, type, subject } = data['events'] as { id: string; type: Numbered['type']; subject: string }
    const number = numberOf(id)
    const line = lineOf({ type, livestream: subject.slice('livestream:'.length) })
    const last = this.#last.get(line)
    if (last !== undefined && number < last) this.found.push(`${line}: ${number} came after ${last}`)
    if (!this.#first.has(line)) this.#first.set(line, number)
    this.#last.set(line, number)
    this.#seen.set(number, (this.#seen.get(number) ?? 0) + 1)
    this.#came.push(number)
    if (!this.wants({ number })) this.found.push(`${number} was not asked for`)
  }

  has(events: readonly Numbered[]): boolean {
    return events.every((event) => !this.wants(event) || this.#seen.has(event.number))
  }

  /** Sent since its line began for this subscription, and not come. */
  missing(): number[] {
    return this.#wanted().filter((number) => !this.#seen.has(number))
  }

  /** What the cursor of a notice has yet to bring: all but what had come, or was counted as missing, before it. */
  behind(notice: Notice): { count: number; came: ReadonlySet<number>; comes: readonly number[] } {
    const index = this.notices.indexOf(notice)
    const wanted = new Set(this.#wanted())
    const came = this.#came.slice(0, this.#before[index]).filter((number) => wanted.has(number))
    const counted = this.notices.slice(this.#toldBefore, index).reduce((sum, { missed }) => sum + (missed.count ?? NaN), 0)
    return { count: wanted.size - came.length - counted, came: new Set(came), comes: this.#came.slice(this.#before[index]) }
  }

  #wanted(): number[] {
    return this.ledger.sent.filter((event) => this.wants(event) && event.number >= this.#from(lineOf(event))).map(({ number }) => number)
  }

  #from(line: string): number {
    if (this.#toldBefore > 0) return this.#begunAt as number
    return Math.min(this.#first.get(line) ?? this.#begunAt ?? 0, this.#begunAt ?? Infinity)
  }

  /** How many notices tell of. @param _missing that are */
  protected counted(_missing: number): number {
    return this.told.reduce((sum, { missed: { count } }) => sum + (count ?? Infinity), 0)
  }

  faults(): string[] {
    const sent = new Set(this.ledger.sent.map(({ number }) => number))
    const unknown = [...this.#seen.keys()].filter((number) => !sent.has(number))
    const repeated = [...this.#seen].filter(([, count]) => count > 1).map(([number, count]) => `${number} ${count} times`)
    const missing = this.missing()
    const noticed = this.counted(missing.length)
    return [
      ...this.found,
      ...unknown.length > 0 ? [`never sent: ${some(unknown)}`] : [],
      ...repeated.length > 0 ? [`repeated: ${some(repeated)}`] : [],
      // What a notice has counted is missing for good; there may be no more and no less of it.
      ...missing.length !== noticed && noticed !== Infinity ? [`missing: ${some(missing)}; gap notices count ${noticed}`] : [],
    ]
  }
}

/** Raw events of which only those that are near are asked for. */
export class NearEventsJudge extends EventsJudge {
  protected override wants(event: Pick<Numbered, 'number'>): boolean {
    return isNear(event)
  }

  /** What the log has no more nobody can read: notices count all of it, near or not. */
  protected override counted(missing: number): number {
    return this.notices.some(({ reason }) => reason === 'RETENTION') ? Math.min(missing, super.counted(missing)) : super.counted(missing)
  }
}

export interface Shown {
  id: string
  title: string | null
  revision: number
}

/** One livestream: its state only ever gets newer, and in the end is the last one. */
export class StateJudge extends Judge {
  readonly id: string
  #last: Shown | undefined

  constructor(name: string, ledger: Ledger, id: string) {
    super(name, ledger)
    this.id = id
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
    const isOlder = state.revision < last.revision || now < before
    const sharesRevision = state.revision === last.revision && now !== before
    if (isOlder || sharesRevision || (now === before && !afterGap))
      this.found.push(`${state.title} (revision ${state.revision}) came after ${last.title} (revision ${last.revision})`)
  }

  /** What it shows now. */
  get shown(): Shown | undefined {
    return this.#last
  }

  has(events: readonly Numbered[]): boolean {
    const shown = numberOf(this.#last?.title ?? '')
    return events.every(({ number, type, livestream }) => type !== 'LivestreamChanged' || livestream !== this.id || shown >= number)
  }

  faults(): string[] {
    const expected = this.ledger.latest().get(this.id)
    const title = expected && titleOf(expected.number)
    return [...this.found, ...this.#last?.title !== title ? [`its last state is ${this.#last?.title}, expected ${title}`] : []]
  }
}

/** What is counted of one livestream: it never falls, and in the end is what was sent. */
export class MetricsJudge extends Judge {
  readonly #id: string
  readonly #mayFall: boolean
  #chats = 0

  /** @param mayFall where values are seen before they are announced, which a crash may prevent */
  constructor(name: string, ledger: Ledger, { id, mayFall = false }: { id: string; mayFall?: boolean }) {
    super(name, ledger)
    this.#id = id
    this.#mayFall = mayFall
  }

  protected judge(data: Record<string, unknown>): void {
    const { metrics: { chats } } = data['metrics'] as { metrics: { chats: { total: number } } }
    if (chats.total < this.#chats && !this.#mayFall) this.found.push(`${chats.total} chats came after ${this.#chats}`)
    this.#chats = chats.total
  }

  has(events: readonly Numbered[]): boolean {
    return this.#chats >= this.#sent(Math.max(-1, ...events.map(({ number }) => number)))
  }

  faults(): string[] {
    const sent = this.#sent(Infinity)
    return [...this.found, ...this.#chats === sent ? [] : [`${this.#chats} chats are counted, and ${sent} were sent`]]
  }

  #sent(until: number): number {
    return this.ledger.sent.filter(({ number, type, livestream }) => number <= until && type === 'ChatPosted' && livestream === this.#id).length
  }
}

export const some = (list: readonly unknown[]): string => `${list.slice(0, 10).join(', ')}${list.length > 10 ? ` and ${list.length - 10} more` : ''}`
