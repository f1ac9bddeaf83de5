/** One who wants to know of a signal, and its place among them. */
interface Watcher {
  tell: (() => void) | undefined
  at: number
}

const watchers = new WeakMap<AbortSignal, Watcher[]>()

/**
 * Calls `tell` once when the signal is aborted; not when it is already. The returned function takes it back.
 *
 * For calls that end sooner than their signal, by the thousand. Node's listeners form a list whose removed members go on pointing
 * at those that came after: once one of them has lived long enough for V8's old generation, each that follows is taken for
 * alive with all that it knows, down to the records of an append, and goes only when the whole heap is marked.
 */
export function whenAborted(signal: AbortSignal, tell: () => void): () => void {
  if (signal.aborted) return () => {}
  const all = watchers.get(signal) ?? watch(signal)
  const watcher: Watcher = { tell, at: all.length }
  all.push(watcher)
  return () => {
    if (watcher.tell === undefined) return
    watcher.tell = undefined
    const last = all.pop()!
    if (last === watcher) return
    all[watcher.at] = last
    last.at = watcher.at
  }
}

function watch(signal: AbortSignal): Watcher[] {
  const all: Watcher[] = []
  watchers.set(signal, all)
  signal.addEventListener('abort', () => {
    // What they do may take back others.
    for (const watcher of [...all]) {
      const { tell } = watcher
      watcher.tell = undefined
      tell?.()
    }
    all.length = 0
  }, { once: true })
  return all
}

/**
 * Runs one call that is aborted with the signal, or after `ms` with a `TimeoutError`. Nothing is left of it when it is over,
 * where `AbortSignal.timeout` lives on until its time; and until then it keeps the process alive, which that does not.
 *
 * @throws the signal's reason when it is aborted before
 */
export async function withTimeLimit<T>(signal: AbortSignal | undefined, ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal?.throwIfAborted()
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException(`The call took longer than ${ms} ms`, 'TimeoutError')), ms)
  const forget = signal && whenAborted(signal, () => controller.abort(signal.reason))
  try {
    return await call(controller.signal)
  } finally {
    clearTimeout(timer)
    forget?.()
  }
}

/** Whether a call ended because its time was up (`withTimeLimit`, `AbortSignal.timeout`). */
export const isTimeout = (reason: unknown): boolean => reason instanceof DOMException && reason.name === 'TimeoutError'
