import { isDeepStrictEqual } from 'node:util'
import { copiedMetrics } from '../ingest/metric-copies.ts'
import type { AnyFields, FieldValue } from '../search/entities.ts'
import type { StoredEntity } from '../search/entity-index.ts'

/** Vectors and copies of metrics are no fields of a livestream: they may move it into a filter or out of it, but do not update it. */
const unseen = new Set<string>(copiedMetrics)
export const isSeen = (field: string): boolean => !unseen.has(field) && !field.startsWith('vector:')

/** Whether two states of an entity show the same. */
export const isSeenAlike = (a: StoredEntity, b: StoredEntity): boolean =>
  a.revision === b.revision || isDeepStrictEqual(seenOf(a.fields), seenOf(b.fields))

const seenOf = (fields: AnyFields): AnyFields => Object.fromEntries(Object.entries(fields).filter(([name]) => isSeen(name)))

/** An entity before a change: what did not change as it is after, what changed as it was. */
export function imageBefore(changed: Readonly<Record<string, FieldValue | null>>, after: AnyFields | null): AnyFields {
  const image: Record<string, FieldValue> = { ...after }
  for (const [field, former] of Object.entries(changed)) {
    if (former === null) delete image[field]
    else image[field] = former
  }
  return image
}

/** The id in an entity's key. */
export const idOf = (entity: string): string => entity.slice(entity.indexOf(':') + 1)
