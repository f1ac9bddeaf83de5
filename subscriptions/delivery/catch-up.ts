import type { Cut } from '../../resolvers/live.ts'
import { Feed, type FeedOptions } from './feed.ts'
import type { Pace } from './pace.ts'
import { Refusal, type Source } from './source.ts'

/** What nobody has taken yet may have so many bytes. */
const readAhead = 128 * 1024
const keep = { count: 1_000, bytes: 1024 * 1024 }

/**
 * What comes before the live payloads of those who join: the state, or what they missed. One run of the source for all who ask
 * for the same, read as fast as the fastest of them takes it.
 */
export class CatchUp {
  readonly feed: Feed
  readonly #open: () => Promise<Source>
  readonly #pace: Pace
  #source: Source | undefined
  #reached: Cut | undefined
  #begun = false
  #closed = false

  constructor(open: () => Promise<Source>, pace: Pace, options: Omit<FeedOptions, 'keep'>) {
    this.#open = open
    this.#pace = pace
    this.feed = new Feed({ ...options, keep })
  }

  /** What is included once all of it is taken. Absent where it ends with a last word. */
  get reached(): Cut | undefined {
    return this.#reached
  }

  get begun(): boolean {
    return this.#begun
  }

  /** Whether one more can have all of it. */
  get isWhole(): boolean {
    return !this.#closed && this.feed.entries.first === 0
  }

  /** Resolves when all of it was read, or nobody wants it any more. */
  async run(): Promise<void> {
    this.#begun = true
    try {
      await this.#pace.turn
      if (this.#closed) return
      const source = this.#source = await this.#open()
      for (;;) {
        await this.feed.ready(readAhead, { forMembers: true })
        await this.#pace.turn
        if (this.#closed) break
        const { value } = await source.next()
        if (!value || this.#closed) break
        // A state says by its own cut how far it goes, a last word has none.
        this.#reached = 'reached' in value ? value.reached : value.rendered.cut
        if ('rendered' in value) this.feed.append(value.rendered)
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.feed.append({ payload: error.payload, cut: undefined, key: '' })
    } finally {
      if (this.#closed) void this.#source?.return?.()
      else this.feed.finish()
    }
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.feed.close()
    void this.#source?.return?.()
  }
}
