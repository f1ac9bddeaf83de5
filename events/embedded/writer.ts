import { whenAborted } from '../abort.ts'
import { LogUnavailableError, type Appended, type NewRecord } from '../log.ts'
import { partitionOf } from '../topics.ts'
import { pack, packedSize } from './packing.ts'
import type { Slot, Slots } from './slots.ts'
import type { Store } from './store.ts'

interface Append {
  records: readonly NewRecord[]
  slots: Slot[]
  resolve(appended: Appended[]): void
  reject(error: Error): void
}

/** What one transaction takes: enough to share its cost, little enough not to hold up the process. */
const GROUP_RECORDS = 10_000
const GROUP_BYTES = 8 << 20
/** What one row takes: a reader decodes whole rows. */
const ROW_RECORDS = 256
const ROW_BYTES = 256 << 10
const FIRST_RETRY_MS = 50
const LAST_RETRY_MS = 5_000

/** Appends by group commit: whatever is asked for in one turn of the event loop shares one transaction. */
export class Writer {
  readonly #store: Store
  readonly #slots: Slots
  readonly #clock: () => number
  readonly #report: (message: string) => void
  readonly #written: () => void
  #queue: Append[] = []
  #immediate: NodeJS.Immediate | undefined
  #retry: NodeJS.Timeout | undefined
  #retryMs = FIRST_RETRY_MS
  #trouble: unknown
  #closed = false

  /** `written` is called after each transaction, once its appends are resolved. */
  constructor(store: Store, slots: Slots, clock: () => number, report: (message: string) => void, written: () => void) {
    this.#store = store
    this.#slots = slots
    this.#clock = clock
    this.#report = report
    this.#written = written
  }

