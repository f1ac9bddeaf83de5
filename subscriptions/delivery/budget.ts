/** Those who keep payloads for others who may ask for them again. */
export interface Keeper {
  /** Lets go of some that nobody needs at once. False: there were none. */
  forget(): boolean
}

/** Bounds what all groups keep together, in bytes. */
export class Budget {
  readonly #max: number
  readonly #keepers = new Set<Keeper>()
  #used = 0

  constructor(max: number) {
    this.#max = max
  }

  get used(): number {
    return this.#used
  }

  join(keeper: Keeper): void {
    this.#keepers.add(keeper)
  }

  leave(keeper: Keeper): void {
    this.#keepers.delete(keeper)
  }

  add(bytes: number): void {
    this.#used += bytes
  }

  /** Keepers let go in turn until the bound is kept, or none has anything to let go. */
  enforce(): void {
    let idle = 0
    while (this.#used > this.#max && idle < this.#keepers.size) {
      const [keeper] = this.#keepers as Iterable<Keeper> as [Keeper]
      this.#keepers.delete(keeper)
      this.#keepers.add(keeper)
      idle = keeper.forget() ? 0 : idle + 1
    }
  }
}
