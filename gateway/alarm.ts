export const woken = Symbol('woken')

/**
 * Wakes the one who waits for something else. Racing each wait with one promise that stays pending for as long as nothing
 * happens would leave a reaction on it every time, for days.
 */
export class Alarm {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  reset(): void {
    this.#rung = false
  }

  /** What the promise gives, or that the alarm rang before. One waits at a time. */
  wait<Value>(promise: Promise<Value>): Promise<Value | typeof woken> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(woken)
      promise.then(resolve, reject)
      if (this.#rung) this.#wake()
    })
  }
}
