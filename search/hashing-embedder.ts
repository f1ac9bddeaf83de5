import type { Embedder } from './embedder.ts'
import { tokenise } from './tokenise.ts'
import { normalised } from './vector-math.ts'

/**
 * Feature hashing (Weinberger et al., 2009): every feature of a text adds its weight, signed, to one place of the vector,
 * so that collisions cancel out on average. Words say what it is about, pairs of words keep phrases together, character
 * trigrams let inflections and misspelt words meet. Nothing is learned, nothing is random: the same text gives the same
 * vector everywhere.
 */

const wordWeight = 1
const pairWeight = 0.5
/** Shared among a word's trigrams, so that long words do not outweigh short ones. */
const trigramsWeight = 1.2
/** Articles and prepositions are short in most languages; there are no document frequencies to tell them by. */
const shortWord = 3
const shortWordWeight = 0.4
const maxWords = 1000

const boundary = 32
const fnvOffset = 0x811c9dc5
const fnvPrime = 0x01000193

/** The embedder of a model named `hash-<dimensions>`. Vectors have length 1; a text without words gives all zeros. */
export function createHashingEmbedder({ dimensions = 256 }: { dimensions?: number } = {}): Embedder {
  if (!Number.isInteger(dimensions) || dimensions < 16 || dimensions > 4096) {
    throw new RangeError(`A hashing embedder has 16 to 4096 dimensions; got ${dimensions}.`)
  }
  return {
    model: `hash-${dimensions}`,
    dimensions,
    local: true,
    embed: async (texts, signal) => {
      signal?.throwIfAborted()
      return texts.map((text) => embed(text, dimensions))
    },
  }
}

function embed(text: string, dimensions: number): Float32Array {
  const vector = new Float32Array(dimensions)
  const add = (hash: number, weight: number): void => {
    const place = mix(hash)
    vector[(place >>> 1) % dimensions]! += place & 1 ? weight : -weight
  }
  const counts = new Map<string, number>()
  const pairs = new Map<number, number>()
  let former = 0
  for (const word of tokenise(text).slice(0, maxWords)) {
    counts.set(word, (counts.get(word) ?? 0) + 1)
    const hash = hashOf(word, 0, word.length, fnvOffset)
    if (former !== 0) pairs.set(Math.imul(former, 31) ^ hash, pairWeight * scaleOf(word))
    former = hash
  }
  for (const [pair, weight] of pairs) add(pair, weight)
  for (const [word, count] of counts) {
    // Saying a thing twice is not twice as much.
    const scale = scaleOf(word) * (1 + Math.log(count))
    add(hashOf(word, 0, word.length, fnvOffset), wordWeight * scale)
    const share = (trigramsWeight * scale) / Math.sqrt(word.length)
    for (let start = -1; start < word.length - 1; start++) add(hashOf(word, start, start + 3, ~fnvOffset), share)
  }
  return normalised(vector)
}

const scaleOf = (word: string): number => (word.length <= shortWord ? shortWordWeight : 1)

/** FNV-1a over UTF-16 code units; outside of the word lie its boundaries. */
function hashOf(word: string, start: number, end: number, seed: number): number {
  let hash = seed
  for (let at = start; at < end; at++) {
    hash = Math.imul(hash ^ (at < 0 || at >= word.length ? boundary : word.charCodeAt(at)), fnvPrime)
  }
  return hash
}

/** The finaliser of MurmurHash3: FNV's low bits alone are too regular to choose a place by. */
function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
