/** How long nothing may happen that is waited for, ms. */
export const patienceMs = 60_000

/** Those who wait for what payloads bring about. */
export class Waiting {
  readonly #looks = new Set<() => void>()
  #isWoken = false

  /** Something has come. They look once for all that comes in one turn: payloads come by the dozen, and to look is to go through what was sent. */
  wake(): void {
    if (this.#isWoken || this.#looks.size === 0) return
    this.#isWoken = true
    setImmediate(() => {
      this.#isWoken = false
      for (const look of this.#looks) look()
    })
  }

  /** Resolves as soon as it holds; with false, when it was waited for in vain. */
  async until(holds: () => boolean, limitMs = patienceMs): Promise<boolean> {
    let over = false
    let look = (): void => {}
    const timer = setTimeout(() => {
      over = true
      look()
    }, limitMs)
    const looks = (): void => look()
    this.#looks.add(looks)
    while (!over && !holds()) await new Promise<void>((resolve) => { look = resolve })
    this.#looks.delete(looks)
    clearTimeout(timer)
    return holds()
  }
}

/** Whether it holds of each of them. Asked again, it begins with the one of which it did not: most often it is the same. */
export function ofAll<T>(items: Iterable<T>, holds: (item: T) => boolean): () => boolean {
  let failing: T | undefined
  return () => {
    if (failing !== undefined && !holds(failing)) return false
    failing = undefined
    for (const item of items) {
      if (holds(item)) continue
      failing = item
      return false
    }
    return true
  }
}
