/**
 * A sparse sorted list of whole amounts, flat: key, amount, key, amount, … Sixteen bytes a cell and no object of its own,
 * because there are some for every window of every entity; most writes hit the last cell or append one.
 */
export type Cells = number[]

/** Adds to the cell of `key`. Cells with keys below `first` may be dropped on the way. */
export function addToCell(cells: Cells, key: number, amount: number, first: number): void {
  let at = cells.length - 2
  while (at >= 0 && (cells[at] as number) > key) at -= 2
  if (at >= 0 && cells[at] === key) {
    cells[at + 1] = (cells[at + 1] as number) + amount
    return
  }
  if (at === cells.length - 2) cells.push(key, amount)
  else cells.splice(at + 2, 0, key, amount)
  // Only when half of it goes, so that dropping costs less than appending did.
  const middle = (cells.length >> 2) << 1
  if (cells.length >= 32 && (cells[middle] as number) < first) dropBelow(cells, first)
}

/** Drops cells with keys below `first`. */
export function dropBelow(cells: Cells, first: number): void {
  let keep = 0
  while (keep < cells.length && (cells[keep] as number) < first) keep += 2
  if (keep > 0) cells.splice(0, keep)
}
