import { entityKey } from '../events/entity.ts'
import { meanStay, purchaseRate } from './appeal.ts'
import { appealOf } from './browsing.ts'
import { remark } from './texts.ts'
import type { Broadcast, Session, World } from './world.ts'
import { after, followKey } from './world.ts'

/** What every engagement of a visit carries. */
function engagement(session: Session, broadcast: Broadcast) {
  return {
    userId: session.user.id,
    sellerId: broadcast.seller.id,
    category: broadcast.category.label,
    ...(session.feed && { feedId: session.feed.feedId, position: session.feed.position }),
  }
}

/** A person's device reports a moment later, so engagements reach the log slightly out of order. */
const delay = (world: World): number => Math.min(0.4, world.random.exponential(0.03))

/**
 * Somebody opens a stream: heartbeats every 10 to 15 s until the stay is over, and what people do meanwhile. `onOver` is
 * called when the person has had enough; not when the stream ends.
 */
export function openStream(
  world: World, session: Session, broadcast: Broadcast, feed: Session['feed'], onOver: (session: Session) => void,
): void {
  session.broadcast = broadcast
  session.seat = broadcast.viewers.push(session) - 1
  session.feed = feed
  session.appeal = appealOf(world, session.user, broadcast)
  session.lastBeat = world.now
  session.leavesAt = world.now + world.random.exponential(meanStay(session.appeal))
  const visit = ++session.visit
  beat(world, session, broadcast)
  planBeat(world, session, broadcast, visit, onOver)
  planAction(world, session, broadcast, visit)
}

/** Closes the visit with a last heartbeat for the seconds since the former one. */
export function leaveStream(world: World, session: Session): void {
  const { broadcast } = session
  if (!broadcast) return
  if (Math.round(world.now - session.lastBeat) > 0) beat(world, session, broadcast)
  const last = broadcast.viewers.pop() as Session
  if (last !== session) {
    broadcast.viewers[session.seat] = last
    last.seat = session.seat
  }
  session.broadcast = null
  session.visit++
}

function beat(world: World, session: Session, broadcast: Broadcast): void {
  const watchSeconds = Math.round(world.now - session.lastBeat)
  world.emitter.emit('LivestreamViewed', entityKey('livestream', broadcast.id),
    { ...engagement(session, broadcast), watchSeconds }, delay(world))
  session.lastBeat = world.now
}

function planBeat(
  world: World, session: Session, broadcast: Broadcast, visit: number, onOver: (session: Session) => void,
): void {
  const next = Math.min(world.now + world.random.between(10, 15), session.leavesAt)
  world.agenda.plan(next, () => {
    if (session.visit !== visit) return
    if (world.now >= session.leavesAt) {
      leaveStream(world, session)
      onOver(session)
      return
    }
    beat(world, session, broadcast)
    planBeat(world, session, broadcast, visit, onOver)
  })
}

/** Actions are a Poisson process whose kinds have the rates below, per second of watching. */
function planAction(world: World, session: Session, broadcast: Broadcast, visit: number): void {
  const { user } = session
  const chat = 0.005 + 0.045 * user.talkative
  const like = 0.15 * session.appeal
  const share = 0.003 * session.appeal
  const follow = 0.006 * session.appeal
  const unfollow = 0.0004 * (1 - session.appeal)
  const buy = purchaseRate(session.appeal, broadcast.price, user.budget)
  const total = chat + like + share + follow + unfollow + buy
  after(world, world.random.exponential(1 / total), () => {
    if (session.visit !== visit) return
    let draw = world.random.float() * total
    if ((draw -= chat) < 0) say(world, session, broadcast)
    else if ((draw -= like) < 0) {
      world.emitter.emit('LivestreamLiked', entityKey('livestream', broadcast.id), engagement(session, broadcast), delay(world))
    } else if ((draw -= share) < 0) {
      world.emitter.emit('LivestreamShared', entityKey('livestream', broadcast.id),
        { ...engagement(session, broadcast), channel: world.random.pick(['message', 'link', 'story']) }, delay(world))
    } else if ((draw -= follow) < 0) followSeller(world, session, broadcast)
    else if ((draw -= unfollow) < 0) unfollowSeller(world, session, broadcast)
    else {
      const spread = Math.exp(0.4 * world.random.normal())
      purchase(world, session, broadcast, Math.max(100, Math.round(broadcast.price * spread)))
    }
    planAction(world, session, broadcast, visit)
  })
}

function say(world: World, session: Session, broadcast: Broadcast): void {
  const message = remark(broadcast.category.words, broadcast.topics, world.random)
  world.emitter.emit('ChatPosted', entityKey('livestream', broadcast.id),
    { ...engagement(session, broadcast), message }, delay(world))
}

function followSeller(world: World, session: Session, broadcast: Broadcast): void {
  const key = followKey(session.user, broadcast.seller)
  if (world.following.has(key)) return
  world.following.add(key)
  world.emitter.emit('SellerFollowed', entityKey('livestream', broadcast.id), engagement(session, broadcast), delay(world))
}

function unfollowSeller(world: World, session: Session, broadcast: Broadcast): void {
  const key = followKey(session.user, broadcast.seller)
  if (!world.following.delete(key)) return
  world.emitter.emit('SellerUnfollowed', entityKey('livestream', broadcast.id), engagement(session, broadcast), delay(world))
}

/** `amount` in cents. */
export function purchase(world: World, session: Session, broadcast: Broadcast, amount: number): void {
  const orderId = `order-${world.run}-${world.emitter.count + 1}`
  world.emitter.emit('PurchaseMade', entityKey('livestream', broadcast.id),
    { ...engagement(session, broadcast), orderId, amount, currency: 'USD', quantity: 1 }, delay(world))
}
