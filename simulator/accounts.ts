import { entityKey } from '../events/entity.ts'
import type { Person, Seller } from './people.ts'
import type { World } from './world.ts'

/** Accounts change slowly beside all that happens in streams: at 200 events a second, some changes a minute. */
const RESTATE = 0.005
const REVIEWED = 0.5
/** Of those who came late to the market, as churn is highest among the new. */
const USER_LEAVES = 0.05
const SELLER_LEAVES = 0.3

/** Somebody who comes back now and then says anew what they like: mostly what is true, and one thing too many at times. */
export function restateProfile(world: World, user: Person): void {
  const { accounts, people } = world
  if (!accounts.chance(RESTATE)) return
  const liked = Object.keys(user.affinities)
  if (accounts.chance(0.2)) liked.push(accounts.pick(people.categories).label)
  user.interests = [...new Set(liked)]
  user.bio = `Here for ${liked[0] ?? 'the auctions'}, and for the people.`
  world.emitter.emit('UserProfileChanged', entityKey('user', user.id), { interests: user.interests, bio: user.bio })
}

/**
 * Some close their account after a visit; who comes again registers again. Only latecomers do: every run registers those when
 * it first sees them, so that a later one need not know who has left.
 */
export function considerLeaving(world: World, user: Person): void {
  if (!user.newcomer || !world.accounts.chance(USER_LEAVES)) return
  leave(world, () => {
    if (world.sessionOf.has(user.index) || !world.registered.delete(user.id)) return
    world.emitter.emit('UserDeleted', entityKey('user', user.id), { reason: 'asked' })
  })
}

/** A show over, the seller is reviewed, and a new shop may close. */
export function endShow(world: World, seller: Seller): void {
  const { accounts } = world
  if (accounts.chance(REVIEWED)) {
    const seen = 3 + 2 * seller.quality + 0.5 * accounts.normal()
    seller.rating = Math.round(10 * Math.min(5, Math.max(1, 0.8 * seller.rating + 0.2 * seen))) / 10
    seller.verified ||= accounts.chance(0.05)
    world.emitter.emit('SellerProfileChanged', entityKey('seller', seller.id), { rating: seller.rating, verified: seller.verified })
  }
  if (!seller.newcomer || !accounts.chance(SELLER_LEAVES)) return
  leave(world, () => {
    if (world.engaged.has(seller.index) || !world.registered.delete(seller.id)) return
    world.emitter.emit('SellerDeleted', entityKey('seller', seller.id), { reason: 'closed' })
  })
}

/** What somebody did is in the log by then. */
function leave(world: World, what: () => void): void {
  world.agenda.plan(world.now + world.accounts.between(2, 30), what)
}
