import { setTimeout as delay } from 'node:timers/promises'

/**
 * Open-loop arrivals: calls `fire` with the number of arrivals that are due, whatever became of the former ones, until the
 * time is over. Work that takes too long meets a growing queue, as users would make it.
 *
 * @param rate arrivals per second
 * @param signal ends them before
 */
export async function arrivals(rate: number, seconds: number, fire: (due: number) => void, tickMs = 5, signal?: AbortSignal): Promise<void> {
  const startedAt = performance.now()
  let fired = 0
  for (;;) {
    const elapsed = (performance.now() - startedAt) / 1000
    const due = Math.floor(Math.min(elapsed, seconds) * rate) - fired
    if (due > 0) {
      fired += due
      fire(due)
    }
    if (elapsed >= seconds || signal?.aborted) return
    await delay(tickMs)
  }
}
