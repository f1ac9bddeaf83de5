import type { FreshetEvent } from '../../events/vocabulary.ts'
import { sourcesIn, type Profile } from '../../ranking/candidate.ts'
import { defaultDiversity, rank, scoreAll, type Ranked } from '../../ranking/rank.ts'
import { blend, type Model } from '../../ranking/score.ts'
import type { Placed } from '../../ranking/explore.ts'
import type { EntityFields } from '../../search/entities.ts'
import type { EntityIndex, StoredEntity } from '../../search/entity-index.ts'
import type { MetricView, UserAffinities } from '../../search/metrics.ts'
import { validateFilter } from '../../search/validate.ts'
import { normalised } from '../../search/vector-math.ts'
import { findCandidates, toCandidate, type Found, type Taste } from './candidates.ts'
import { decodeFeedCursor, encodeFeedCursor, hash32, maxFeedLength } from './cursor.ts'
import type { FeedItem, FeedPage, FeedRequest, FeedService } from './feed-service.ts'
import type { LiveStreams } from './live-streams.ts'
import type { LiveVectors } from './live-vectors.ts'
import { vectorSpaces } from './spaces.ts'
import type { ServedLog } from './served-log.ts'

export interface FeedOptions {
  index: EntityIndex
  /** Who is live, kept exact by changes. */
  live: LiveStreams
  /** Where the index is another process: spares the question who is nearest. */
  vectors?: Pick<LiveVectors, 'nearest'>
  /** The vector spaces, a taste's preferred ones first; asked of the index by default. */
  spaces?: () => Promise<readonly string[]>
  view: MetricView
  served: ServedLog
  /** The space of the gateway's own embedder: where a person has no other vector, that of their texts is used. */
  textSpace: string
  model?: Model
  /** One place in so many explores new sellers. Default 8; 0: none. */
  exploreEvery?: number
  clock: () => number
  random: () => number
  newId: () => string
}

/** Contenders whose vectors and status are asked for, per wanted item: the rest could not win anyway. */
const contendersPerItem = 4
/** A seller is new until so much attention (seconds watched in all) has been given. */
const newSellerWatchSeconds = 3_600

/** The feed over index, view and ranking. */
export function createFeedService(options: FeedOptions): FeedService {
  const { index, live, vectors, view, served, textSpace, model = blend, exploreEvery = 8, clock, newId } = options
  const spaces = options.spaces ?? vectorSpaces({ index, textSpace, clock })
  async function personOf(userId: string, now: number, signal?: AbortSignal): Promise<{ profile: Profile; taste: Taste | undefined }> {
    const names = await spaces()
    const [user] = await index.getMany('user', [userId], { withVectors: names, signal })
    const space = names.find((name) => user?.vectors?.[name]?.some((value) => value !== 0))
    const values = space === undefined ? undefined : user?.vectors?.[space]
    return {
      profile: profileOf(view.affinities(userId, now), user ?? null),
      taste: space !== undefined && values ? { space, values } : undefined,
    }
  }

  const isNew = (sellerId: string): boolean => view.total(`seller:${sellerId}`, 'watchSeconds') < newSellerWatchSeconds

  const measure = (id: string, now: number) => view.audience(`livestream:${id}`, now)

  /** Reads the best contenders once more, with vectors, and keeps those that are live at this moment. */
  async function stillLive(contenders: readonly Found[], taste: Taste | undefined, signal?: AbortSignal) {
    const fresh = await index.getMany('livestream', contenders.map(({ stream }) => stream.id), {
      withVectors: taste ? [taste.space] : undefined, signal,
    })
    return contenders.flatMap((found, place): (Found & { vector: Float32Array | undefined })[] => {
      const entity = fresh[place]
      const fields = entity?.fields as EntityFields<'livestream'> | undefined
      if (!entity || fields?.status !== 'LIVE') return []
      const vector = taste && entity.vectors?.[taste.space]
      return [{ ...found, stream: { ...found.stream, fields }, vector: vector && normalised(vector), similarity: found.similarity ?? cosine(taste?.values, vector) }]
    })
  }

  async function evaluate({ userId, first, after, filter, signal, random = options.random }: FeedRequest): Promise<{ page: FeedPage; note: () => void }> {
    const now = clock()
    if (filter) validateFilter('livestream', filter)
    const of = hash32(JSON.stringify([userId, filter ?? null]))
    const { feedId, shown } = after === undefined ? { feedId: newId(), shown: [] } : decodeFeedCursor(after, of)
    const room = Math.min(first, maxFeedLength - shown.length)
    if (shown.length >= maxFeedLength) return { page: { feedId, items: [], hasNextPage: false }, note: () => {} }

    await live.loaded()
    const { profile, taste } = await personOf(userId, now, signal)
    const found = await findCandidates({ index, live, vectors }, profile, taste, filter, { isNew, signal })
    const seen = new Set(shown)
    const open = [...found.values()].filter(({ stream }) => seen.size === 0 || !seen.has(hash32(stream.id)))
    const candidates = open.map((each) => toCandidate(each, measure(each.stream.id, now)))
    const contenders = scoreAll(candidates, profile, model, now)
      .slice(0, Math.max(50, contendersPerItem * room))
      .flatMap(({ candidate }) => found.get(candidate.id) ?? [])
    const alive = await stillLive(contenders, taste, signal)
    const ranked = rank(alive.map((each) => toCandidate(each, measure(each.stream.id, now), each.vector)), profile, {
      model, diversity: defaultDiversity, exploreEvery, count: room + 1, now, random,
    })

    const chosen = ranked.slice(0, room)
    const hasNextPage = ranked.length > room && shown.length + room < maxFeedLength
    return {
      page: { feedId, items: toItems(chosen, { feedId, of, shown }), hasNextPage },
      note: () => {
        if (chosen.length > 0) served.note(servedEvent({ feedId, userId, now, model, page: chosen, rankFrom: shown.length, newId }))
      },
    }
  }

  return {
    evaluate,
    async serve(request) {
      const { page, note } = await evaluate(request)
      note()
      return page
    },
  }
}

