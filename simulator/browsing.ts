import { appeal, examination } from './appeal.ts'
import { alignment } from './latent.ts'
import type { Person } from './people.ts'
import type { Broadcast, World } from './world.ts'

/** How much the person wants this stream now, 0 to 1. Hidden. */
export function appealOf(world: World, user: Person, broadcast: Broadcast): number {
  return appeal({
    match: alignment(user.latent, broadcast.latent),
    affinity: user.affinities[broadcast.category.label] ?? 0,
    loyalty: user.loyalties.get(broadcast.seller.index) ?? 0,
    quality: broadcast.quality,
    age: world.now - broadcast.startedAt,
    stamina: broadcast.stamina,
  })
}

/**
 * What a person finds without a feed: streams of sellers that everybody knows, of sellers they are attached to, where others
 * are, and a chance find; among these, taste decides.
 */
export function browse(world: World, user: Person): Broadcast | null {
  const { random, live, people, engaged, sessions } = world
  if (live.length === 0) return null
  const seen: Broadcast[] = [random.pick(live)]
  const notice = (broadcast: Broadcast | null | undefined): void => {
    if (broadcast?.state === 'live' && !seen.includes(broadcast)) seen.push(broadcast)
  }
  for (let draw = 0; draw < 6; draw++) notice(engaged.get(people.drawSeller(random)))
  for (let draw = 0; draw < 2 && sessions.length > 0; draw++) notice(random.pick(sessions).broadcast)
  for (const seller of user.loyalties.keys()) if (random.chance(0.6)) notice(engaged.get(seller))

  const weights = seen.map((broadcast) => appealOf(world, user, broadcast))
  let draw = random.float() * weights.reduce((sum, weight) => sum + weight, 0)
  return seen.find((_, index) => (draw -= weights[index] as number) < 0) ?? (seen[0] as Broadcast)
}

/** Going down a served list: the first item that is looked at, is live and appeals is opened. */
export function chooseFrom(world: World, user: Person, items: readonly { broadcast: Broadcast | undefined; position: number }[]) {
  return items.find(({ broadcast, position }) => broadcast?.state === 'live'
    && world.random.chance(examination(position) * appealOf(world, user, broadcast))) ?? null
}
