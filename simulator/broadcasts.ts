import { entityKey } from '../events/entity.ts'
import { endShow } from './accounts.ts'
import { endAuction, planAuctions } from './auctions.ts'
import { scatter } from './audience.ts'
import { blend, randomLatent } from './latent.ts'
import type { Seller } from './people.ts'
import { topicLatent } from './people.ts'
import { publishEmbedding, registerSeller } from './registry.ts'
import { listing } from './texts.ts'
import type { Broadcast, World } from './world.ts'
import { after } from './world.ts'

/** A new show of a seller who is free; `null` where all are busy. Not announced yet. */
export function createBroadcast(world: World): Broadcast | null {
  const seller = freeSeller(world)
  if (!seller) return null
  const { random } = world
  const category = seller.categories.length > 1 && random.chance(0.3) ? seller.categories[1] : seller.categories[0]
  if (!category) throw new Error(`expected ${seller.id} to sell in a category, it has none`)
  const topics = random.sample(category.words.topics, 1 + random.below(2))
  const broadcast: Broadcast = {
    id: `live-${world.run}-${++world.broadcasts}`,
    seller,
    category,
    topics,
    ...listing(category.words, topics, random),
    state: 'scheduled',
    startedAt: Infinity,
    endsAt: Infinity,
    viewers: [],
    place: -1,
    auction: null,
    giveawayId: null,
    latent: blend([
      { weight: 1, latent: topicLatent(category, topics) },
      { weight: 0.3, latent: seller.latent },
      { weight: 0.2, latent: randomLatent(random) },
    ]),
    quality: Math.min(1, Math.max(0, seller.quality + 0.12 * random.normal())),
    stamina: random.between(900, 3_600),
    price: Math.round(category.words.price * Math.exp(0.35 * random.normal())),
  }
  world.engaged.set(seller.index, broadcast)
  world.open.set(broadcast.id, broadcast)
  if (!world.registered.has(seller.id)) registerSeller(world, seller)
  return broadcast
}

function freeSeller(world: World): Seller | null {
  const { sellers } = world.people
  const first = world.random.below(sellers.length)
  for (let step = 0; step < sellers.length; step++) {
    const seller = sellers[(first + step) % sellers.length] as Seller
    if (!world.engaged.has(seller.index)) return seller
  }
  return null
}

const description = (broadcast: Broadcast) => ({
  sellerId: broadcast.seller.id,
  title: broadcast.title,
  description: broadcast.description,
  category: broadcast.category.label,
  tags: broadcast.tags,
  language: 'en',
  thumbnailUrl: `https://images.example/${broadcast.id}.jpg`,
})

/** Announces a show that starts in `seconds`. */
export function scheduleBroadcast(world: World, broadcast: Broadcast, seconds: number): void {
  world.emitter.emit('LivestreamScheduled', entityKey('livestream', broadcast.id), {
    ...description(broadcast), scheduledFor: new Date(world.eventTimeOf(world.now + seconds)).toISOString(),
  })
  publishEmbedding(world, 'livestream', broadcast.id, broadcast.latent)
  after(world, seconds, () => startBroadcast(world, broadcast, showSeconds(world, broadcast)))
}

export const showSeconds = (world: World, broadcast: Broadcast): number =>
  Math.max(180, broadcast.seller.showSeconds * Math.exp(0.3 * world.random.normal()))

/** A show that was announced before says no more than that it starts. */
export function startBroadcast(world: World, broadcast: Broadcast, seconds: number, announced = true): void {
  broadcast.state = 'live'
  broadcast.startedAt = world.now
  broadcast.endsAt = world.now + seconds
  broadcast.place = world.live.push(broadcast) - 1
  world.emitter.emit('LivestreamStarted', entityKey('livestream', broadcast.id), announced ? {} : description(broadcast))
  if (!announced) publishEmbedding(world, 'livestream', broadcast.id, broadcast.latent)
  planAuctions(world, broadcast)
  planGiveaway(world, broadcast)
  planEmbeddings(world, broadcast)
  after(world, seconds * world.random.between(0.2, 2), () => changeListing(world, broadcast))
  after(world, seconds, () => endBroadcast(world, broadcast))
}

/** Closes what runs in it, sends everybody on and frees the seller. */
function endBroadcast(world: World, broadcast: Broadcast): void {
  endAuction(world, broadcast)
  endGiveaway(world, broadcast)
  broadcast.state = 'ended'
  const last = world.live.pop() as Broadcast
  if (last !== broadcast) {
    world.live[broadcast.place] = last
    last.place = broadcast.place
  }
  world.engaged.delete(broadcast.seller.index)
  world.open.delete(broadcast.id)
  scatter(world, broadcast)
  world.emitter.emit('LivestreamEnded', entityKey('livestream', broadcast.id), { reason: 'finished' })
  endShow(world, broadcast.seller)
}

/** Half of the shows change what they are about once. */
function changeListing(world: World, broadcast: Broadcast): void {
  if (broadcast.state !== 'live') return
  const changed = listing(broadcast.category.words, broadcast.topics, world.random)
  Object.assign(broadcast, changed)
  world.emitter.emit('LivestreamChanged', entityKey('livestream', broadcast.id), { title: changed.title, tags: changed.tags })
}

function planEmbeddings(world: World, broadcast: Broadcast): void {
  after(world, world.random.between(240, 360), () => {
    if (broadcast.state !== 'live') return
    publishEmbedding(world, 'livestream', broadcast.id, broadcast.latent)
    planEmbeddings(world, broadcast)
  })
}

function planGiveaway(world: World, broadcast: Broadcast): void {
  after(world, world.random.exponential(600), () => {
    if (broadcast.state !== 'live') return
    const giveawayId = `giveaway-${world.run}-${world.emitter.count + 1}`
    broadcast.giveawayId = giveawayId
    world.emitter.emit('GiveawayStarted', entityKey('livestream', broadcast.id),
      { giveawayId, title: `Free ${broadcast.topics[0]}` })
    after(world, 60, () => {
      if (broadcast.giveawayId !== giveawayId) return
      endGiveaway(world, broadcast)
      planGiveaway(world, broadcast)
    })
  })
}

function endGiveaway(world: World, broadcast: Broadcast): void {
  const { giveawayId } = broadcast
  if (!giveawayId) return
  broadcast.giveawayId = null
  const winnerIds = world.random.sample(broadcast.viewers, 1).map((session) => session.user.id)
  world.emitter.emit('GiveawayEnded', entityKey('livestream', broadcast.id), { giveawayId, winnerIds })
}
