import { counterNames } from '../effects.ts'
import type { CounterName } from '../effects.ts'
import { addToCell, dropBelow } from './cells.ts'
import type { Cells } from './cells.ts'
import { addDecayed, factorAt } from './decay.ts'
import type { DecayLayout } from './decay.ts'
import { bucketOf, firstBucket, firstKept, windowMs } from './windows.ts'

/** Half-life of the decayed totals. */
export const decayHalfLifeMs = 3_600_000

const counters = counterNames.length
const layout: DecayLayout = { from: counters, count: counters, reference: 2 * counters, halfLifeMs: decayHalfLifeMs }

/** Every counter of one entity: all there ever was, decayed, and by window. */
export interface Counters {
  /** Totals by counter, decayed totals by counter, the decay's reference time. */
  totals: number[]
  /** By window. A cell's key is bucket × counters + counter. */
  windows: [Cells, Cells, Cells]
}

export const newCounters = (): Counters => ({
  totals: new Array<number>(2 * counters + 1).fill(0),
  windows: [[], [], []],
})

const indexes = Object.fromEntries(counterNames.map((name, index) => [name, index])) as Record<CounterName, number>
export const counterIndex = (name: CounterName): number => indexes[name]

/** Counts `amount` (whole) at the event time `at`, when the greatest append time is `appendedAt`. */
export function count(state: Counters, counter: number, at: number, amount: number, appendedAt: number): void {
  const { totals, windows } = state
  totals[counter] = (totals[counter] as number) + amount
  addDecayed(totals, layout, counter, at, amount)
  for (let window = 0; window < windowMs.length; window++) {
    const bucket = bucketOf(window, at)
    const first = firstKept(window, appendedAt)
    if (bucket >= first) addToCell(windows[window] as Cells, bucket * counters + counter, amount, first * counters)
  }
}

export const totalOf = (state: Counters, counter: number): number => state.totals[counter] as number

/** Multiply a decayed total with it to get its value at `now`. */
export const decayAt = (state: Counters, now: number): number =>
  factorAt(state.totals[layout.reference] as number, now, decayHalfLifeMs)

export const decayedOf = (state: Counters, counter: number, factor: number): number =>
  (state.totals[counters + counter] as number) * factor

/** Sums of all counters in a window at `now`, into `into`. */
export function sumWindow(state: Counters, window: number, now: number, into: number[]): void {
  for (let counter = 0; counter < counters; counter++) into[counter] = 0
  const cells = state.windows[window] as Cells
  const first = firstBucket(window, now) * counters
  for (let at = cells.length - 2; at >= 0; at -= 2) {
    const offset = (cells[at] as number) - first
    if (offset < 0) break
    const counter = offset % counters
    into[counter] = (into[counter] as number) + (cells[at + 1] as number)
  }
}

/** Sum of one counter in a window at `now`. */
export function sumOf(state: Counters, counter: number, window: number, now: number): number {
  const cells = state.windows[window] as Cells
  const first = firstBucket(window, now) * counters
  let sum = 0
  for (let at = cells.length - 2; at >= 0; at -= 2) {
    const offset = (cells[at] as number) - first
    if (offset < 0) break
    if (offset % counters === counter) sum += cells[at + 1] as number
  }
  return sum
}

/** Drops what no reader can count any more. Changes no readable value. */
export function pruneCounters(state: Counters, appendedAt: number): void {
  for (let window = 0; window < windowMs.length; window++) {
    const cells = state.windows[window] as Cells
    if (cells.length > 0) dropBelow(cells, firstKept(window, appendedAt) * counters)
    if (cells.length === 0) state.windows[window] = []
  }
}

/** How many buckets hold something. */
export const cellsOf = ({ windows: [short, middle, long] }: Counters): number => (short.length + middle.length + long.length) / 2
