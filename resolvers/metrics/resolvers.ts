import { parseEntityKey, type EntityKey, type EntityKind } from '../../events/entity.ts'
import type { TypedReference } from '../reference.ts'
import type { MovedMetrics, RequestContext } from '../context.ts'
import { deliveryOf } from '../delivery.ts'
import { badInput, checkSize } from '../errors.ts'
import type { SourceEvent } from '../live.ts'
import { Cursor, DateTime } from '../scalars.ts'
import type { Resolvers, SubscriptionMetricsArgs } from './generated/types.ts'
import { entityMetrics, measure } from './measured.ts'

/** Most entities whose metrics one field may ask for. */
const maxEntities = 1_000

const typeNames: Record<EntityKind, TypedReference['__typename']> = { livestream: 'Livestream', seller: 'Seller', user: 'User' }

function checkKeys(keys: readonly string[]): EntityKey[] {
  checkSize('entities', keys.length, { max: maxEntities })
  return keys.map((key) => {
    if (!parseEntityKey(key)) throw badInput(`"entities" takes keys like "livestream:ID", "seller:ID" or "user:ID", but got ${JSON.stringify(key.slice(0, 100))}.`)
    return key as EntityKey
  })
}

function subjectOf(key: EntityKey): TypedReference {
  const { kind, id } = parseEntityKey(key) ?? raise(key)
  return { __typename: typeNames[kind], id }
}

const raise = (key: string): never => {
  throw new Error(`expected an entity key, got ${key}`)
}

const metricsOf = (kind: EntityKind) => ({
  __resolveReference: ({ id }: { id: string }) => ({ id }),
  metrics: ({ id }: { id: string }, { window }: { window: Parameters<typeof measure>[2] }, context: RequestContext) =>
    measure(context, `${kind}:${id}`, window),
})

/** How strongly: seconds watched, an engagement as ten of them and a purchase as ten minutes. For the order of the list only. */
const strength = ({ watchSeconds, engagements, purchases }: { watchSeconds: number; engagements: number; purchases: number }) =>
  watchSeconds + 10 * engagements + 600 * purchases

export const resolvers: Resolvers = {
  Cursor,
  DateTime,
  Query: {
    metrics: (_, { entities, window }, context) =>
      checkKeys(entities).map((key) => {
        const measured = measure(context, key, window)
        return measured.metrics ? measured : null
      }),
  },
  Subscription: {
    metrics: {
      subscribe: (_, { entities, ...delivery }, context) => {
        checkSize('entities', entities.length, { min: 1, max: maxEntities })
        return context.services.live.metrics(checkKeys(entities), deliveryOf(delivery, context))
      },
      resolve: ({ value: { entity, metrics } }: SourceEvent<MovedMetrics>, { window }: SubscriptionMetricsArgs) =>
        ({ subject: subjectOf(entity), metrics: { window, metrics } }),
    },
  },
  MetricsSubject: { __resolveType: ({ __typename }) => __typename },
  EntityMetrics: entityMetrics,
  Livestream: metricsOf('livestream'),
  Seller: metricsOf('seller'),
  User: {
    ...metricsOf('user'),
    affinities: ({ id }, { first }, { services, now }) => {
      checkSize('first', first, { max: 100 })
      const { sellers, categories, follows } = services.view.affinities(id, now)
      const strongest = <T extends Parameters<typeof strength>[0]>(all: readonly T[]) =>
        all.toSorted((a, b) => strength(b) - strength(a)).slice(0, first)
      return {
        sellers: strongest(sellers).map(({ id: sellerId, ...affinity }) => ({ seller: { id: sellerId }, ...affinity })),
        categories: strongest(categories).map(({ id: category, ...affinity }) => ({ category, ...affinity })),
        follows: follows.slice(0, first).map((sellerId) => ({ id: sellerId })),
      }
    },
  },
}
