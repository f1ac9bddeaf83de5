/**
 * What equal subscriptions are shown, in the order in which it is read: fields are read when an event is rendered. Whoever joins is
 * shown a state, and behind it what the others are; that must not have been rendered, with older fields, before the state was.
 */
export class RenderOrder {
  readonly #joining = new Set<Promise<void>>()

  /** Somebody joins: `taken` says that a state was taken, `rendered` that it was rendered, or is wanted no more. */
  join(): { taken: () => void; rendered: () => void } {
    let end: (() => void) | undefined
    const rendered = (): void => {
      end?.()
      end = undefined
    }
    const taken = (): void => {
      rendered()
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#joining.add(promise)
      end = () => {
        this.#joining.delete(promise)
        resolve()
      }
    }
    return { taken, rendered }
  }

  /**
   * Resolves once the states that were taken until now are rendered; undefined where all are. Those taken later have what is waiting
   * for its turn in them, so nobody who joins can keep it waiting for ever.
   */
  readonly turn = (): Promise<void> | undefined =>
    this.#joining.size === 0 ? undefined : Promise.all(this.#joining).then(() => {})
}
