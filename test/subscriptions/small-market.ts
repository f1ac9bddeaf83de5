import type { EntityChanged } from '../../ingest/changes.ts'
import type { ChangeBatch } from '../../ingest/change-reader.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import type { AnyFields, FieldValue } from '../../search/entities.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import type { ChangeLog } from '../../subscriptions/change-gaps.ts'
import { ChangeHub } from '../../subscriptions/change-hub.ts'

/** A livestream's fields, and its vector in the space `test`. */
export interface State {
  fields: AnyFields
  vector?: readonly number[]
}

export const space = 'test'
const shards = 2

/**
 * An index and a hub, and between them what ingest does: a change is applied first and announced later, by the shard of its
 * entity, in batches.
 */
export async function openMarket() {
  const index = await openEmbeddedIndex({ directory: null })
  const states = new Map<string, State>()
  const revisions = new Map<string, number>()
  const pending: EntityChanged[][] = Array.from({ length: shards }, () => [])
  const sequences = Array.from({ length: shards }, () => -1)
  let time = 1_000
  const waiting = new Set<() => void>()
  /** Told of each batch before the hub. */
  const first: ((batch: ChangeBatch) => void)[] = []
  const unread = (): never => {
    throw new Error('everything is in memory')
  }
  const log = { read: unread, starts: () => Promise.resolve({}), ends: () => Promise.resolve({}), positionsAt: unread }
  const hub = new ChangeHub({ log, topics: { changes: 'changes' } as never })
  hub.begin(new Map(sequences.map((sequence, shard) => [shard, { next: 0, epoch: 0, sequence }])))
  const changes: ChangeLog = { hub, log, topics: { changes: 'changes' } as never }
  const shardOf = (id: string): number => id.charCodeAt(id.length - 1) % shards

  async function apply(id: string, after: State | null): Promise<void> {
    const before = states.get(id) ?? null
    if (!before && !after) return
    const revision = (revisions.get(id) ?? 0) + 1
    revisions.set(id, revision)
    time++
    if (after) {
      const removed = Object.fromEntries(Object.keys(before?.fields ?? {}).filter((name) => !(name in after.fields)).map((name) => [name, null]))
      const vectors = after.vector ? { [space]: Float32Array.from(after.vector) } : before?.vector ? { [space]: null } : undefined
      await index.upsert([{ kind: 'livestream', id, fields: { ...removed, ...after.fields }, vectors, revision, eventTime: time, appliedAt: time }])
      states.set(id, after)
    } else {
      await index.delete([{ kind: 'livestream', id }])
      states.delete(id)
    }
    const changed: Record<string, FieldValue | null> = {}
    for (const name of new Set([...Object.keys(before?.fields ?? {}), ...Object.keys(after?.fields ?? {})])) {
      const [was, is] = [before?.fields[name], after?.fields[name]]
      if (JSON.stringify(was) !== JSON.stringify(is)) changed[name] = was ?? null
    }
    if (after && JSON.stringify(before?.vector) !== JSON.stringify(after.vector)) changed[`vector:${space}`] = null
    pending[shardOf(id)]!.push({
      type: 'EntityChanged', entity: `livestream:${id}`, revision, operation: !before ? 'created' : after ? 'updated' : 'deleted', changed,
      after: after?.fields ?? null, eventTime: time, appendedAt: time, appliedAt: time, events: [], shard: shardOf(id), epoch: 0, sequence: 0, index: 0,
    })
  }

  /** Says what a shard has applied; `lost`: its announcement is never read. */
  function announce(shard: number, { lost = false, metrics = [] }: { lost?: boolean; metrics?: ChangeBatch['metrics'] } = {}): void {
    const entities = pending[shard]!.splice(0)
    const sequence = ++sequences[shard]!
    const batch: ChangeBatch = {
      shard, epoch: 0, sequence, first: sequence * 10, next: (sequence + 1) * 10, bytes: 100, entities, metrics,
      progress: { type: 'Progress', shard, epoch: 0, sequence, index: 0, covered: {}, rekeyed: {}, noops: 0, deadLetters: 0, appliedAt: time },
    }
    if (lost) return
    for (const hear of first) hear(batch)
    hub.publish(batch)
    for (const look of waiting) look()
  }

  return {
    index, hub, first,
    /** Resolves once all that is applied now was announced. */
    settled(): Promise<void> {
      const due = new Set(pending.flat())
      return new Promise((resolve) => {
        const look = (): void => {
          if (pending.flat().some((change) => due.has(change))) return
          waiting.delete(look)
          resolve()
        }
        waiting.add(look)
        look()
      })
    },
    changes, states, apply, announce, shards, shardOf,
    announceAll: (): void => {
      for (let shard = 0; shard < shards; shard++) announce(shard)
    },
    async change(id: string, after: State | null): Promise<void> {
      await apply(id, after)
      announce(shardOf(id))
    },
    [Symbol.asyncDispose]: () => index.close(),
  }
}

export type SmallMarket = Awaited<ReturnType<typeof openMarket>>

/** The ids that a listing of the index gives. */
export const listed = async (index: EntityIndex, query: Omit<Parameters<EntityIndex['query']>[0], 'kind'>): Promise<string[]> =>
  (await index.query({ kind: 'livestream', ...query })).hits.map(({ entity }) => entity.id)

/** Waits, turn by turn, until something is the case. */
export async function until(isSo: () => boolean): Promise<void> {
  for (let turn = 0; !isSo(); turn++) {
    if (turn > 10_000) throw new Error(`it never came to be that ${isSo.toString()}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
}
