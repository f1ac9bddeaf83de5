import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger, Numbered } from './ledger.ts'

/** Appends events in their order. Rejects where nobody knows whether they are there. */
export type Send = (events: readonly Numbered[]) => Promise<void>

export interface ProducerOptions {
  send: Send
  ledger: Ledger
  /** Events in one append, and time between two, ms. */
  batch: number
  paceMs: number
  /** The ledger has more. */
  wrote: () => void
}

/** Sends numbered events and writes into the ledger what became of them. */
export class Producer {
  readonly #options: ProducerOptions
  #flowing: Promise<void> | undefined
  #stop = false
  /** Why the last events could not be sent for certain. */
  refused: unknown

  constructor(options: ProducerOptions) {
    this.#options = options
  }

  /** What all livestreams begin with is there. */
  async open(): Promise<void> {
    const opening = this.#options.ledger.opening()
    while (!await this.#sent(opening)) await this.#pause()
  }

  /** Events, at the pace, until it is stopped. */
  flow(): void {
    this.#flowing = (async () => {
      while (!this.#stop) {
        await this.#put(this.#options.ledger.make(this.#options.batch))
        await this.#pause()
      }
    })()
    // Whoever waits for the end hears of it.
    this.#flowing.catch(() => {})
  }

  /** Nothing more is begun. */
  stop(): void {
    this.#stop = true
  }

  /** Resolves when what was under way is over. */
  async stopped(): Promise<void> {
    this.stop()
    await this.#flowing
  }

  /** A round that the log has for certain. */
  async round(): Promise<Numbered[]> {
    for (;;) {
      const round = this.#options.ledger.round()
      if (await this.#put(round)) return round
      await this.#pause()
    }
  }

  /** The pace of the producer, not a wait for anything. */
  #pause(): Promise<void> {
    return delay(this.#options.paceMs)
  }

  async #put(events: readonly Numbered[]): Promise<boolean> {
    const isThere = await this.#sent(events)
    if (isThere) this.#options.ledger.acknowledged(events)
    else this.#options.ledger.doubted(events)
    this.#options.wrote()
    return isThere
  }

  /** False: nobody knows whether they are there. */
  async #sent(events: readonly Numbered[]): Promise<boolean> {
    try {
      await this.#options.send(events)
      return true
    } catch (error) {
      this.refused = error
      return false
    }
  }
}