function profileOf({ sellers, categories, follows }: UserAffinities, user: StoredEntity | null): Profile {
  return {
    follows: new Set(follows),
    sellers: new Map(sellers.map((affinity) => [affinity.id, affinity])),
    categories: new Map(categories.map((affinity) => [affinity.id, affinity])),
    interests: new Set((user?.fields as EntityFields<'user'> | undefined)?.interests),
  }
}

/** Vectors are kept as they were sent, so their lengths are taken out here. */
function cosine(a: Float32Array | undefined, b: Float32Array | undefined): number | undefined {
  if (!a || !b || a.length !== b.length) return undefined
  let dot = 0, aa = 0, bb = 0
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!
    aa += a[i]! * a[i]!
    bb += b[i]! * b[i]!
  }
  return aa > 0 && bb > 0 ? dot / Math.sqrt(aa * bb) : undefined
}

function toItems(page: readonly Placed<Ranked>[], cursor: { feedId: string; of: number; shown: readonly number[] }): FeedItem[] {
  const hashes = page.map(({ item }) => hash32(item.candidate.id))
  return page.map(({ item: { candidate, score, parts } }, place) => ({
    livestreamId: candidate.id,
    rank: cursor.shown.length + place,
    score,
    scoreParts: parts,
    reasons: sourcesIn(candidate.sources),
    cursor: encodeFeedCursor({ ...cursor, shown: [...cursor.shown, ...hashes.slice(0, place + 1)] }),
  }))
}

function servedEvent({ feedId, userId, now, model, page, rankFrom, newId }: {
  feedId: string; userId: string; now: number; model: Model; page: readonly Placed<Ranked>[]; rankFrom: number; newId: () => string
}): FreshetEvent<'FeedServed'> {
  const time = new Date(now).toISOString()
  return {
    specversion: '1.0',
    id: newId(),
    source: 'freshet:feed',
    type: 'FeedServed',
    time,
    subject: `user:${userId}`,
    data: {
      feedId,
      userId,
      servedAt: time,
      model: model.name,
      items: page.map(({ item: { candidate, score, features }, propensity }, place) => ({
        livestreamId: candidate.id,
        position: rankFrom + place,
        score,
        propensity,
        features: { ...features },
        sources: sourcesIn(candidate.sources),
      })),
    },
  }
}
