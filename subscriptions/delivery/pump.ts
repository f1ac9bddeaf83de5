import type { GraphQLError } from 'graphql'
import type { PolledStream } from '../../federation/index.ts'
import type { Dispatcher, Pass } from './dispatcher.ts'
import type { Feed } from './feed.ts'
import type { Item } from './source.ts'

/** Payloads that are made before others get a turn. */
const itemsPerStep = 8

export interface PumpOptions {
  source: PolledStream<Item>
  feed: Feed
  dispatcher: Dispatcher
  /** What waits to be handed out may have so many bytes before no more is read. */
  maxUnpassed: number
  /** Whether nobody wants any more of it. */
  isOver: () => boolean
  /** The source has ended, or why it can give no more. */
  onEnd: (failure?: GraphQLError) => void
  /** What must not happen, has. */
  onFailed: (error: unknown) => void
}

/**
 * Brings what a source gives to a feed, in turns of the dispatcher: what comes for thousands of groups at once is rendered and written
 * in steps that others get between, and without a promise for each payload.
 */
export class Pump implements Pass {
  readonly #options: PumpOptions
  #queued = false

  constructor(options: PumpOptions) {
    this.#options = options
    this.#wake()
  }

  step(): boolean {
    const { source, feed, maxUnpassed, isOver, onEnd } = this.#options
    for (let left = itemsPerStep; left > 0; left--) {
      if (isOver()) return this.#rest()
      if (feed.isBehind(maxUnpassed)) {
        void feed.ready(maxUnpassed).then(this.#wake)
        return this.#rest()
      }
      const next = source.poll(this.#wake)
      if (!next) return this.#rest()
      if (next.done) {
        onEnd()
        return this.#rest()
      }
      if ('failed' in next.value) {
        onEnd(next.value.failed)
        return this.#rest()
      }
      if ('rendered' in next.value) feed.append(next.value.rendered)
    }
    return true
  }

  failed(error: unknown): void {
    this.#options.onFailed(error)
  }

  #rest(): false {
    this.#queued = false
    return false
  }

  readonly #wake = (): void => {
    if (this.#queued) return
    this.#queued = true
    this.#options.dispatcher.add(this)
  }
}
