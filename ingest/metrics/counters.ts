import { counterNames } from '../effects.ts'
import type { CounterName } from '../effects.ts'
import { addToCells, coarsen, kinds } from './cells.ts'
import type { Cells } from './cells.ts'
import { addDecayed, factorAt } from './decay.ts'
import type { DecayLayout } from './decay.ts'
import { firstSecond, secondOf } from './windows.ts'

/** Half-life of the decayed totals. */
const decayHalfLifeMs = 3_600_000

const counters = counterNames.length
const layout: DecayLayout = { from: counters, count: counters, reference: 2 * counters, halfLifeMs: decayHalfLifeMs }

/** Every counter of one entity: all there ever was, decayed, and by time. */
export interface Counters {
  /** Totals by counter, decayed totals by counter, the decay's reference time. */
  totals: number[]
  /** What is counted in a cell is the counter's index. */
  cells: Cells
}

export const newTotals = (): number[] => new Array<number>(2 * counters + 1).fill(0)

const indexes = Object.fromEntries(counterNames.map((name, index) => [name, index])) as Record<CounterName, number>
export const counterIndex = (name: CounterName): number => indexes[name]

/** Counts `amount` (whole) at the event time `at`, when the greatest append time is `appendedAt`. */
export function count(state: Counters, counter: number, at: number, amount: number, appendedAt: number): void {
  const { totals } = state
  totals[counter] = (totals[counter] as number) + amount
  addDecayed(totals, layout, counter, at, amount)
  state.cells = addToCells(state.cells, secondOf(at), counter, amount, appendedAt)
}

export const totalOf = (state: Counters, counter: number): number => state.totals[counter] as number

/** Multiply a decayed total with it to get its value at `now`. */
export const decayAt = (state: Counters, now: number): number =>
  factorAt(state.totals[layout.reference] as number, now, decayHalfLifeMs)

export const decayedOf = (state: Counters, counter: number, factor: number): number =>
  (state.totals[counters + counter] as number) * factor

/** Sums of all counters at `now`, window after window, into `into`: `into[window × kinds + counter]`. */
export function sumWindows({ cells }: Counters, now: number, into: number[]): void {
  into.fill(0)
  const firstInHour = firstSecond(2, now) * kinds
  // Offsets from the oldest key that counts are small integers, which are quick to compare and to mask.
  const minutes = firstSecond(1, now) * kinds - firstInHour
  const seconds = firstSecond(0, now) * kinds - firstInHour
  for (let at = cells.length - 2; at >= 0; at -= 2) {
    const offset = (cells[at] as number) - firstInHour
    if (offset < 0) break
    const counter = offset & (kinds - 1)
    const amount = cells[at + 1] as number
    into[2 * kinds + counter] = (into[2 * kinds + counter] as number) + amount
    if (offset < minutes) continue
    into[kinds + counter] = (into[kinds + counter] as number) + amount
    if (offset >= seconds) into[counter] = (into[counter] as number) + amount
  }
}

/** Sum of one counter in a window at `now`. */
export function sumOf({ cells }: Counters, counter: number, window: number, now: number): number {
  const first = firstSecond(window, now) * kinds
  let sum = 0
  for (let at = cells.length - 2; at >= 0; at -= 2) {
    const offset = (cells[at] as number) - first
    if (offset < 0) break
    if ((offset & (kinds - 1)) === counter) sum += cells[at + 1] as number
  }
  return sum
}

/** Drops what no reader can count any more. Changes no readable value. */
export const pruneCounters = (state: Counters, appendedAt: number): void => coarsen(state.cells, appendedAt)
