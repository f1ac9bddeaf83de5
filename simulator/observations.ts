import { parseEntityKey } from '../events/entity.ts'
import type { DomainEvent } from '../events/vocabulary.ts'

/** What anybody who reads the log can know of a stream. Windows are the five minutes before the moment asked for. */
export interface ObservedLivestream {
  id: string
  sellerId: string
  category: string | undefined
  title: string
  tags: readonly string[]
  /** Milliseconds since the epoch. */
  startedAt: number
  embedding: readonly number[] | undefined
  /** People with a heartbeat in the last 30 s. */
  viewers: number
  watchSeconds: number
  chats: number
  likes: number
  bids: number
  purchases: number
  /** Cents. */
  revenue: number
}

export interface ObservedUser {
  id: string
  interests: readonly string[]
  embedding: readonly number[] | undefined
  /** Ids of sellers. */
  follows: ReadonlySet<string>
  watchSecondsBySeller: ReadonlyMap<string, number>
  watchSecondsByCategory: ReadonlyMap<string, number>
  purchasesBySeller: ReadonlyMap<string, number>
}

/** A plain reader of the log that keeps what a ranking could know, without a system under test. */
export interface Observations {
  apply(event: DomainEvent): void
  /** Streams that are live, as seen at `now` (milliseconds since the epoch). */
  live(now: number): ObservedLivestream[]
  user(id: string): ObservedUser
}

const WINDOW_MS = 300_000
const PRESENT_MS = 30_000

type Counted = 'watchSeconds' | 'chats' | 'likes' | 'bids' | 'purchases' | 'revenue'
type Tally = Record<Counted | 'at', number>

interface Stream {
  sellerId: string
  category: string | undefined
  title: string
  tags: readonly string[]
  startedAt: number | null
  seen: Map<string, number>
  tallies: Tally[]
}

interface User {
  interests: readonly string[]
  follows: Set<string>
  watchSecondsBySeller: Map<string, number>
  watchSecondsByCategory: Map<string, number>
  purchasesBySeller: Map<string, number>
}

const increase = (counts: Map<string, number>, key: string, by: number): void => {
  counts.set(key, (counts.get(key) ?? 0) + by)
}

export function createObservations(): Observations {
  const streams = new Map<string, Stream>()
  const users = new Map<string, User>()
  const embeddings = new Map<string, readonly number[]>()

  const userOf = (id: string): User => {
    let user = users.get(id)
    if (!user) {
      user = {
        interests: [], follows: new Set(), watchSecondsBySeller: new Map(), watchSecondsByCategory: new Map(),
        purchasesBySeller: new Map(),
      }
      users.set(id, user)
    }
    return user
  }
  const list = (id: string, data: { sellerId?: string; category?: string; title?: string; tags?: string[] }): Stream => {
    let stream = streams.get(id)
    if (!stream) {
      stream = { sellerId: '', category: undefined, title: '', tags: [], startedAt: null, seen: new Map(), tallies: [] }
      streams.set(id, stream)
    }
    stream.sellerId = data.sellerId ?? stream.sellerId
    stream.category = data.category ?? stream.category
    stream.title = data.title ?? stream.title
    stream.tags = data.tags ?? stream.tags
    return stream
  }
  const count = (id: string, at: number, what: Counted, by = 1): void => {
    const stream = streams.get(id)
    if (!stream) return
    // One tally per ten seconds.
    const slot = Math.floor(at / 10_000) * 10_000
    let tally = stream.tallies.find((other) => other.at === slot)
    if (!tally) {
      tally = { at: slot, watchSeconds: 0, chats: 0, likes: 0, bids: 0, purchases: 0, revenue: 0 }
      stream.tallies.push(tally)
      stream.tallies = stream.tallies.filter((other) => other.at > slot - WINDOW_MS)
    }
    tally[what] += by
  }

  return {
    apply(event) {
      const at = Date.parse(event.time)
      const id = parseEntityKey(event.subject)?.id ?? ''
      switch (event.type) {
        case 'UserRegistered': case 'UserProfileChanged':
          userOf(id).interests = event.data.interests ?? userOf(id).interests
          break
        case 'EmbeddingComputed': embeddings.set(event.subject, event.data.vector); break
        case 'LivestreamScheduled': case 'LivestreamChanged': list(id, event.data); break
        case 'LivestreamStarted': list(id, event.data).startedAt = at; break
        case 'LivestreamEnded': streams.delete(id); break
        case 'LivestreamViewed': {
          const { userId, sellerId, category, watchSeconds } = event.data
          count(id, at, 'watchSeconds', watchSeconds)
          streams.get(id)?.seen.set(userId, at)
          increase(userOf(userId).watchSecondsBySeller, sellerId, watchSeconds)
          if (category) increase(userOf(userId).watchSecondsByCategory, category, watchSeconds)
          break
        }
        case 'ChatPosted': count(id, at, 'chats'); break
        case 'LivestreamLiked': count(id, at, 'likes'); break
        case 'BidPlaced': count(id, at, 'bids'); break
        case 'PurchaseMade':
          count(id, at, 'purchases')
          count(id, at, 'revenue', event.data.amount)
          increase(userOf(event.data.userId).purchasesBySeller, event.data.sellerId, 1)
          break
        case 'SellerFollowed': userOf(event.data.userId).follows.add(event.data.sellerId); break
        case 'SellerUnfollowed': userOf(event.data.userId).follows.delete(event.data.sellerId); break
        case 'UserDeleted': users.delete(id); break
        case 'SellerRegistered': case 'SellerProfileChanged': case 'SellerDeleted':
        case 'AuctionStarted': case 'AuctionEnded': case 'GiveawayStarted': case 'GiveawayEnded':
        case 'LivestreamShared':
          break
      }
    },
    live(now) {
      return [...streams].flatMap(([id, stream]): ObservedLivestream[] => {
        const { startedAt, sellerId, category, title, tags } = stream
        if (startedAt === null) return []
        for (const [userId, at] of stream.seen) if (at < now - PRESENT_MS) stream.seen.delete(userId)
        const recent = stream.tallies.filter((tally) => tally.at > now - WINDOW_MS)
        const sum = (what: Counted): number => recent.reduce((total, tally) => total + tally[what], 0)
        return [{
          id, sellerId, category, title, tags, startedAt,
          embedding: embeddings.get(`livestream:${id}`),
          viewers: stream.seen.size,
          watchSeconds: sum('watchSeconds'), chats: sum('chats'), likes: sum('likes'), bids: sum('bids'),
          purchases: sum('purchases'), revenue: sum('revenue'),
        }]
      })
    },
    user: (id) => ({ id, embedding: embeddings.get(`user:${id}`), ...userOf(id) }),
  }
}
