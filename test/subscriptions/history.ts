import fc from 'fast-check'
import type { EntityKey } from '../../events/entity.ts'
import type { NewRecord } from '../../events/log.ts'
import { encodeAnnouncement, type Announcement } from '../../ingest/announcement.ts'
import type { Progress } from '../../ingest/changes.ts'

/** What may come on a shard of `changes`. */
export type Happening =
  /** A batch: entities whose fields change, then entities whose metrics move. */
  | { kind: 'batch'; changed: readonly string[]; counted: readonly string[] }
  /** The last batch is appended once more, as after an answer that was lost. */
  | { kind: 'repeated' }
  /** The beginning of a batch whose owner dies. */
  | { kind: 'torn'; changed: readonly string[] }
  /** Another owner begins. */
  | { kind: 'claimed' }
  /** A former owner's batch, too late. */
  | { kind: 'void'; changed: readonly string[] }

const names = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 3 })
export const happenings: fc.Arbitrary<readonly Happening[]> = fc.array(fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('batch' as const), changed: names, counted: names }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'repeated' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('torn' as const), changed: names }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'claimed' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('void' as const), changed: names }) },
), { maxLength: 12 })

/** An item as subscribers are to get it: each is named once in a history. */
export type Item = `${'changed' | 'counted'} ${EntityKey} ${number}/${number}`

/** A shard of `changes` as its owners would write it, and what is to be read from it. */
export class ShardHistory {
  readonly shard: number
  readonly #topic: string
  #epoch = 1
  #sequence = -1
  #revision = 0
  #last: NewRecord[] = []
  /** Items of the batches that count, in order. */
  readonly batches: Item[][] = []

  constructor(topic: string, shard: number) {
    this.#topic = topic
    this.shard = shard
  }

  /** The appends that this makes. Names are of entities whose key is said to fall here. */
  append(happening: Happening, at = 0): NewRecord[][] {
    if (happening.kind === 'repeated') return this.#last.length > 0 ? [this.#last] : []
    if (happening.kind === 'claimed') {
      this.#epoch++
      const claim: Progress = {
        type: 'Progress', shard: this.shard, epoch: this.#epoch, sequence: -1, index: 0, covered: {}, rekeyed: {}, noops: 0, deadLetters: 0, appliedAt: at, ownership: 'claimed',
      }
      return [[{ topic: this.#topic, key: null, partition: this.shard, value: Buffer.from(JSON.stringify(claim)) }]]
    }
    const counted = happening.kind === 'batch' ? happening.counted : []
    const records = this.#batch(happening.changed, counted, at, happening.kind === 'void' ? this.#epoch - 1 : this.#epoch)
    // An owner that lives appends the same batch again; after one that has died there is another one.
    if (happening.kind === 'torn') return [records.slice(0, -1), ...this.append({ kind: 'claimed' })].filter((part) => part.length > 0)
    if (happening.kind === 'void') return this.#epoch > 1 ? [records] : []
    this.#sequence++
    this.batches.push(this.itemsOf(happening.changed, counted))
    this.#last = records
    return [records]
  }

  itemsOf(changed: readonly string[], counted: readonly string[]): Item[] {
    const key = (name: string): EntityKey => `livestream:${this.shard}${name}`
    return [...changed.map((name): Item => `changed ${key(name)} ${this.shard}/${this.#sequence}`),
      ...[...new Set(counted)].map((name): Item => `counted ${key(name)} ${this.shard}/${this.#sequence}`)]
  }

  #batch(changed: readonly string[], counted: readonly string[], at: number, epoch: number): NewRecord[] {
    const announcement: Announcement = {
      shard: this.shard, epoch, sequence: this.#sequence + 1, appliedAt: at,
      entities: changed.map((name) => ({
        entity: `livestream:${this.shard}${name}`, revision: ++this.#revision, operation: 'updated', changed: { title: 'before' }, after: { title: 'after' },
        eventTime: at, appendedAt: at, events: [],
      })),
      metrics: new Map(counted.map((name) => [`livestream:${this.shard}${name}`, []])),
      metricsEventTime: at, metricsAppendedAt: at,
      progress: { covered: {}, rekeyed: {}, noops: 0, deadLetters: 0 },
    }
    return encodeAnnouncement(this.#topic, announcement, 1e6).flat()
  }
}
