/**
 * Windows over event time. A window is 30 buckets wide; an event falls into the bucket of its time. A bucket counts at
 * `now` while its start is later than `now − window`, so an event counts for between 29/30 of the window and all of it,
 * and with no new events a value only falls as `now` rises. Events ahead of `now` count at once.
 *
 * Buckets of one window nest in those of the next. So an event is kept once, in the finest bucket that somebody may still
 * ask for, and moves to coarser ones as it grows older.
 */

/** As in `windowNames` (search/metrics.ts): 30s, 5m, 1h. In milliseconds, buckets in seconds. */
export const windowMs = [30_000, 300_000, 3_600_000] as const
export const bucketSeconds = [1, 10, 120] as const

/**
 * How far behind the greatest append time a reader's `now` may be. Values are exact for every `now` from there on; what
 * no such reader can see is dropped. (Reading needs clocks that agree within this, not lateness: a late event whose
 * bucket nobody can read any more changes nothing.)
 */
export const readSlackMs = 60_000

/** The first second (of the epoch) whose buckets count in a window at `now`. */
export function firstSecond(window: number, now: number): number {
  const width = bucketSeconds[window] as number
  return (Math.floor((now - (windowMs[window] as number)) / (1_000 * width)) + 1) * width
}

/**
 * Where the finest bucket that holds `second` and may still be read begins (a second), when the greatest append time is
 * `appendedAt`; −1 where no window can show it any more.
 */
export function bucketStart(second: number, appendedAt: number): number {
  const oldestNow = appendedAt - readSlackMs
  for (let window = 0; window < windowMs.length; window++)
    if (second >= firstSecond(window, oldestNow)) return second - (second % (bucketSeconds[window] as number))
  return -1
}

export const secondOf = (at: number): number => Math.floor(at / 1_000)
