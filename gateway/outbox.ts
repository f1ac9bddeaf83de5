/** So many are not held back any longer: what comes first must not wait for all that came with it. */
const maxHeld = 32

/**
 * Holds back what is to be written until the event loop has handed out what has arrived, and writes it together. Whoever
 * reads is then woken once and not for each answer, and waking costs more than all else that writing does (Redis writes
 * before it sleeps for the same reason). With nothing else under way, writing comes at once.
 */
export class Outbox {
  #held: (() => void)[] = []
  #scheduled = false

  add(write: () => void): void {
    if (this.#held.push(write) >= maxHeld) return this.#flush()
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#flush()
    })
  }

  #flush(): void {
    const held = this.#held
    this.#held = []
    for (const write of held) write()
  }
}
