/** A seeded source of randomness. The same seed gives the same numbers on every machine: only 32-bit integer steps decide. */
export interface Random {
  /** Uniform in [0, 1), 32 bits. */
  float(): number
  between(low: number, high: number): number
  /** Uniform whole number in [0, count). */
  below(count: number): number
  chance(probability: number): boolean
  /** Standard normal (Box–Muller). */
  normal(): number
  /** Exponential with the given mean. */
  exponential(mean: number): number
  pick<T>(list: readonly T[]): T
  /** Up to `count` different members, in random order. */
  sample<T>(list: readonly T[], count: number): T[]
}

/** SplitMix32: spreads one 32-bit seed into independent state words, as xoshiro's authors advise. */
function splitMix(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x9e3779b9) >>> 0
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad)
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) >>> 0
  }
}

function hashText(text: string): number {
  let hash = 0x2545f491
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x5bd1e995)
    hash ^= hash >>> 13
  }
  return hash >>> 0
}

/**
 * xoshiro128** 1.1 (Blackman and Vigna, public domain), seeded from a number and a purpose, so that each concern of the
 * market draws from its own sequence and a change in one does not reshuffle the others.
 */
export function createRandom(seed: number, purpose = ''): Random {
  const spread = splitMix((seed >>> 0) ^ hashText(`${seed}/${purpose}`))
  let a = spread(), b = spread(), c = spread(), d = spread()
  const next = (): number => {
    const scaled = Math.imul(b, 5)
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return result
  }
  const float = (): number => next() / 0x1_0000_0000
  const below = (count: number): number => Math.floor(float() * count)
  return {
    float,
    below,
    between: (low, high) => low + (high - low) * float(),
    chance: (probability) => float() < probability,
    normal: () => Math.sqrt(-2 * Math.log(1 - float())) * Math.cos(2 * Math.PI * float()),
    exponential: (mean) => -mean * Math.log(1 - float()),
    pick: <T>(list: readonly T[]): T => {
      if (list.length === 0) throw new RangeError('expected a list with members to pick from, got an empty one')
      return list[below(list.length)] as T
    },
    sample: <T>(list: readonly T[], count: number): T[] => {
      const rest = [...list]
      const chosen: T[] = []
      while (chosen.length < count && rest.length > 0) {
        const index = below(rest.length)
        chosen.push(rest[index] as T)
        rest[index] = rest[rest.length - 1] as T
        rest.pop()
      }
      return chosen
    },
  }
}

/** Draws an index in proportion to fixed weights in constant time (Vose's alias method). */
export function aliasTable(weights: readonly number[]): (random: Random) => number {
  const count = weights.length
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  const share = weights.map((weight) => (weight * count) / total)
  const alias = share.map((_, index) => index)
  const small: number[] = []
  const large: number[] = []
  share.forEach((value, index) => (value < 1 ? small : large).push(index))
  while (small.length > 0 && large.length > 0) {
    const low = small.pop() as number
    const high = large[large.length - 1] as number
    alias[low] = high
    share[high] = (share[high] as number) - (1 - (share[low] as number))
    if ((share[high] as number) < 1) small.push(large.pop() as number)
  }
  // What rounding left over is a whole share.
  for (const index of [...small, ...large]) share[index] = 1
  return (random) => {
    const index = random.below(count)
    return random.float() < (share[index] as number) ? index : (alias[index] as number)
  }
}
