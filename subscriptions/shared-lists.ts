/** What is followed by somebody, once for all who follow the same; ended with the last of them. */
export class SharedLists<T extends { close(error?: Error): void }> {
  readonly #lists = new Map<string, { list: T; followers: number }>()

  get size(): number {
    return this.#lists.size
  }

  /** `release` is to be called once by whoever got it. */
  follow(key: string, make: () => T): { list: T; release: () => void } {
    let shared = this.#lists.get(key)
    if (!shared) this.#lists.set(key, (shared = { list: make(), followers: 0 }))
    const held = shared
    held.followers++
    return {
      list: held.list,
      release: () => {
        if (--held.followers > 0) return
        if (this.#lists.get(key) === held) this.#lists.delete(key)
        held.list.close()
      },
    }
  }

  /** It has ended: whoever comes next gets another one. */
  forget(key: string, list: T): void {
    if (this.#lists.get(key)?.list === list) this.#lists.delete(key)
  }
}
