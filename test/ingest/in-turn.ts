/** Calls about one entity, in the order in which they are made, as every index takes them. */
export class InTurn {
  readonly #tails = new Map<string, Promise<unknown>>()

  run(ids: readonly string[], call: () => Promise<void>): Promise<void> {
    const running = Promise.all(ids.map((id) => this.#tails.get(id))).then(call)
    for (const id of ids) this.#tails.set(id, running.catch(() => {}))
    return running
  }
}
