import type { FieldValue } from '../../search/entities.ts'

/** A patch of what an event says: what it leaves out stays as it is. */
export function given(fields: Record<string, FieldValue | null | undefined>): Record<string, FieldValue | null> {
  const patch: Record<string, FieldValue | null> = {}
  for (const name in fields) {
    const value = fields[name]
    if (value !== undefined) patch[name] = value
  }
  return patch
}
