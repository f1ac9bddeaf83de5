import type { DomainEvent, DomainEventType, FreshetEvent } from '../../events/vocabulary.ts'

const time = '2026-03-01T11:59:58.250Z'
const envelope = <T extends DomainEventType>(type: T, subject: string, data: FreshetEvent<T>['data']) =>
  ({ specversion: '1.0', id: `${type}-1`, source: '/marketplace', type, time, subject, data }) as FreshetEvent<T>

const engagement = { userId: 'u-7', sellerId: 'se-3', category: 'vintage-cameras', feedId: 'feed-9', position: 2 }

/** One right event of every type that producers write. */
export const examples: { [T in DomainEventType]: Extract<DomainEvent, { type: T }> } = {
  UserRegistered: envelope('UserRegistered', 'user:u-7', { name: 'Ada', interests: ['art'], language: 'pt-BR', country: 'BR' }),
  UserProfileChanged: envelope('UserProfileChanged', 'user:u-7', { bio: '' }),
  UserDeleted: envelope('UserDeleted', 'user:u-7', {}),
  SellerRegistered: envelope('SellerRegistered', 'seller:se-3', { name: 'Lens & Co', verified: true, rating: 4.5 }),
  SellerProfileChanged: envelope('SellerProfileChanged', 'seller:se-3', { categories: ['vintage-cameras'] }),
  SellerDeleted: envelope('SellerDeleted', 'seller:se-3', { reason: 'closed' }),
  LivestreamScheduled: envelope('LivestreamScheduled', 'livestream:ls-42',
    { sellerId: 'se-3', title: 'Cameras', scheduledFor: '2026-03-02T18:00:00+01:00', tags: ['film'] }),
  LivestreamStarted: envelope('LivestreamStarted', 'livestream:ls-42', {}),
  LivestreamChanged: envelope('LivestreamChanged', 'livestream:ls-42', { description: 'Now with lenses' }),
  LivestreamEnded: envelope('LivestreamEnded', 'livestream:ls-42', {}),
  AuctionStarted: envelope('AuctionStarted', 'livestream:ls-42', { auctionId: 'a-1', startingPrice: 500, currency: 'EUR' }),
  BidPlaced: envelope('BidPlaced', 'livestream:ls-42',
    { auctionId: 'a-1', userId: 'u-7', sellerId: 'se-3', amount: 1250, currency: 'EUR' }),
  AuctionEnded: envelope('AuctionEnded', 'livestream:ls-42', { auctionId: 'a-1', winnerId: 'u-7', amount: 1250, currency: 'EUR' }),
  GiveawayStarted: envelope('GiveawayStarted', 'livestream:ls-42', { giveawayId: 'g-1' }),
  GiveawayEnded: envelope('GiveawayEnded', 'livestream:ls-42', { giveawayId: 'g-1', winnerIds: ['u-7'] }),
  LivestreamViewed: envelope('LivestreamViewed', 'livestream:ls-42', { ...engagement, watchSeconds: 15 }),
  ChatPosted: envelope('ChatPosted', 'livestream:ls-42', { ...engagement, message: 'Is that a Summicron? 🦊' }),
  LivestreamLiked: envelope('LivestreamLiked', 'livestream:ls-42', engagement),
  SellerFollowed: envelope('SellerFollowed', 'livestream:ls-42', engagement),
  SellerUnfollowed: envelope('SellerUnfollowed', 'seller:se-3', { userId: 'u-7', sellerId: 'se-3' }),
  LivestreamShared: envelope('LivestreamShared', 'livestream:ls-42', { ...engagement, channel: 'mail' }),
  PurchaseMade: envelope('PurchaseMade', 'livestream:ls-42', { ...engagement, orderId: 'o-5', amount: 9900, currency: 'EUR', quantity: 1 }),
  EmbeddingComputed: envelope('EmbeddingComputed', 'livestream:ls-42', { model: 'hash:v1', dimensions: 3, vector: [0.5, -0.25, 0] }),
}
