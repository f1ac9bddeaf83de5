import type { Budget, Keeper } from './budget.ts'
import { Conflated } from './conflate.ts'
import type { Dispatcher, Pass } from './dispatcher.ts'
import { Entries, type Entry, type Rendered } from './entries.ts'
import type { DeliveryObserver } from './observer.ts'
import type { Subscriber } from './subscriber.ts'

/** Members that are written to before others get a turn. */
const membersPerStep = 32
/** Most payloads that are kept for those who may fall behind: the greatest `buffer` of a subscription. */
const maxKept = 10_000

export interface FeedOptions {
  dispatcher: Dispatcher
  budget: Budget
  observer: DeliveryObserver
  /** How much of what everybody has got is kept for those who come back. */
  keep: { count: number; bytes: number }
  /** Whoever has taken all of it, once nothing more comes. */
  onExhausted: (member: Subscriber) => void
  /** What must not happen, has. */
  onFailed: (error: unknown) => void
}

/**
 * Payloads and those who read them, each at a place of its own. Whoever keeps up is served in passes; who does not is set
 * aside (`laggards`), waits for its connection to take more, and holds nobody back.
 */
export class Feed implements Pass, Keeper {
  readonly entries: Entries
  readonly #options: FeedOptions
  readonly #conflated: Conflated
  readonly #members = new Set<Subscriber>()
  readonly #laggards = new Set<Subscriber>()
  #walk: Iterator<Subscriber> | undefined
  #queued = false
  /** Of the walk that is under way: what came later is the next one's. */
  #to = 0
  /** Members who keep up have got everything before it. */
  #passed = 0
  #waiting: (() => void) | undefined
  #over = false
  #closed = false

  constructor(options: FeedOptions) {
    this.#options = options
    this.entries = new Entries(options.budget)
    this.#conflated = new Conflated(options.budget)
  }

  /** Up to where members may take. */
  get limit(): number {
    return this.#walk ? this.#to : this.entries.end
  }

  /** Nothing more comes. */
  get over(): boolean {
    return this.#over
  }

  get size(): number {
    return this.#members.size + this.#laggards.size
  }

  append(rendered: Rendered): void {
    this.entries.append(rendered)
    this.#trim()
    this.#options.budget.enforce()
    for (const laggard of this.#laggards) laggard.check()
    this.schedule()
  }

  /** Whether those who keep up have still to get more than so many bytes. */
  isBehind(maxBytes: number): boolean {
    return this.#members.size > 0 && this.#unpassed() > maxBytes
  }

  /** Whether `ready` would resolve at once. */
  isReady(maxBytes: number, { forMembers = false } = {}): boolean {
    return this.#closed || (this.#members.size === 0 ? !forMembers : this.#unpassed() <= maxBytes)
  }

  /**
   * Resolves when those who keep up have got all but so many bytes.
   * @param forMembers waits for one who keeps up where there is none
   */
  async ready(maxBytes: number, options?: { forMembers: boolean }): Promise<void> {
    while (!this.isReady(maxBytes, options))
      await new Promise<void>((resolve) => { this.#waiting = resolve })
  }

  finish(): void {
    this.#over = true
    this.schedule()
  }

  /** Lets go of everything. */
  close(): void {
    this.#closed = true
    this.#members.clear()
    this.#laggards.clear()
    this.#conflated.clear()
    this.entries.clear()
    this.#options.budget.leave(this)
    this.#wake()
  }

  add(member: Subscriber): void {
    this.#members.add(member)
    this.#wake()
  }

  delete(member: Subscriber): void {
    this.#members.delete(member)
    if (this.#laggards.delete(member)) this.#forgetConflated()
    this.#wake()
  }

  /** It does not keep up. */
  stalled(member: Subscriber): void {
    this.#members.delete(member)
    this.#laggards.add(member)
    this.#wake()
    member.check()
  }

  /** It has got all that there was. */
  recovered(member: Subscriber): void {
    if (!this.#laggards.delete(member)) return
    this.#forgetConflated()
    this.#members.add(member)
    this.#wake()
    if (member.due) this.schedule()
  }

  /** Whether it was set aside. */
  isSlow(member: Subscriber): boolean {
    return this.#laggards.has(member)
  }

  /** What waits for a slow one that wants only the latest of each key. */
  conflated(next: number): Entry[] {
    return this.#conflated.waiting(next, this.entries)
  }

  exhausted(member: Subscriber): void {
    this.#options.onExhausted(member)
  }

  schedule(): void {
    if (this.#queued || this.#members.size === 0) {
      if (this.#members.size === 0) this.#pass(this.entries.end)
      return
    }
    this.#queued = true
    this.#options.dispatcher.add(this)
  }

  step(): boolean {
    if (!this.#walk) {
      this.#to = this.entries.end
      this.#walk = this.#members.values()
    }
    for (let left = membersPerStep; left > 0; left--) {
      const { value, done } = this.#walk.next()
      if (done) return this.#walked()
      value.visit()
    }
    return true
  }

  failed(error: unknown): void {
    this.#queued = false
    this.#options.onFailed(error)
  }

  forget(): boolean {
    const passed = Math.min(this.#passed, this.entries.end) - this.entries.first
    for (let left = Math.ceil(passed / 4); left > 0; left--) this.#shift()
    return passed > 0
  }

  #walked(): boolean {
    const from = this.#passed
    this.#walk = undefined
    this.#pass(this.#to)
    if (this.#to > from) this.#options.observer.passed(this.entries, Math.max(from, this.entries.first), this.#to)
    this.#trim()
    this.#wake()
    if (this.entries.end > this.#to) return true
    this.#queued = false
    return false
  }

  #pass(index: number): void {
    this.#passed = index
    if (index > this.entries.first && !this.#closed) this.#options.budget.offer(this)
  }

  #wake(): void {
    this.#waiting?.()
    this.#waiting = undefined
  }

  #unpassed(): number {
    const { entries } = this
    if (this.#passed >= entries.end) return 0
    const last = entries.at(entries.end - 1)
    return last.before + last.bytes - entries.at(Math.max(this.#passed, entries.first)).before
  }

  #trim(): void {
    const { keep: { count, bytes } } = this.#options
    const { entries } = this
    while (entries.first < this.#passed) {
      const kept = entries.end - entries.first
      if (kept <= count && entries.bytes <= bytes) return
      if (entries.bytes <= bytes && kept <= maxKept && this.#isAwaited(entries.first)) return
      this.#shift()
    }
  }

  /** Whether somebody slow still has to get it, as it is. */
  #isAwaited(index: number): boolean {
    for (const { conflates, next } of this.#laggards) if (!conflates && next <= index) return true
    return false
  }

  #shift(): void {
    const entry = this.entries.shift()
    if (!entry) return
    let isWanted = false
    for (const laggard of this.#laggards) {
      if (laggard.next > entry.index) continue
      if (laggard.conflates) isWanted = true
      else laggard.missed()
    }
    if (!isWanted || this.#conflated.add(entry)) return
    for (const laggard of [...this.#laggards]) if (laggard.conflates && laggard.next <= entry.index) laggard.missed()
  }

  #forgetConflated(): void {
    for (const { conflates } of this.#laggards) if (conflates) return
    this.#conflated.clear()
  }
}
