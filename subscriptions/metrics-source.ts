import { whenAborted, withTimeLimit } from '../events/abort.ts'
import type { EntityKey } from '../events/entity.ts'
import { partitionOf } from '../events/topics.ts'
import type { MovedMetrics } from '../resolvers/context.ts'
import type { Cut, Gap, SourceEvent } from '../resolvers/live.ts'
import type { EntityMetrics } from '../search/metrics.ts'
import type { Announced, Counted } from './announced.ts'
import { Arrivals } from './arrivals.ts'
import { beginningOf, type ChangeLog } from './change-gaps.ts'
import { closing } from './closing.ts'
import { changesLane, furthest, plainPosition, restrict } from './cut.ts'
import { marker, type Beginning, type Parts } from './deliver.ts'
import { logUnavailable } from './log-unavailable.ts'

export interface MetricsOptions extends ChangeLog {
  partitions: number
  /** What they are at this moment. */
  metricsOf: (entity: EntityKey) => EntityMetrics | null
  /** Resolves once they include all that was announced before this process started. */
  caughtUp: () => Promise<void>
  /** How long that is waited for, ms. */
  patienceMs?: number
}

/** As long as `@maxStale` waits. */
const defaultPatienceMs = 10_000

/** Of a snapshot of several payloads: how many of them a cut includes, where the last one is not among them. */
const snapshotLane = 'snapshot'

type Moved = SourceEvent<MovedMetrics>

/**
 * Entities whose metrics moved, and what they were just then: values that are newer than the cursor would seem to fall to whoever goes
 * on at a replica that has not read so far. Of what was missed, once per entity is enough.
 */
export function metricsParts(keys: readonly EntityKey[], { partitions, metricsOf, caughtUp, patienceMs = defaultPatienceMs, ...changes }: MetricsOptions): Parts<MovedMetrics> {
  const { hub } = changes
  const entities = [...new Set(keys)]
  const lanes = [...new Set(entities.map((entity) => changesLane(partitionOf(entity, partitions))))]

  async function* stream(arrivals: Arrivals<Moved>): AsyncGenerator<Moved, void> {
    await hub.begun
    yield marker(hub.cut())
    yield* arrivals
  }

  const eventOf = (announced: Announced, { entity, item, eventTime, appliedAt }: Counted): Moved =>
    ({ value: now(entity), key: entity, cut: announced.cutAt(item), at: announced.at(item), eventTime, appliedAt })

  /** Values on the way there would seem to fall to whoever has seen them elsewhere. @throws GraphQLError `LOG_UNAVAILABLE` where it takes too long */
  async function whole(signal: AbortSignal): Promise<void> {
    await hub.begun
    await withTimeLimit(signal, patienceMs, (limited) => new Promise<void>((resolve, reject) => {
      const forget = whenAborted(limited, () => reject(limited.reason as Error))
      caughtUp().finally(forget).then(resolve, reject)
    })).catch((error: unknown) => {
      throw signal.aborted ? error : logUnavailable('The metrics', error)
    })
  }

  async function* snapshot(signal: AbortSignal, gap?: Gap): AsyncGenerator<Moved, void> {
    await whole(signal)
    yield* states(hub.cut(), 0, gap)
  }

  const now = (entity: EntityKey): MovedMetrics => ({ entity, metrics: metricsOf(entity) })

  /** All as of this moment, from one entity on. Whoever comes back before the last one gets the others, then what came behind the cut. */
  function* states(cut: Cut, first: number, gap?: Gap): Generator<Moved, void> {
    const values = entities.slice(first).map(now)
    for (let i = first; i < entities.length; i++)
      yield {
        value: values[i - first]!, key: entities[i]!, snapshot: true, ...(gap && i === first && { gap }),
        cut: i === entities.length - 1 ? restrict(cut, Object.keys(cut).filter((lane) => lane !== snapshotLane)) : { ...cut, [snapshotLane]: plainPosition(i + 1) },
      }
  }

  async function* missed(beginning: Beginning, signal: AbortSignal): AsyncGenerator<Moved, void> {
    await hub.begun
    const begin = await beginningOf(beginning, lanes, changes)
    let to = hub.cut()
    if ('gap' in begin) {
      await whole(signal)
      to = hub.cut()
      yield* states(to, 0, begin.gap)
      return yield marker(to)
    }
    const { from } = begin
    yield* states(from, from[snapshotLane]?.next ?? entities.length)
    const wanted = new Set<string>(entities)
    const last = new Map<EntityKey, [Announced, Counted]>()
    let read = from
    // Until nothing has come meanwhile: then what they are now is what they were at the last place of each.
    for (;;) {
      for await (const announced of hub.behind({ from: read, to, lanes, signal }))
        for (const counted of announced.counted()) {
          if (counted.item < announced.skip || !wanted.has(counted.entity)) continue
          last.delete(counted.entity)
          last.set(counted.entity, [announced, counted])
        }
      if (signal.aborted) return
      const reached = hub.cut()
      if (lanes.every((lane) => reached[lane] === to[lane])) break
      read = furthest(from, to, lanes)
      to = reached
    }
    yield* [...last.values()].map(([announced, counted]) => eventOf(announced, counted))
    yield marker(furthest(from, to, Object.keys(to)))
  }

  return {
    stream() {
      const arrivals: Arrivals<Moved> = new Arrivals({ onEnd: () => leave() })
      const leave = hub.listenToCounted(entities, (announced, counted) => arrivals.put(eventOf(announced, counted)), (error) => arrivals.end(error))
      return closing(stream(arrivals), () => void arrivals.return())
    },
    snapshot,
    missed,
  }
}
