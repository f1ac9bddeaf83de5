import type { EntityChanged } from '../ingest/changes.ts'
import { copiedMetrics } from '../ingest/metric-copies.ts'
import type { AnyFields, FieldValue } from '../search/entities.ts'

/** How an entity moved with regard to a filter: whether it matched before and does now. */
export interface Move {
  id: string
  before: boolean
  after: boolean
}

export type Matcher = (id: string, fields: AnyFields) => boolean

/** Vectors and copies of metrics are no fields of a livestream: they may move it into a filter or out of it, but do not update it. */
const unseen = new Set<string>(copiedMetrics)
const isSeen = (field: string): boolean => !unseen.has(field) && !field.startsWith('vector:')

/**
 * Decides on the change record alone how the entity moved: its image after the change is there, and the one before it
 * follows from the former values of what changed. Undefined: it did not match before and does not now, or nothing of it
 * that clients see has changed.
 */
export function moveOf({ entity, operation, changed, after }: EntityChanged, matches: Matcher): Move | undefined {
  const id = entity.slice(entity.indexOf(':') + 1)
  const isAfter = after !== null && matches(id, after)
  const wasBefore = operation !== 'created' && matches(id, imageBefore(changed, after))
  if (wasBefore && isAfter && operation === 'updated' && !Object.keys(changed).some(isSeen)) return undefined
  return wasBefore || isAfter ? { id, before: wasBefore, after: isAfter } : undefined
}

/** The image before: what did not change as it is after, what changed as it was. */
function imageBefore(changed: Readonly<Record<string, FieldValue | null>>, after: AnyFields | null): AnyFields {
  const image: Record<string, FieldValue> = { ...after }
  for (const [field, former] of Object.entries(changed)) {
    if (former === null) delete image[field]
    else image[field] = former
  }
  return image
}

/** Two moves of one entity, of which nobody was told yet, as one; undefined where they cancel each other out. */
export function mergeMoves(first: Move, second: Move): Move | undefined {
  return first.before || second.after ? { id: first.id, before: first.before, after: second.after } : undefined
}

export const kindOf = ({ before, after }: Move): 'ENTERED' | 'UPDATED' | 'LEFT' =>
  !before ? 'ENTERED' : after ? 'UPDATED' : 'LEFT'
