import type { Placed } from '../resolvers/live-list.ts'

/** Items with their places in the list. */
export const placed = <Item>(items: readonly Item[]): Placed<Item>[] => items.map((item, rank) => ({ item, rank }))

let events = 0

/** The key of a list's event: none of them replaces another. */
export const uniqueKey = (): string => `list ${events++}`
