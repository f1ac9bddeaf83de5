import type { Random } from './random.ts'

/** A direction in the hidden space of tastes, of length 1. */
export type Latent = readonly number[]

export const LATENT_DIMENSIONS = 32

export function randomLatent(random: Random): Latent {
  return normalise(Array.from({ length: LATENT_DIMENSIONS }, () => random.normal()))
}

/** The direction of a weighted sum. */
export function blend(parts: readonly { weight: number; latent: Latent }[]): Latent {
  const sum = new Array<number>(LATENT_DIMENSIONS).fill(0)
  for (const { weight, latent } of parts) {
    for (let index = 0; index < LATENT_DIMENSIONS; index++) sum[index] = (sum[index] as number) + weight * (latent[index] as number)
  }
  return normalise(sum)
}

/** Cosine, as both are of length 1. */
export function alignment(left: Latent, right: Latent): number {
  let sum = 0
  for (let index = 0; index < LATENT_DIMENSIONS; index++) sum += (left[index] as number) * (right[index] as number)
  return sum
}

/**
 * What an embedding model would see of a latent: the direction with noise of the given length, at four decimals (an
 * embedding is a third of the market's bytes).
 */
export function observe(latent: Latent, noise: number, random: Random): number[] {
  const seen = blend([{ weight: 1, latent }, { weight: noise, latent: randomLatent(random) }])
  return seen.map((value) => Math.round(value * 10_000) / 10_000)
}

function normalise(vector: number[]): Latent {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
  return vector.map((value) => value / length)
}
