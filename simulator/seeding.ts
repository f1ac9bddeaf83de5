import { entityKey } from '../events/entity.ts'
import { createBroadcast, showSeconds, startBroadcast } from './broadcasts.ts'
import type { Person } from './people.ts'
import { registerSeller, registerUser } from './registry.ts'
import type { World } from './world.ts'
import { followKey } from './world.ts'

/** The market's people and first streams are dated in these seconds before the opening. */
export const SEEDING_SECONDS = 5

/**
 * Plans all that is there at the opening: registrations (people before their sellers' followers), what a former run left
 * open being ended, and the first shows in the middle of their time.
 */
export function seed(world: World, options: { livestreams: number; people: boolean; leftOpen: readonly string[] }): void {
  const { users, sellers } = world.people
  const known = { users: users.filter((user) => !user.newcomer), sellers: sellers.filter((seller) => !seller.newcomer) }

  for (const id of options.leftOpen) {
    world.agenda.plan(-5, () => {
      world.emitter.emit('LivestreamEnded', entityKey('livestream', id), { reason: 'interrupted' })
    })
  }
  if (options.people) {
    spread(world, known.sellers, -5, (seller) => registerSeller(world, seller))
    spread(world, known.users, -4, (user) => registerUser(world, user))
    spread(world, known.users, -2, (user) => followFavourites(world, user, true))
  } else {
    for (const { id } of [...known.users, ...known.sellers]) world.registered.add(id)
    for (const user of known.users) followFavourites(world, user, false)
  }
  const shows = Array.from({ length: options.livestreams }, (_, index) => index)
  spread(world, shows, -1, () => {
    const broadcast = createBroadcast(world)
    // A minute at least is left, so that the opening is not followed by a wave of endings.
    if (broadcast) startBroadcast(world, broadcast, 60 + showSeconds(world, broadcast) * world.random.float(), false)
  })
}

/** One after the other, evenly within a second of market time. */
function spread<T>(world: World, list: readonly T[], from: number, what: (member: T) => void): void {
  list.forEach((member, index) => world.agenda.plan(from + index / list.length, () => what(member)))
}

/** Half of the attachments are follows from the start; which, depends on the person alone, so that a later run agrees. */
function followFavourites(world: World, user: Person, tell: boolean): void {
  for (const [index, strength] of user.loyalties) {
    const seller = world.people.sellers[index]
    if (!seller || strength < 0.65) continue
    world.following.add(followKey(user, seller))
    if (!tell) continue
    world.emitter.emit('SellerFollowed', entityKey('seller', seller.id), { userId: user.id, sellerId: seller.id })
  }
}
