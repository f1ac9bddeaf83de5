import { compareTexts } from './texts.ts'

/**
 * What decides between two writes of one thing: the time at which the event happened, then its `source`, then its `id`.
 * Total, because (`source`, `id`) names one event. Share one object among all that an event writes.
 */
export interface Stamp {
  /** Event time, milliseconds since the epoch. */
  readonly time: number
  readonly source: string
  readonly id: string
}

/** Negative when `a` is older than `b`, 0 for the same event. Texts compare by UTF-16 code units. */
export const compareStamps = (a: Stamp, b: Stamp): number =>
  a.time - b.time || compareTexts(a.source, b.source) || compareTexts(a.id, b.id)

/** The tie of a `follow` increment: orders as (`source`, `id`) do. A space is below every character of both. */
export const tieOf = (event: { source: string; id: string }): string => `${event.source} ${event.id}`
