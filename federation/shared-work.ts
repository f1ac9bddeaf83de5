/**
 * Work that several members wait for. It belongs to none of them: it is aborted when the last one leaves, and not
 * before.
 */
export class SharedWork<Member> {
  readonly members = new Set<Member>()
  /** How many {@link Writes} its answer is sure to include: all of them as long as it has not begun. */
  begun = Infinity
  readonly #controller = new AbortController()

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Whether a newcomer may wait for it who has to see so many writes. */
  admits(since: number): boolean {
    return this.begun >= since && this.members.size < maximumMembers
  }

  leave(member: Member): void {
    if (!this.members.delete(member) || this.members.size > 0) return
    // In this order: nobody may join what is about to be aborted.
    this.over()
    this.#controller.abort()
  }

  /** Takes it from where newcomers look for it; called when it ends or is given up. */
  protected over(): void {}
}

/** Beyond so many members another call is made: handing out one answer must not take for ever. */
const maximumMembers = 10_000

/** Shared work with one result for all. */
export class SharedResult<Result> extends SharedWork<PromiseWithResolvers<Result>> {
  readonly #over: () => void

  /**
   * @param over Called once, when it ends or is given up.
   * @param shared Called with a result that several get, before any of them does.
   */
  constructor(begun: number, work: (signal: AbortSignal) => Promise<Result>, over: () => void, shared?: (result: Result) => void) {
    super()
    this.begun = begun
    this.#over = over
    work(this.signal).then(
      (result) => {
        if (this.members.size > 1) shared?.(result)
        this.#settle((member) => member.resolve(result))
      },
      (cause) => this.#settle((member) => member.reject(cause)),
    )
  }

  /** Rejects with what `departure` makes as soon as the signal, not aborted yet, is; the work goes on for the others. */
  async wait(signal: AbortSignal | undefined, departure: () => unknown): Promise<Result> {
    const member = Promise.withResolvers<Result>()
    this.members.add(member)
    const stop = onAbort(signal, () => {
      this.leave(member)
      member.reject(departure())
    })
    try {
      return await member.promise
    } finally {
      stop()
    }
  }

  protected override over(): void {
    this.#over()
  }

  #settle(tell: (member: PromiseWithResolvers<Result>) => void): void {
    if (this.signal.aborted) return
    this.over()
    for (const member of this.members) tell(member)
  }
}

/** Runs `leave` when the signal aborts; returns how to stop listening. */
export const onAbort = (signal: AbortSignal | undefined, leave: () => void): (() => void) => {
  if (!signal) return () => {}
  signal.addEventListener('abort', leave, { once: true })
  return () => signal.removeEventListener('abort', leave)
}
