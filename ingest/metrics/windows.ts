/**
 * Windows over event time. A window is 30 buckets wide; an event falls into the bucket of its time. A bucket counts at
 * `now` while its start is later than `now − window`, so an event counts for between 29/30 of the window and all of it,
 * and with no new events a value only falls as `now` rises. Events ahead of `now` count at once.
 */

/** As in `windowNames` (search/metrics.ts): 30s, 5m, 1h. All in milliseconds. */
export const windowMs = [30_000, 300_000, 3_600_000] as const
export const bucketMs = [1_000, 10_000, 120_000] as const

/**
 * How far behind the greatest append time a reader's `now` may be. Values are exact for every `now` from there on; what
 * no such reader can see is dropped. (Reading needs clocks that agree within this, not lateness: a late event whose
 * bucket nobody can read any more changes nothing.)
 */
export const readSlackMs = 60_000

export const bucketOf = (window: number, at: number): number => Math.floor(at / (bucketMs[window] as number))

/** The first bucket that counts at `now`. */
export const firstBucket = (window: number, now: number): number =>
  Math.floor((now - (windowMs[window] as number)) / (bucketMs[window] as number)) + 1

/** The first bucket that some reader may still count when the greatest append time is `appendedAt`. */
export const firstKept = (window: number, appendedAt: number): number => firstBucket(window, appendedAt - readSlackMs)
