/** The end of the program as a signal: the first Ctrl-C (or SIGTERM) asks for a clean end, the second ends at once. */
export function untilInterrupted(tell: (message: string) => void): AbortSignal {
  const end = new AbortController()
  const onSignal = () => {
    if (end.signal.aborted) {
      tell('Ended at once; the next start recovers what was under way.')
      process.exit(130)
    }
    tell('Ending: finishing what is under way and writing a checkpoint (Ctrl-C again ends at once).')
    end.abort(new Error('the program was asked to end'))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return end.signal
}

/**
 * Calls the action for each SIGHUP, by which services are told that their files have changed. Not where a terminal is attached:
 * there it says that the terminal is gone.
 * @returns what ends that
 */
export function onHangup(action: () => void): () => void {
  if (process.stdin.isTTY) return () => {}
  process.on('SIGHUP', action)
  return () => void process.off('SIGHUP', action)
}

/** Things to close in the reverse order of their opening; one that fails does not keep the others open. */
export class Closers {
  readonly #closers: { what: string; close: () => Promise<void> | void }[] = []

  add(what: string, close: () => Promise<void> | void): void {
    this.#closers.push({ what, close })
  }

  async close(onError: (what: string, error: unknown) => void): Promise<void> {
    for (const { what, close } of this.#closers.splice(0).reverse()) {
      try {
        await close()
      } catch (error) {
        onError(what, error)
      }
    }
  }
}
