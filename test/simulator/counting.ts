import assert from 'node:assert/strict'
import type { Marketplace } from '../../simulator/marketplace.ts'

/** When the markets of these tests open. */
export const START = Date.UTC(2026, 2, 1, 18)

/** Events in each simulated second after the opening. */
export function perSecond(market: Marketplace, seconds: number, from = START): number[] {
  market.takeUntil(from)
  return Array.from({ length: seconds }, (_, second) => market.takeUntil(from + (second + 1) * 1000).length)
}

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** `share` of `expected` is how far off it may be. */
export const near = (actual: number, expected: number, share: number, what: string): void =>
  assert.ok(Math.abs(actual - expected) <= share * expected, `${what}: expected ${expected} ± ${share * 100} %, got ${actual}`)
