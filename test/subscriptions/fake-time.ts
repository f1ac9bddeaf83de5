import type { Timers } from '../../subscriptions/evaluation-budget.ts'

/** Time that passes when the test says so. */
export class FakeTime implements Timers {
  #now: number
  readonly #calls = new Map<object, { at: number; call: () => void }>()

  constructor(now = 0) {
    this.#now = now
  }

  readonly clock = (): number => this.#now

  readonly after = (ms: number, call: () => void): (() => void) => {
    const key = {}
    this.#calls.set(key, { at: this.#now + ms, call })
    return () => void this.#calls.delete(key)
  }

  /** Calls what is due on the way, and lets what it begins come to rest. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      await rest()
      const [next] = [...this.#calls].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at)
      if (!next) break
      this.#calls.delete(next[0])
      this.#now = Math.max(this.#now, next[1].at)
      next[1].call()
    }
    this.#now = end
    await rest()
  }
}

/** Whatever waits for nothing but its turn has had it. */
export async function rest(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
}
