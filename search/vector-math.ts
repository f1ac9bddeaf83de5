/** Arithmetic on vectors in flat arrays. The exact scan has a faster product (`scan/kernel.ts`). */

/** Dot product of `query` with the row of `rows` that begins at `offset`. */
export function dot(rows: Float32Array, offset: number, query: Float32Array): number {
  const length = query.length
  const unrolled = length - (length & 7)
  // Independent sums keep the processor's adders busy: one running sum would wait for itself at every step.
  let a = 0
  let b = 0
  let c = 0
  let d = 0
  let i = 0
  for (; i < unrolled; i += 8, offset += 8) {
    a += rows[offset]! * query[i]! + rows[offset + 4]! * query[i + 4]!
    b += rows[offset + 1]! * query[i + 1]! + rows[offset + 5]! * query[i + 5]!
    c += rows[offset + 2]! * query[i + 2]! + rows[offset + 6]! * query[i + 6]!
    d += rows[offset + 3]! * query[i + 3]! + rows[offset + 7]! * query[i + 7]!
  }
  for (; i < length; i++, offset++) a += rows[offset]! * query[i]!
  return a + b + (c + d)
}

/** Euclidean length of a vector. */
export const norm = (vector: Float32Array): number => Math.sqrt(dot(vector, 0, vector))

/** A copy of length 1; the zero vector stays zero. */
export function normalised(vector: Float32Array): Float32Array {
  const length = norm(vector)
  return length === 0 ? vector.slice() : vector.map((value) => value / length)
}

/** Cosine similarity, −1…1; 0 where one of them is the zero vector. */
export function cosine(a: Float32Array, b: Float32Array): number {
  const lengths = norm(a) * norm(b)
  return lengths === 0 ? 0 : dot(a, 0, b) / lengths
}
