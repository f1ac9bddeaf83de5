import type { ChangeBatch } from '../ingest/change-reader.ts'

type Listener = (batch: ChangeBatch) => void

/**
 * Hands the batches of `changes` to whoever listens. One reader per process feeds it, after the metric view has applied
 * the batch: so a listener that asks the view or the index sees what it was told about.
 */
export class ChangeHub {
  readonly #listeners = new Set<Listener>()
  readonly #ends = new Set<(error: Error) => void>()
  #closed: Error | undefined

  publish(batch: ChangeBatch): void {
    for (const listener of this.#listeners) listener(batch)
  }

  /** Listens until the returned function is called. Listeners return at once and never throw. */
  listen(listener: Listener, onEnd: (error: Error) => void): () => void {
    if (this.#closed) {
      const reason = this.#closed
      queueMicrotask(() => onEnd(reason))
      return () => {}
    }
    this.#listeners.add(listener)
    this.#ends.add(onEnd)
    return () => {
      this.#listeners.delete(listener)
      this.#ends.delete(onEnd)
    }
  }

  get listeners(): number {
    return this.#listeners.size
  }

  /** Whether nothing is published any more. */
  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Ends all subscriptions, later ones too, with a reason that clients are told. */
  close(reason: Error): void {
    this.#closed ??= reason
    for (const end of [...this.#ends]) end(reason)
  }
}
