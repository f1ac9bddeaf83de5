/**
 * Numbers for names that occur again and again (sellers and categories in thousands of users' affinities): a number takes
 * eight bytes in a flat list where a text of its own takes forty. The numbers are this process's own and never leave it.
 * What it remembers is bounded by the names in use, which entities of their own outweigh.
 */
const numbers = new Map<string, number>()
const names: string[] = []

export function numberOf(name: string): number {
  let number = numbers.get(name)
  if (number === undefined) {
    number = names.length
    names.push(name)
    numbers.set(name, number)
  }
  return number
}

/** Only for numbers that `numberOf` gave. */
export const nameOf = (number: number): string => names[number] as string