  append(records: readonly NewRecord[], signal?: AbortSignal): Promise<Appended[]> {
    if (this.#closed) return Promise.reject(new LogUnavailableError('The event log is closed.'))
    if (signal?.aborted) return Promise.reject(this.#aborted())
    let slots: Slot[]
    try {
      slots = records.map((record) => this.#slotOf(record))
    } catch (error) {
      return Promise.reject(error)
    }
    if (records.length === 0) return Promise.resolve([])
    return new Promise((resolve, reject) => {
      const append: Append = { records, slots, resolve, reject }
      if (signal) this.#abortable(append, signal)
      this.#queue.push(append)
      if (!this.#retry) this.#immediate ??= setImmediate(this.#flush)
    })
  }

  /** Writes what is waiting, then refuses all further appends. */
  close(): void {
    if (this.#closed) return
    clearTimeout(this.#retry)
    this.#retry = undefined
    while (this.#queue.length > 0 && !this.#retry) this.#flush()
    clearTimeout(this.#retry)
    clearImmediate(this.#immediate)
    this.#closed = true
    const failure = new LogUnavailableError('The event log was closed before it could write.', { cause: this.#trouble })
    for (const append of this.#queue) append.reject(failure)
    this.#queue = []
  }

  #slotOf({ topic, key, partition, value }: NewRecord): Slot {
    const slots = this.#slots.of(topic)
    const wrong = (what: string) => new Error(`A record for '${topic}' ${what}.`)
    if (key === null && partition === undefined) throw wrong('has neither key nor partition; give it one')
    const slot = slots[partition ?? partitionOf(key as string, slots.length)]
    if (!slot) throw wrong(`names partition ${partition}; expected 0 to ${slots.length - 1}`)
    if (slot.topic.compacted && key === null) throw wrong('has no key; a compacted topic needs one')
    if (value === undefined) throw wrong('has no value; expected bytes, or null for a tombstone')
    return slot
  }

  #aborted(): LogUnavailableError {
    return new LogUnavailableError(
      this.#trouble ? 'The event log could not write, and the append was given up.' : 'The append was given up.',
      { cause: this.#trouble })
  }

  #abortable(append: Append, signal: AbortSignal): void {
    const abort = () => {
      const at = this.#queue.indexOf(append)
      if (at < 0) return
      this.#queue.splice(at, 1)
      append.reject(this.#aborted())
    }
    const forget = whenAborted(signal, abort)
    const { resolve, reject } = append
    const settled = <T>(settle: (value: T) => void) => (value: T) => {
      forget()
      settle(value)
    }
    append.resolve = settled(resolve)
    append.reject = settled(reject)
  }

  readonly #flush = (): void => {
    this.#immediate = undefined
    this.#retry = undefined
    const group = this.#takeGroup()
    if (group.length === 0) return
    let results: Appended[][]
    try {
      results = this.#write(group)
    } catch (error) {
      return this.#failed(group, error)
    }
    if (this.#trouble) this.#report('The event log writes again.')
    this.#trouble = undefined
    this.#retryMs = FIRST_RETRY_MS
    group.forEach((append, i) => append.resolve(results[i]!))
    this.#written()
    if (this.#queue.length > 0) this.#immediate ??= setImmediate(this.#flush)
  }

  #takeGroup(): Append[] {
    let [calls, records, bytes] = [0, 0, 0]
    while (calls < this.#queue.length && records < GROUP_RECORDS && bytes < GROUP_BYTES) {
      const append = this.#queue[calls++]!
      records += append.records.length
      for (const { value } of append.records) bytes += value?.length ?? 0
    }
    return this.#queue.splice(0, calls)
  }

  #failed(group: Append[], error: unknown): void {
    if (!this.#store.isTransient(error)) {
      const failure = new LogUnavailableError('The event log could not write.', { cause: error })
      for (const append of group) append.reject(failure)
      return
    }
    const { message } = error as Error
    if (!this.#trouble) this.#report(`The event log cannot write (${message}); it waits and tries again.`)
    this.#trouble = error
    this.#queue.unshift(...group)
    this.#retry = setTimeout(this.#flush, this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, LAST_RETRY_MS)
  }

  #write(group: readonly Append[]): Appended[][] {
    const now = this.#clock()
    const pages = new Map<Slot, Page>()
    const results = group.map(({ records, slots }) => records.map((record, i): Appended => {
      const slot = slots[i]!
      let page = pages.get(slot)
      if (!page) pages.set(slot, (page = { records: [], appendedAt: Math.max(now, slot.lastAppendedAt) }))
      page.records.push(record)
      const offset = slot.next + slot.gap + page.records.length - 1
      return { topic: slot.topic.name, partition: slot.partition, offset, appendedAt: page.appendedAt }
    }))
    this.#store.transaction(() => {
      for (const [slot, page] of pages) (slot.topic.compacted ? this.#replaceAll : this.#insertAll)(slot, page)
    })
    // Only now: a transaction that failed must leave no trace.
    for (const [slot, { records, appendedAt }] of pages) {
      slot.next += slot.gap + records.length
      slot.gap = 0
      slot.lastAppendedAt = appendedAt
    }
    return results
  }

  readonly #insertAll = (slot: Slot, { records, appendedAt }: Page): void => {
    let from = 0
    while (from < records.length) {
      let to = from
      let size = 0
      do size += packedSize(records[to++]!)
      while (to < records.length && to - from < ROW_RECORDS && size < ROW_BYTES)
      const blob = pack(records.slice(from, to), size)
      this.#store.insert(slot.number, { offset: slot.next + slot.gap + from, count: to - from, appendedAt, blob })
      from = to
    }
  }

  readonly #replaceAll = (slot: Slot, { records, appendedAt }: Page): void => {
    for (const [i, record] of records.entries()) {
      const offset = slot.next + slot.gap + i
      const row = { offset, count: 1, appendedAt, blob: pack([record], packedSize(record)) }
      this.#store.replace(slot.number, record.key as string, row, record.value === null)
    }
  }
}

/** What one transaction appends to one slot. */
interface Page {
  records: NewRecord[]
  appendedAt: number
}
