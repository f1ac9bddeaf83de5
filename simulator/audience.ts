import { considerLeaving, restateProfile } from './accounts.ts'
import { browse, chooseFrom } from './browsing.ts'
import type { Person } from './people.ts'
import { publishEmbedding, registerUser } from './registry.ts'
import { leaveStream, openStream } from './visits.ts'
import type { Broadcast, Session, World } from './world.ts'
import { after } from './world.ts'

/** Length of the market's compressed day in market seconds. */
export const DAY_SECONDS = 7_200

/** How long somebody waits for the feed before looking around without it. */
const PATIENCE_SECONDS = 10

/** How near to the person's hours the market's day is, 0.2 to 1. */
const inclination = (world: World, peak: number): number =>
  0.6 + 0.4 * Math.cos(2 * Math.PI * (world.now / DAY_SECONDS - peak))

/** Somebody who is not online comes, if anybody is found. */
export function arrive(world: World): void {
  const { people, random, sessionOf } = world
  for (let attempt = 0; attempt < 24; attempt++) {
    const user = people.users[people.drawUser(random)]
    if (!user || sessionOf.has(user.index) || !random.chance(inclination(world, user.peak))) continue
    look(world, comeOnline(world, user))
    return
  }
}

/** Somebody is there, and watches nothing yet. */
export function comeOnline(world: World, user: Person): Session {
  const session: Session = {
    user, place: world.sessions.length, broadcast: null, seat: 0, visit: 0,
    appeal: 0, lastBeat: 0, leavesAt: 0, feed: null, asking: false,
  }
  world.sessions.push(session)
  world.sessionOf.set(user.index, session)
  if (!world.registered.has(user.id)) registerUser(world, user)
  else {
    if (world.random.chance(0.05)) publishEmbedding(world, 'user', user.id, user.latent)
    restateProfile(world, user)
  }
  return session
}

export function depart(world: World, session: Session): void {
  leaveStream(world, session)
  session.visit++
  session.asking = false
  const last = world.sessions.pop() as Session
  if (last !== session) {
    world.sessions[session.place] = last
    last.place = session.place
  }
  world.sessionOf.delete(session.user.index)
  considerLeaving(world, session.user)
}

/** Everybody leaves a stream that ended, and most look for another. */
export function scatter(world: World, broadcast: Broadcast): void {
  for (const session of [...broadcast.viewers]) {
    leaveStream(world, session)
    moveOn(world, session)
  }
}

/** After a stream: gone, or on to the next one. */
function moveOn(world: World, session: Session): void {
  if (world.random.chance(0.3)) return depart(world, session)
  const visit = session.visit
  after(world, world.random.between(1, 5), () => { if (session.visit === visit) look(world, session) })
}

/** Looks for a stream: in the served feed where there is one, otherwise by browsing. */
function look(world: World, session: Session): void {
  if (!world.random.chance(world.feedShare)) return lookAround(world, session)
  session.asking = true
  world.asking.push(session)
  const visit = session.visit
  after(world, PATIENCE_SECONDS, () => { if (session.asking && session.visit === visit) lookAround(world, session) })
}

function lookAround(world: World, session: Session): void {
  session.asking = false
  const broadcast = browse(world, session.user)
  if (broadcast) openStream(world, session, broadcast, null, (over) => moveOn(world, over))
  else depart(world, session)
}

/**
 * A feed was served to somebody: opens one of its streams, leaving the present one; where none appeals, whoever watches
 * something stays and whoever does not looks around. Gives what was opened from the feed.
 */
export function answer(
  world: World, session: Session, feedId: string, items: readonly { broadcast: Broadcast | undefined; position: number }[],
): { broadcast: Broadcast; position: number } | null {
  session.asking = false
  const choice = chooseFrom(world, session.user, items)
  if (!choice?.broadcast) {
    if (!session.broadcast) lookAround(world, session)
    return null
  }
  const { broadcast, position } = choice
  leaveStream(world, session)
  openStream(world, session, broadcast, { feedId, position }, (over) => moveOn(world, over))
  return { broadcast, position }
}
