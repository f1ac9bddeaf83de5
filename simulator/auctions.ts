import { entityKey } from '../events/entity.ts'
import { lotTitle } from './texts.ts'
import { purchase } from './visits.ts'
import type { Auction, Broadcast, World } from './world.ts'
import { after } from './world.ts'

/** Lot after lot while the stream is live, quicker where there are more people; none before an empty room. */
export function planAuctions(world: World, broadcast: Broadcast): void {
  after(world, world.random.between(10, 30) + world.random.exponential(30), () => {
    if (broadcast.state !== 'live') return
    if (broadcast.viewers.length === 0) planAuctions(world, broadcast)
    else startAuction(world, broadcast)
  })
}

function startAuction(world: World, broadcast: Broadcast): void {
  const price = Math.max(100, Math.round(broadcast.price * world.random.between(0.1, 0.4)))
  const auction: Auction = { id: `auction-${world.run}-${world.emitter.count + 1}`, price, leader: null }
  broadcast.auction = auction
  world.emitter.emit('AuctionStarted', entityKey('livestream', broadcast.id), {
    auctionId: auction.id,
    title: lotTitle(broadcast.category.words, broadcast.topics, world.random),
    startingPrice: price,
    currency: 'USD',
  })
  planBid(world, broadcast, auction)
  after(world, world.random.between(20, 50), () => {
    if (broadcast.auction !== auction) return
    endAuction(world, broadcast)
    planAuctions(world, broadcast)
  })
}

function planBid(world: World, broadcast: Broadcast, auction: Auction): void {
  const gap = Math.max(0.5, 15 / Math.max(1, broadcast.viewers.length))
  after(world, world.random.exponential(gap), () => {
    if (broadcast.auction !== auction) return
    bid(world, broadcast, auction)
    planBid(world, broadcast, auction)
  })
}

/** Somebody in the room bids, unless leading already or unwilling to pay that much. */
function bid(world: World, broadcast: Broadcast, auction: Auction): void {
  if (broadcast.viewers.length === 0) return
  const { user, appeal } = world.random.pick(broadcast.viewers)
  const amount = auction.leader ? Math.round(auction.price * world.random.between(1.03, 1.12)) + 50 : auction.price
  const limit = broadcast.price * user.budget * (0.3 + 1.5 * appeal)
  if (user === auction.leader || amount > limit) return
  auction.leader = user
  auction.price = amount
  world.emitter.emit('BidPlaced', entityKey('livestream', broadcast.id), {
    auctionId: auction.id,
    userId: user.id,
    sellerId: broadcast.seller.id,
    category: broadcast.category.label,
    amount,
    currency: 'USD',
  })
}

/** Closes the running auction, if there is one; the winner pays when still in the room. */
export function endAuction(world: World, broadcast: Broadcast): void {
  const { auction } = broadcast
  if (!auction) return
  broadcast.auction = null
  const { leader, price } = auction
  world.emitter.emit('AuctionEnded', entityKey('livestream', broadcast.id), {
    auctionId: auction.id, ...(leader && { winnerId: leader.id, amount: price, currency: 'USD' }),
  })
  const winner = leader && world.sessionOf.get(leader.index)
  if (winner?.broadcast === broadcast) purchase(world, winner, broadcast, price)
}
