import { checkRange } from './errors.ts'

/** Shortest and longest time between two evaluations of a live query, ms. */
const throttle = { min: 100, max: 60_000 }

export const checkThrottle = (throttleMs: number): number => checkRange('throttleMs', throttleMs, throttle)
