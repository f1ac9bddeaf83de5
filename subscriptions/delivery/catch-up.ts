import type { GraphQLError } from 'graphql'
import type { Cut } from '../../resolvers/live.ts'
import { Feed, type FeedOptions } from './feed.ts'
import type { Pace } from './pace.ts'
import type { Places } from './places.ts'
import { Refusal, type Source } from './source.ts'

/** What nobody has taken yet may have so many bytes. */
const readAhead = 128 * 1024
const ahead = { forMembers: true }
const keep = { count: 1_000, bytes: 1024 * 1024 }

/** Which all groups share, so that a thousand who come back are no burden to those who have stayed. */
export interface Entrance {
  pace: Pace
  places: Places
}

/**
 * What comes before the live payloads of those who join: the state, or what they missed. One run of the source for all who ask
 * for the same, read as fast as the fastest of them takes it.
 */
export class CatchUp {
  readonly feed: Feed
  readonly #open: () => Promise<Source>
  readonly #entrance: Entrance
  #source: Source | undefined
  #reached: Cut | undefined
  #failure: GraphQLError | undefined
  #begun = false
  #closed = false

  constructor(open: () => Promise<Source>, entrance: Entrance, options: Omit<FeedOptions, 'keep'>) {
    this.#open = open
    this.#entrance = entrance
    this.feed = new Feed({ ...options, keep })
  }

  /** What is included once all of it is taken. Absent where it ends with a last word. */
  get reached(): Cut | undefined {
    return this.#reached
  }

  /** Why the source could give no more. */
  get failure(): GraphQLError | undefined {
    return this.#failure
  }

  get begun(): boolean {
    return this.#begun
  }

  /** Whether one more can have all of it. */
  get isWhole(): boolean {
    return !this.#closed && this.feed.entries.first === 0
  }

  /**
   * Resolves when all of it was read, or nobody wants it any more.
   * @param onWaiting called when it is read no further for now, because those who take it read slowly
   */
  async run(onWaiting?: () => void): Promise<void> {
    const { pace, places } = this.#entrance
    let leave = await places.take()
    try {
      await pace.turn
      if (this.#closed) return
      this.#begun = true
      const source = this.#source = await this.#open()
      for (;;) {
        if (!this.feed.isReady(readAhead, ahead)) {
          // Whoever reads slowly takes no place from others.
          leave()
          onWaiting?.()
          await this.feed.ready(readAhead, ahead)
          leave = await places.take()
        }
        await pace.turn
        if (this.#closed) break
        const { value } = await source.next()
        if (!value || this.#closed) break
        if ('failed' in value) {
          this.#failure = value.failed
          this.#reached = undefined
          break
        }
        // A state says by its own cut how far it goes, a last word has none.
        this.#reached = 'reached' in value ? value.reached : value.rendered.cut
        if ('rendered' in value) this.feed.append(value.rendered)
      }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      this.feed.append({ payload: error.payload, cut: undefined, key: '' })
    } finally {
      leave()
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
