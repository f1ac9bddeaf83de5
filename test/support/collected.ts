/** A list that somebody fills, and whose state can be waited for without asking again and again. */
export class Collected<T> {
  readonly items: T[] = []
  #waiting: (() => void)[] = []

  push(...items: readonly T[]): void {
    this.items.push(...items)
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Resolves as soon as `holds`, at once where it does; the test's own time limit ends a wait that is in vain. */
  async until(holds: (items: readonly T[]) => boolean): Promise<void> {
    while (!holds(this.items)) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }
}
