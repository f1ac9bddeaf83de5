import type { Agenda } from './agenda.ts'
import type { Emitter } from './emitter.ts'
import type { Latent } from './latent.ts'
import type { Category, People, Person, Seller } from './people.ts'
import type { Random } from './random.ts'

/** A stream as the market knows it. Times are in market seconds. */
export interface Broadcast {
  id: string
  seller: Seller
  category: Category
  topics: string[]
  title: string
  tags: string[]
  description: string
  state: 'scheduled' | 'live' | 'ended'
  startedAt: number
  endsAt: number
  viewers: Session[]
  /** Index in the list of live streams. */
  place: number
  auction: Auction | null
  giveawayId: string | null
  /** Hidden. */
  latent: Latent
  quality: number
  stamina: number
  /** Median price in cents. */
  price: number
}

export interface Auction {
  id: string
  price: number
  leader: Person | null
}

/** Somebody who is online. */
export interface Session {
  user: Person
  place: number
  /** What is being watched, and the index among its viewers. */
  broadcast: Broadcast | null
  seat: number
  /** Rises with every stream opened or left: what was planned for a former one is then void. */
  visit: number
  appeal: number
  lastBeat: number
  leavesAt: number
  /** The served feed that led here. */
  feed: { feedId: string; position: number } | null
  /** Waits for an answer of the feed. */
  asking: boolean
}

/** What the parts of the market share. */
export interface World {
  seed: number
  run: number
  people: People
  random: Random
  /** For what people and sellers do with their accounts. */
  accounts: Random
  agenda: Agenda<() => void>
  emitter: Emitter
  /** Market seconds since the start. */
  now: number
  /** Milliseconds since the epoch of a market time. */
  eventTimeOf(marketSeconds: number): number
  live: Broadcast[]
  /** Live or scheduled, by id. */
  open: Map<string, Broadcast>
  /** Shows created in this run. */
  broadcasts: number
  /** Live or scheduled, by seller index: a seller is in one place at a time. */
  engaged: Map<number, Broadcast>
  sessions: Session[]
  sessionOf: Map<number, Session>
  /** Ids of users and sellers that the log knows. */
  registered: Set<string>
  /** Who follows whom, by `followKey`. */
  following: Set<string>
  /** Share of choices that ask the served feed, 0 to 1. */
  feedShare: number
  /** Who waits for an answer of the feed and has not been handed out yet. */
  asking: Session[]
}

export const followKey = (user: Person, seller: Seller): string => `${user.index}/${seller.index}`

/** Plans `what` for `seconds` from now. */
export const after = (world: World, seconds: number, what: () => void): void =>
  world.agenda.plan(world.now + seconds, what)
