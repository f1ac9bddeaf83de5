import { entityKey } from '../events/entity.ts'
import type { EntityKind } from '../events/entity.ts'
import type { Latent } from './latent.ts'
import { blend, LATENT_DIMENSIONS, observe } from './latent.ts'
import type { Person, Seller } from './people.ts'
import { topicLatent } from './people.ts'
import type { World } from './world.ts'

/** The space that the market's embeddings live in. */
const TASTE_MODEL = `sim-taste-${LATENT_DIMENSIONS}`

/** Length of the noise beside a latent of length 1: the cosine between truth and embedding is about 0.85. */
const NOISE = 0.6

export function publishEmbedding(world: World, kind: EntityKind, id: string, latent: Latent): void {
  world.emitter.emit('EmbeddingComputed', entityKey(kind, id), {
    model: TASTE_MODEL, dimensions: LATENT_DIMENSIONS, vector: observe(latent, NOISE, world.random),
  })
}

export function registerUser(world: World, user: Person): void {
  world.emitter.emit('UserRegistered', entityKey('user', user.id), {
    name: user.name, bio: user.bio, interests: user.interests, language: 'en', country: user.country,
  })
  publishEmbedding(world, 'user', user.id, user.latent)
  world.registered.add(user.id)
}

export function registerSeller(world: World, seller: Seller): void {
  world.emitter.emit('SellerRegistered', entityKey('seller', seller.id), {
    name: seller.name,
    description: seller.description,
    categories: seller.categories.map((category) => category.label),
    language: 'en',
    country: seller.country,
    verified: seller.verified,
    rating: seller.rating,
  })
  publishEmbedding(world, 'seller', seller.id, sellerLatent(seller))
  world.registered.add(seller.id)
}

/** What a seller stands for over many shows: the categories and the style. */
function sellerLatent(seller: Seller): Latent {
  return blend([
    ...seller.categories.map((category, rank) => ({ weight: 1 / (rank + 1), latent: topicLatent(category, []) })),
    { weight: 0.35, latent: seller.latent },
  ])
}
