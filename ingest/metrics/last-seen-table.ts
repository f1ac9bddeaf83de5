/**
 * Person → when last seen, open addressing with linear probing in one typed array: person, time, person, time, … Sixteen
 * bytes a slot, where a `Map` of numbers takes seventy. Persons are whole numbers from 1 to 2^53 − 1; 0 marks a free slot.
 */
export interface LastSeenTable {
  slots: Float64Array
  size: number
}

/** A table that takes `entries` before it is three quarters full. */
export function newTable(entries: number): LastSeenTable {
  let capacity = 16
  while (capacity * 0.75 < entries) capacity *= 2
  return { slots: new Float64Array(capacity * 2), size: 0 }
}

export const isFull = ({ slots, size }: LastSeenTable): boolean => size * 2 >= slots.length * 0.75

/** The slot of this person, or the free one that would be theirs. The person's number is a hash: its low bits will do. */
export function slotOf({ slots }: LastSeenTable, person: number): number {
  const mask = slots.length - 1
  let slot = (person * 2) & mask & ~1
  while (slots[slot] !== 0 && slots[slot] !== person) slot = (slot + 2) & mask
  return slot
}

/** Puts a person who is not in it. */
export function insert(table: LastSeenTable, slot: number, person: number, at: number): void {
  table.slots[slot] = person
  table.slots[slot + 1] = at
  table.size++
}

export function forEachEntry({ slots }: LastSeenTable, visit: (person: number, at: number) => void): void {
  for (let slot = 0; slot < slots.length; slot += 2)
    if (slots[slot] !== 0) visit(slots[slot] as number, slots[slot + 1] as number)
}
