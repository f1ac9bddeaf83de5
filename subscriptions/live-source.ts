import { isDeepStrictEqual } from 'node:util'
import { entityKey, type EntityKey } from '../events/entity.ts'
import type { ChangeBatch } from '../ingest/change-reader.ts'
import type { Filter } from '../search/filter.ts'
import { compileFilter } from '../search/matches.ts'
import type { EntityIndex, StoredEntity } from '../search/entity-index.ts'
import type { FilteredChange, LiveSource } from '../resolvers/context.ts'
import type { FeedPage, FeedRequest, FeedService } from '../resolvers/feed/feed-service.ts'
import type { ChangeHub } from './change-hub.ts'
import type { Cursors } from './cursor.ts'
import { closing } from './closing.ts'
import type { EventTail } from './event-tail.ts'
import { kindOf, mergeMoves, moveOf, type Matcher, type Move } from './filtered.ts'
import { liveFeed } from './live-feed.ts'
import { ConflatingMailbox } from './mailbox.ts'

export interface LiveSourceOptions {
  hub: ChangeHub
  cursors: Cursors
  tail: EventTail
  index: EntityIndex
  feed: FeedService
}

/** Subscriptions from `changes`. Each listens first and asks second, so that nothing falls between. */
export function createLiveSource({ hub, tail, index, feed }: LiveSourceOptions): LiveSource {
  const read = async (id: string): Promise<StoredEntity | null> => (await index.getMany('livestream', [id]))[0] ?? null

  function livestream(id: string): AsyncIterable<StoredEntity | null> {
    const key = entityKey('livestream', id)
    const dirty = listen<EntityKey, true>((batch, put) => {
      if (batch.entities.some(({ entity }) => entity === key)) put(key, true)
    })
    return closing(states(), () => void dirty.return())

    async function* states() {
      let current = await read(id)
      yield current
      for await (const _ of dirty) {
        const next = await read(id)
        // The index has copies of metrics before they are announced, under the revision that another change may yet get.
        if (next?.revision === current?.revision && isDeepStrictEqual(next?.fields, current?.fields)) continue
        current = next
        yield next
      }
    }
  }

  function livestreams(filter: Filter | undefined): AsyncIterable<FilteredChange> {
    const matches: Matcher = filter ? compileFilter('livestream', filter) : () => true
    const moves = listen<string, Move>((batch, put) => {
      for (const change of batch.entities) {
        if (!change.entity.startsWith('livestream:')) continue
        const move = moveOf(change, matches)
        if (move) put(move.id, move)
      }
    }, mergeMoves)
    return closing(changes(), () => void moves.return())

    async function* changes() {
      for await (const move of moves) yield { kind: kindOf(move), id: move.id, livestream: await read(move.id) }
    }
  }

  function metrics(entities: readonly EntityKey[]): AsyncIterable<EntityKey> {
    const wanted = new Set(entities)
    const dirty = listen<EntityKey, EntityKey>((batch, put) => {
      for (const record of batch.metrics)
        for (const { entity } of record.entities) if (wanted.has(entity)) put(entity, entity)
    })
    for (const entity of wanted) dirty.put(entity, entity)
    return dirty
  }

  /** A mailbox that `onBatch` fills from the hub until either side ends it. */
  function listen<K, V>(
    onBatch: (batch: ChangeBatch, put: (key: K, value: V) => void) => void,
    merge?: (waiting: V, next: V) => V | undefined,
  ): ConflatingMailbox<K, V> {
    const mailbox = new ConflatingMailbox<K, V>({ merge, onEnd: () => leave() })
    const leave = hub.listen(({ batch }) => onBatch(batch, (key, value) => mailbox.put(key, value)), (error) => mailbox.end(error))
    return mailbox
  }

  return {
    livestream,
    livestreams,
    metrics,
    feed: (request: FeedRequest, throttleMs: number): AsyncIterable<FeedPage> => liveFeed({ hub, feed, request, throttleMs }),
    events: (types) => tail.subscribe(types),
  }
}
