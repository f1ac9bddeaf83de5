/** How long clients of a server that closes are asked to wait before they come again, ms: another replica is there already. */
export const retryAfterMs = 1_000

/** The last word of an operation that ends with the server. @param cursor where it stands, if it is a subscription */
export const closingError = (cursor: string | undefined): { message: string; extensions: object } =>
  ({ message: 'The server is closing; subscribe again behind the cursor.', extensions: { code: 'SERVER_CLOSING', cursor, retryAfterMs } })

/** What is told when the server closes: once, and at once where it is closing already. */
export class Closing {
  readonly #listeners = new Set<() => void>()
  #begun = false

  get begun(): boolean {
    return this.#begun
  }

  /** Returns what to call when nobody listens any more. */
  on(listener: () => void): () => void {
    if (this.#begun) listener()
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  begin(): void {
    this.#begun = true
    for (const listener of this.#listeners) listener()
    this.#listeners.clear()
  }
}
