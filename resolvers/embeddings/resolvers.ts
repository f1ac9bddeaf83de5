import type { EntityKind } from '../../events/entity.ts'
import type { RequestContext } from '../context.ts'
import { checkText } from '../errors.ts'
import { directionOf } from '../near.ts'
import { nearest, nearestTo, type Near } from '../nearest.ts'
import type { Embedding, Resolvers } from './generated/types.ts'

const toEmbedding = (model: string, values: Float32Array): Embedding => ({ model, dimensions: values.length, vector: [...values] })

const toNear = ({ entity, similarity }: Near) => ({ livestream: { id: entity.id }, similarity })

const embeddingOf = (kind: EntityKind) => ({
  __resolveReference: ({ id }: { id: string }) => ({ id }),
  embedding: async ({ id }: { id: string }, { model }: { model?: string | null }, context: RequestContext) => {
    const space = model ?? context.services.embedder.model
    const entity = await context.loaders.withVector(kind, space).load(id)
    const values = entity?.vectors?.[space]
    return values ? toEmbedding(space, values) : null
  },
})

const maxTextLength = 10_000

export const resolvers: Resolvers = {
  Query: {
    nearestLivestreams: async (_, { vector, model, filter, first }, context) =>
      (await nearestTo(context, model ?? context.services.embedder.model, directionOf('vector', vector), { first, filter })).map(toNear),
    embed: async (_, { text }, { services: { embedder }, signal }) => {
      checkText('text', text, maxTextLength)
      const [values] = await embedder.embed([text], signal)
      return toEmbedding(embedder.model, values as Float32Array)
    },
  },
  Livestream: {
    ...embeddingOf('livestream'),
    nearest: async ({ id }, args, context) => (await nearest(context, 'livestream', id, args)).map(toNear),
  },
  Seller: embeddingOf('seller'),
  User: {
    ...embeddingOf('user'),
    nearestLivestreams: async ({ id }, args, context) => (await nearest(context, 'user', id, args)).map(toNear),
  },
}
