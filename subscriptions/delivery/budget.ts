/** Those who keep payloads for others who may ask for them again. */
export interface Keeper {
  /** Lets go of some that nobody needs at once. False: there were none. */
  forget(): boolean
}

/** Bounds what all groups keep together, in bytes. */
export class Budget {
  readonly #max: number
  /** Those who have something to let go of. Nobody else is asked: with thousands of groups that would be all there is time for. */
  readonly #willing = new Set<Keeper>()
  #used = 0

  constructor(max: number) {
    this.#max = max
  }

  get used(): number {
    return this.#used
  }

  /** It has something that it could let go of. */
  offer(keeper: Keeper): void {
    this.#willing.add(keeper)
  }

  leave(keeper: Keeper): void {
    this.#willing.delete(keeper)
  }

  add(bytes: number): void {
    this.#used += bytes
  }

  /** Keepers let go in turn until the bound is kept, or none has anything to let go. */
  enforce(): void {
    while (this.#used > this.#max && this.#willing.size > 0) {
      const [keeper] = this.#willing as Iterable<Keeper> as [Keeper]
      this.#willing.delete(keeper)
      if (keeper.forget()) this.#willing.add(keeper)
    }
  }
}
