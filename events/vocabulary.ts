import type { Static, TSchema } from 'typebox'
import type { EntityKey, EntityKind } from './entity.ts'
import type { Topics } from './topics.ts'
import * as embeddings from './types/embeddings.ts'
import * as engagements from './types/engagements.ts'
import * as livestreams from './types/livestreams.ts'
import * as predictions from './types/predictions.ts'
import * as sellers from './types/sellers.ts'
import * as users from './types/users.ts'

/** What the vocabulary says of one event type. */
export interface EventTypeDefinition<Data extends TSchema = TSchema> {
  topic: keyof Topics
  /** Which kinds of entity its subject may be. */
  subjects: readonly EntityKind[]
  /** Raised with each change of the schema; changes are backward compatible within a type (`freshet check`). */
  version: number
  data: Data
}

const define = <Data extends TSchema>(
  topic: keyof Topics, subjects: readonly EntityKind[], version: number, data: Data,
): EventTypeDefinition<Data> => ({ topic, subjects, version, data })

/** Every event type, once: schemas, topics, the TypeScript union and the documentation derive from this list. */
export const eventTypes = {
  UserRegistered: define('users', ['user'], 1, users.UserRegistered),
  UserProfileChanged: define('users', ['user'], 1, users.UserProfileChanged),
  UserDeleted: define('users', ['user'], 1, users.UserDeleted),
  SellerRegistered: define('sellers', ['seller'], 1, sellers.SellerRegistered),
  SellerProfileChanged: define('sellers', ['seller'], 1, sellers.SellerProfileChanged),
  SellerDeleted: define('sellers', ['seller'], 1, sellers.SellerDeleted),
  LivestreamScheduled: define('livestreams', ['livestream'], 1, livestreams.LivestreamScheduled),
  LivestreamStarted: define('livestreams', ['livestream'], 1, livestreams.LivestreamStarted),
  LivestreamChanged: define('livestreams', ['livestream'], 1, livestreams.LivestreamChanged),
  LivestreamEnded: define('livestreams', ['livestream'], 1, livestreams.LivestreamEnded),
  AuctionStarted: define('livestreams', ['livestream'], 1, livestreams.AuctionStarted),
  BidPlaced: define('livestreams', ['livestream'], 1, livestreams.BidPlaced),
  AuctionEnded: define('livestreams', ['livestream'], 1, livestreams.AuctionEnded),
  GiveawayStarted: define('livestreams', ['livestream'], 1, livestreams.GiveawayStarted),
  GiveawayEnded: define('livestreams', ['livestream'], 1, livestreams.GiveawayEnded),
  LivestreamViewed: define('engagements', ['livestream'], 1, engagements.LivestreamViewed),
  ChatPosted: define('engagements', ['livestream'], 1, engagements.ChatPosted),
  LivestreamLiked: define('engagements', ['livestream'], 1, engagements.LivestreamLiked),
  // One may follow a seller from a stream or from the seller's own page.
  SellerFollowed: define('engagements', ['livestream', 'seller'], 1, engagements.SellerFollowed),
  SellerUnfollowed: define('engagements', ['livestream', 'seller'], 1, engagements.SellerUnfollowed),
  LivestreamShared: define('engagements', ['livestream'], 1, engagements.LivestreamShared),
  PurchaseMade: define('engagements', ['livestream'], 1, engagements.PurchaseMade),
  EmbeddingComputed: define('embeddings', ['user', 'seller', 'livestream'], 1, embeddings.EmbeddingComputed),
  FeedServed: define('predictions', ['user'], 1, predictions.FeedServed),
} as const

export type EventType = keyof typeof eventTypes
/** The types that ingest projects (what it reads from the domain topics). */
export type DomainEventType = Exclude<EventType, 'FeedServed'>
export type EventData<T extends EventType> = Static<(typeof eventTypes)[T]['data']>

/** A validated CloudEvent 1.0 (JSON format) of one of our types. Attributes that we do not know are kept. */
export interface FreshetEvent<T extends EventType = EventType> {
  specversion: '1.0'
  id: string
  source: string
  type: T
  /** RFC 3339: when it happened. */
  time: string
  /** The entity it is about, also the record key. */
  subject: EntityKey
  datacontenttype?: string
  dataschema?: string
  data: EventData<T>
}

/** The past-tense union: a `switch` over `type` is exhaustive. */
export type DomainEvent = { [T in DomainEventType]: FreshetEvent<T> }[DomainEventType]

/** `urn:freshet:event:LivestreamStarted:1` */
export const dataSchemaOf = (type: EventType): string => `urn:freshet:event:${type}:${eventTypes[type].version}`
