/**
 * Appends to a flat list in place where it is long, to a copy where it is short: `push` reserves room for seventeen more,
 * and most entities' lists never get there (64 bytes instead of 200 for two numbers). Takes a literal, because the
 * numbers of a rest parameter would be boxed, and the list's with them.
 *
 * @param small below so many numbers a list is short
 */
export function append(list: number[], numbers: readonly number[], small = 32): number[] {
  if (list.length < small) return list.concat(numbers)
  for (const number of numbers) list.push(number)
  return list
}
