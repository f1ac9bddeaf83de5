import { appeal, earningsOnceOpen } from './appeal.ts'
import type { Latent } from './latent.ts'
import { alignment } from './latent.ts'
import type { World } from './world.ts'

/** Everything hidden, as plain JSON. For evaluation only: whoever ranks with it measures nothing. */
export interface Truth {
  version: 1
  seed: number
  run: number
  /** Market seconds per second of event time. */
  speed: number
  users: { id: string; latent: Latent; affinities: Record<string, number>; loyalties: Record<string, number>; budget: number }[]
  sellers: { id: string; latent: Latent; quality: number; fame: number }[]
  /** Live when the truth was told. `startedAt`: milliseconds since the epoch, event time. */
  livestreams: {
    id: string; sellerId: string; category: string; latent: Latent
    quality: number; stamina: number; price: number; startedAt: number
  }[]
}

export function truthOf(world: World, speed: number): Truth {
  const { users, sellers } = world.people
  return {
    version: 1,
    seed: world.seed,
    run: world.run,
    speed,
    users: users.map(({ id, latent, affinities, loyalties, budget }) => ({
      id, latent, affinities, budget,
      loyalties: Object.fromEntries([...loyalties].flatMap(([index, strength]) => {
        const seller = sellers[index]
        return seller ? [[seller.id, strength]] : []
      })),
    })),
    sellers: sellers.map(({ id, latent, quality, fame }) => ({ id, latent, quality, fame })),
    livestreams: world.live.map((broadcast) => ({
      id: broadcast.id,
      sellerId: broadcast.seller.id,
      category: broadcast.category.label,
      latent: broadcast.latent,
      quality: broadcast.quality,
      stamina: broadcast.stamina,
      price: broadcast.price,
      startedAt: world.eventTimeOf(broadcast.startedAt),
    })),
  }
}

/** What one stream is worth to the marketplace when shown to one person. */
export interface ExpectedValue {
  /** Probability of opening it once it was noticed. */
  appeal: number
  /** Expected cents once it is open, from watching and purchases. */
  earnings: number
}

/**
 * The expected value of (user, livestream, time in milliseconds since the epoch).
 * @throws {RangeError} for somebody, or a stream, that this truth does not tell of.
 */
export function createValuation(truth: Truth): (userId: string, livestreamId: string, time: number) => ExpectedValue {
  const users = new Map(truth.users.map((user) => [user.id, user]))
  const livestreams = new Map(truth.livestreams.map((livestream) => [livestream.id, livestream]))
  return (userId, livestreamId, time) => {
    const user = users.get(userId)
    const livestream = livestreams.get(livestreamId)
    if (!user) throw new RangeError(`expected a user of this market, got ${userId}`)
    if (!livestream) throw new RangeError(`expected a stream that was live when the truth was told, got ${livestreamId}`)
    const appealed = appeal({
      match: alignment(user.latent, livestream.latent),
      affinity: user.affinities[livestream.category] ?? 0,
      loyalty: user.loyalties[livestream.sellerId] ?? 0,
      quality: livestream.quality,
      age: ((time - livestream.startedAt) / 1000) * truth.speed,
      stamina: livestream.stamina,
    })
    return { appeal: appealed, earnings: earningsOnceOpen(appealed, livestream.price, user.budget) }
  }
}
