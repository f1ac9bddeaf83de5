import type { EntityKind } from '../events/entity.ts'
import type { StoredEntity } from '../search/entity-index.ts'
import { queryPage } from './connections.ts'
import type { RequestContext } from './context.ts'
import { bothFilters, toFilter } from './filters.ts'

export interface Near {
  entity: StoredEntity
  similarity: number
}

/** The livestreams nearest to a vector (cosine), nearest first. */
export async function nearestTo(
  context: RequestContext, space: string, values: Float32Array,
  { first, filter, except }: { first: number; filter?: object | null; except?: string },
): Promise<Near[]> {
  const page = await queryPage(context, {
    kind: 'livestream',
    hybrid: { vector: { space, values }, alpha: 1, fusion: 'relativeScore' },
    filter: bothFilters(toFilter(filter), except === undefined ? undefined : { field: 'id', op: 'ne', value: except }),
    limit: first,
  })
  for (const { entity } of page.hits) context.loaders.entity.livestream.prime(entity.id, entity)
  return page.hits.map(({ entity, parts }) => ({ entity, similarity: parts?.vector?.similarity ?? 0 }))
}

/** The livestreams nearest to an entity in a model's space; none where it has no vector there, or that of a text without words, which is zero. */
export async function nearest(
  context: RequestContext, kind: EntityKind, id: string,
  { model, first, filter }: { model?: string | null; first: number; filter?: object | null },
): Promise<Near[]> {
  const space = model ?? context.services.embedder.model
  const entity = await context.loaders.withVector(kind, space).load(id)
  const values = entity?.vectors?.[space]
  return values?.some((value) => value !== 0) ? nearestTo(context, space, values, { first, filter, except: kind === 'livestream' ? id : undefined }) : []
}
