import { entityKey } from '../../events/entity.ts'
import type { EntityKey } from '../../events/entity.ts'
import type { AffinitySignal, Effect, Increment } from '../effects.ts'

export interface Counted {
  livestream: EntityKey
  sellerId: string
  userId: string
  category: string | undefined
  at: number
  /** Counts alike for the stream, its seller and the person. */
  counts: readonly Increment[]
  /** What it says of the person's taste. */
  affinity: { signal: AffinitySignal; amount: number }
}

/** Something that a person did in a stream: the effects on the stream (first), its seller and the person. */
export function counted({ livestream, sellerId, userId, category, at, counts, affinity }: Counted): [Effect, Effect, Effect] {
  const affinities: Increment[] = [{ affinity: 'seller', to: sellerId, at, ...affinity }]
  if (category !== undefined) affinities.push({ affinity: 'category', to: category, at, ...affinity })
  return [
    { entity: livestream, increments: counts },
    { entity: entityKey('seller', sellerId), increments: counts },
    { entity: entityKey('user', userId), increments: [...counts, ...affinities] },
  ]
}
