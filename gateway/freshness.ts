import type { ChangeBatch } from '../ingest/change-reader.ts'

/** What every answer says of its age, ms since the epoch; nulls before the first event was applied. */
export interface Freshness {
  /** When the newest event that it can include happened. */
  eventTime: number | null
  /** When that event became queryable. */
  appliedAt: number | null
}

/** Knows how new the state of this gateway is, and says so in the words that go into answers. */
export class FreshnessMark {
  readonly #clock: () => number
  #state: Freshness = { eventTime: null, appliedAt: null }
  #text = ''
  #renderedAt = -1

  constructor(clock: () => number) {
    this.#clock = clock
  }

  /** To be told of each batch once queries answer with it. */
  apply({ entities, metrics }: Pick<ChangeBatch, 'entities' | 'metrics'>): void {
    let { eventTime, appliedAt } = this.#state
    for (const each of [...entities, ...metrics]) {
      // A clock that is ahead does not make the answer newer than it is.
      eventTime = Math.max(eventTime ?? 0, Math.min(each.eventTime, each.appliedAt))
      appliedAt = Math.max(appliedAt ?? 0, each.appliedAt)
    }
    if (eventTime === this.#state.eventTime && appliedAt === this.#state.appliedAt) return
    this.#state = { eventTime, appliedAt }
    this.#renderedAt = -1
  }

  get state(): Freshness {
    return this.#state
  }

  /** `extensions.freshness` of what is delivered now. */
  get now(): object {
    return describe(this.#state, this.#clock())
  }

  /** JSON of `extensions.freshness` for what is delivered now; made once in a millisecond. */
  render(): string {
    const now = this.#clock()
    if (now !== this.#renderedAt) {
      this.#text = renderFreshness(this.#state, now)
      this.#renderedAt = now
    }
    return this.#text
  }
}

/** JSON of `extensions.freshness`. @param deliveredAt ms since the epoch */
export const renderFreshness = (freshness: Freshness, deliveredAt: number): string => JSON.stringify(describe(freshness, deliveredAt))

function describe({ eventTime, appliedAt }: Freshness, deliveredAt: number): object {
  return { eventTime: eventTime === null ? null : timeOf(eventTime), appliedAt: appliedAt === null ? null : timeOf(appliedAt), deliveredAt: timeOf(deliveredAt) }
}

/** Latest texts of times: thousands of groups deliver the same events within some milliseconds. */
const texts = new Map<number, string>()
const mostTexts = 500

function timeOf(ms: number): string {
  let text = texts.get(ms)
  if (text !== undefined) return text
  if (texts.size >= mostTexts) texts.clear()
  texts.set(ms, text = new Date(ms).toISOString())
  return text
}
