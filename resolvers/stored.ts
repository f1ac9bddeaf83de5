import type { EntityFields } from '../search/entities.ts'
import type { EntityKind } from '../events/entity.ts'
import type { StoredEntity } from '../search/entity-index.ts'

type Mutable<T> = T extends readonly (infer Item)[] ? Item[] : T

/** A resolver for a stored field under its own name; null where the entity has none. */
export const stored = <K extends EntityKind, F extends keyof EntityFields<K>>(_kind: K, field: F) =>
  (entity: StoredEntity): Mutable<Exclude<EntityFields<K>[F], undefined>> | null =>
    ((entity.fields as EntityFields<K>)[field] ?? null) as Mutable<Exclude<EntityFields<K>[F], undefined>> | null
