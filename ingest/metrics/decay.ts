/**
 * Exponential decay: an amount that happened at t counts 2^(−age / half-life). Several totals share one reference time,
 * the latest event's, to which all of them are decayed; older amounts are decayed to it as they come, so the order of
 * arrival decides nothing but the last bits (1e-9 relative is tested). Flat: `values[from … from + count − 1]` are the
 * totals, `values[reference]` is the reference time.
 */
export interface DecayLayout {
  from: number
  count: number
  reference: number
  halfLifeMs: number
}

export function addDecayed(values: number[], layout: DecayLayout, slot: number, at: number, amount: number): void {
  const { from, count, reference, halfLifeMs } = layout
  const elapsed = at - (values[reference] as number)
  const target = from + slot
  if (elapsed > 0) {
    const factor = decayFactor(elapsed, halfLifeMs)
    for (let i = from; i < from + count; i++) values[i] = (values[i] as number) * factor
    values[reference] = at
    values[target] = (values[target] as number) + amount
  } else {
    values[target] = (values[target] as number) + (elapsed === 0 ? amount : amount * decayFactor(-elapsed, halfLifeMs))
  }
}

/** What the totals at a reference time are multiplied with at `now`. A `now` before it reads as the reference itself. */
export const factorAt = (reference: number, now: number, halfLifeMs: number): number =>
  now > reference ? decayFactor(now - reference, halfLifeMs) : 1

const decayFactor = (elapsedMs: number, halfLifeMs: number): number => Math.exp(-Math.LN2 * (elapsedMs / halfLifeMs))
