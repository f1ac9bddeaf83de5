import { GraphQLError } from 'graphql'
import type { EntityIndex, StoredEntity } from '../search/entity-index.ts'
import { assertDimensions } from '../search/validate.ts'
import { cosine } from '../search/vector-math.ts'
import type { ListQuery } from '../resolvers/live-list.ts'
import type { Near } from '../resolvers/near.ts'

/** Most livestreams that may match the filter of a live list: some ten megabytes. */
export const maxMatches = 20_000
/** Livestreams of one question. */
const pageSize = 1_000

export const tooLarge = (most = maxMatches): GraphQLError =>
  new GraphQLError(`More than ${most} livestreams match this filter: a live list holds all that match, and no more than so many. Narrow the filter.`, {
    extensions: { code: 'LIVE_LIST_TOO_LARGE' },
  })

/**
 * All that match, in pages by id: what does not change meanwhile is met once, and what does is announced.
 *
 * @throws GraphQLError `LIVE_LIST_TOO_LARGE`; as the index does
 */
export async function loadMatches(
  index: Pick<EntityIndex, 'query'>, { filter, near }: ListQuery, { most = maxMatches, signal }: { most?: number; signal: AbortSignal },
): Promise<{ entities: StoredEntity[]; similarities: Map<string, number | null> | undefined }> {
  const entities: StoredEntity[] = []
  const similarities = near && new Map<string, number | null>()
  for (let after: string | undefined; ;) {
    const { hits, hasNextPage } = await index.query({
      kind: 'livestream', filter, limit: pageSize, after, signal, withVectors: near && [near.space],
    })
    for (const { entity: { vectors, ...entity } } of hits) {
      entities.push(entity)
      if (near) similarities?.set(entity.id, similarityOf(near, vectors?.[near.space]))
    }
    if (entities.length > most) throw tooLarge(most)
    if (!hasNextPage) return { entities, similarities }
    after = hits.at(-1)?.cursor
  }
}

/** Null where there is no vector. */
export function similarityOf({ space, values }: Near, vector: Float32Array | undefined): number | null {
  if (!vector) return null
  assertDimensions(space, vector.length, values.length)
  return cosine(values, vector)
}
