import type { Freshet, Published } from '../../support/freshet.ts'

/** A small market that every scenario knows by heart. Scenarios that change something change entities of their own. */
const topics = ['shoes', 'books', 'toys'] as const

const titles = [
  'Red running shoes', 'Crime novels', 'Wooden trains', 'Blue dancing shoes', 'Poetry night', 'Puppet theatre',
  'Winter boots', 'Cookbooks', 'Board games', 'Summer sandals', 'Atlases', 'Kites',
] as const

export const nameOf = (i: number): string => `l-${String(i).padStart(2, '0')}`
export const sellerOf = (i: number): string => `s-${topics[i % 3]}`

/** l-00 … l-08 are live, l-09 and l-10 are to come, l-11 is over. */
export const liveIds = Array.from({ length: 9 }, (_, i) => nameOf(i))
export const allIds = titles.map((_, i) => nameOf(i))

/** Starts a minute apart, the youngest first. */
export const startedAt = (now: number, i: number): number => now - (i + 1) * 60_000

const vectorOf = (i: number): number[] => [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0]][i % 3]!.map((value) => value + i / 100)

export function marketEvents(now: number): Published[] {
  const at = (ms: number): string => new Date(ms).toISOString()
  const recently = at(now - 10_000)
  const events: Published[] = [
    { type: 'UserRegistered', subject: 'user:ada', data: { name: 'Ada', interests: ['shoes'], language: 'en', country: 'GB', bio: 'Runs.' } },
    { type: 'UserRegistered', subject: 'user:bob', data: { name: 'Bob', interests: ['toys', 'books'], country: 'DE' } },
    ...topics.map((topic, i): Published => ({
      type: 'SellerRegistered', subject: `seller:s-${topic}`,
      data: { name: `The ${topic} shop`, description: `Sells ${topic}.`, categories: [topic], country: ['DE', 'FR', 'GB'][i], verified: i !== 1, rating: 3 + i / 2, language: 'en' },
    })),
  ]
  for (const [i, title] of titles.entries()) {
    const subject = `livestream:${nameOf(i)}`
    const listing = {
      sellerId: sellerOf(i), title, description: `All about ${title.toLowerCase()}`, category: topics[i % 3],
      tags: i % 2 === 0 ? ['even', topics[i % 3]] : ['odd'], ...(i === 4 ? {} : { language: i % 4 === 0 ? 'de' : 'en' }),
    }
    if (i === 9 || i === 10)
      events.push({ type: 'LivestreamScheduled', subject, data: { ...listing, scheduledFor: at(now + i * 3_600_000) } })
    else events.push({ type: 'LivestreamStarted', subject, time: at(startedAt(now, i)), data: listing })
    if (i < 6) events.push({ type: 'EmbeddingComputed', subject, data: { model: 'taste', dimensions: 4, vector: vectorOf(i) } })
  }
  const shoes = { userId: 'ada', sellerId: 's-shoes', category: 'shoes' }
  const books = { userId: 'bob', sellerId: 's-books', category: 'books' }
  return [
    ...events,
    { type: 'EmbeddingComputed', subject: 'user:ada', data: { model: 'taste', dimensions: 4, vector: [2, 0, 0, 0] } },
    { type: 'LivestreamEnded', subject: 'livestream:l-11', data: {} },
    { type: 'AuctionStarted', subject: 'livestream:l-00', time: at(now - 20_000), data: { auctionId: 'a-0', startingPrice: 1_000, currency: 'EUR' } },
    { type: 'BidPlaced', subject: 'livestream:l-00', time: recently, data: { auctionId: 'a-0', amount: 1_500, currency: 'EUR', ...shoes } },
    { type: 'AuctionStarted', subject: 'livestream:l-01', data: { auctionId: 'a-1', startingPrice: 200, currency: 'USD' } },
    { type: 'AuctionEnded', subject: 'livestream:l-01', data: { auctionId: 'a-1' } },
    { type: 'GiveawayStarted', subject: 'livestream:l-03', data: { giveawayId: 'g-3' } },
    { type: 'LivestreamViewed', subject: 'livestream:l-00', time: recently, data: { ...shoes, watchSeconds: 30 } },
    { type: 'ChatPosted', subject: 'livestream:l-00', time: recently, data: { ...shoes, message: 'Which sizes?' } },
    { type: 'SellerFollowed', subject: 'livestream:l-00', time: recently, data: shoes },
    { type: 'LivestreamViewed', subject: 'livestream:l-01', time: recently, data: { ...books, watchSeconds: 20 } },
    { type: 'LivestreamLiked', subject: 'livestream:l-01', time: recently, data: books },
    { type: 'LivestreamShared', subject: 'livestream:l-01', time: recently, data: books },
    { type: 'PurchaseMade', subject: 'livestream:l-01', time: recently, data: { ...books, orderId: 'o-1', amount: 2_500, currency: 'EUR' } },
  ]
}

/** What scenarios are given: a Freshet that has the market, and the moment that the market is of. */
export interface Market {
  freshet: Freshet
  now: number
}

export async function fill(freshet: Freshet): Promise<Market> {
  const now = freshet.clock.now()
  await freshet.publish(...marketEvents(now))
  await freshet.settled()
  return { freshet, now }
}
