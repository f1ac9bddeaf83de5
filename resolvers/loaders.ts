import DataLoader from 'dataloader'
import { entityKinds, type EntityKind } from '../events/entity.ts'
import type { EntityIndex, StoredEntity } from '../search/entity-index.ts'

/** One loader per kind of entity, and one per kind and vector space. */
export interface Loaders {
  entity: Readonly<Record<EntityKind, DataLoader<string, StoredEntity | null>>>
  /** Entities with their vector in this space. */
  withVector(kind: EntityKind, space: string): DataLoader<string, StoredEntity | null>
}

/** The index takes up to 1,000 ids at once. */
const maxBatchSize = 1_000

/** Loaders of one request; without `cache` (subscriptions) they batch and remember nothing. */
export function createLoaders(
  { index }: { index: EntityIndex }, { cache, signal }: { cache: boolean; signal: AbortSignal | undefined },
): Loaders {
  const loader = (kind: EntityKind, withVectors?: readonly string[]) =>
    new DataLoader<string, StoredEntity | null>(
      (ids) => index.getMany(kind, ids, { withVectors, signal }), { cache, maxBatchSize },
    )
  const bySpace = new Map<string, DataLoader<string, StoredEntity | null>>()
  return {
    entity: Object.fromEntries(entityKinds.map((kind) => [kind, loader(kind)])) as Loaders['entity'],
    withVector(kind, space) {
      const key = `${kind} ${space}`
      let found = bySpace.get(key)
      if (!found) bySpace.set(key, (found = loader(kind, [space])))
      return found
    },
  }
}
