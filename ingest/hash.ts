/**
 * Two independent 32-bit hashes of texts by their UTF-16 code units, in one pass: multiply and rotate per unit, then the
 * avalanche of MurmurHash3 (A. Appleby, public domain) over each lane mixed with the other. Not against malice: whoever
 * may choose ids can make collisions.
 */
export function hashInto(lanes: Uint32Array, ...texts: readonly string[]): void {
  let a = 0x9e3779b9
  let b = 0x7f4a7c15
  let units = 0
  for (const text of texts) {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      a = Math.imul(a ^ unit, 0x85ebca6b)
      a = (a << 13) | (a >>> 19)
      b = Math.imul(b ^ unit, 0xc2b2ae35)
      b = (b << 17) | (b >>> 15)
    }
    // A boundary that no unit can imitate, so that ('ab', 'c') and ('a', 'bc') differ.
    a = Math.imul(a ^ 0x10000, 0xcc9e2d51)
    b = Math.imul(b ^ 0x10000, 0x1b873593)
    units += text.length
  }
  a ^= units
  b ^= units
  a = (a + b) | 0
  b = (b + a) | 0
  a = avalanche(a)
  b = avalanche(b)
  a = (a + b) | 0
  b = (b + a) | 0
  lanes[0] = a
  lanes[1] = b
}

function avalanche(lane: number): number {
  lane ^= lane >>> 16
  lane = Math.imul(lane, 0x85ebca6b)
  lane ^= lane >>> 13
  lane = Math.imul(lane, 0xc2b2ae35)
  return lane ^ (lane >>> 16)
}

const lanes = new Uint32Array(2)

/** A whole number from 1 to 2^53 − 1 that stands for the text: two of a million texts share one with probability 6e-5. */
export function hash53(text: string): number {
  hashInto(lanes, text)
  return ((lanes[0] as number) & 0x1fffff) * 0x100000000 + (lanes[1] as number) || 1
}
