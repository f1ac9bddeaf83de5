import { InvalidCursorError } from './entity-index.ts'
import type { CursorPosition } from './cursors.ts'
import { legDepth, type FusedHit } from './fusion.ts'
import { queryLimits } from './validate.ts'

/** Where a page of a hybrid query begins, as its cursors hold it. */
export interface HybridPosition {
  /** How many hits each leg gave to the first page, and gives to all that follow. */
  depth: number
  /** How many hits came before. */
  offset: number
  /** The last of them; empty at the beginning. */
  id: string
}

export const firstPosition = (limit: number): HybridPosition => ({ depth: legDepth(limit), offset: 0, id: '' })

/** Throws `InvalidCursorError` where a cursor of this query was altered. */
export function hybridPosition([depth, offset, id]: CursorPosition): HybridPosition {
  const valid = Number.isInteger(depth) && Number.isInteger(offset) && typeof id === 'string' &&
    (depth as number) >= 1 && (depth as number) <= legDepth(queryLimits.hits) && (offset as number) >= 1
  return valid ? { depth: depth as number, offset: offset as number, id: id as string } : badPosition()
}

/** After the last hit where it now stands; where it has gone, those behind it have moved up by one. */
export function startAfter(fused: readonly FusedHit[], { offset, id }: HybridPosition): number {
  if (offset === 0) return 0
  const at = fused.findIndex((hit) => hit.id === id)
  return at < 0 ? offset - 1 : at + 1
}

export const badPosition = (): never => {
  throw new InvalidCursorError('The cursor names no place in this query. Send the `cursor` of one of its hits unchanged.')
}
