import type { EntityKey } from '../events/entity.ts'
import { partitionOf } from '../events/topics.ts'
import type { Cut, Gap, SourceEvent } from '../resolvers/live.ts'
import type { Announced, Counted } from './announced.ts'
import { Arrivals } from './arrivals.ts'
import { beginningOf, type ChangeLog } from './change-gaps.ts'
import { closing } from './closing.ts'
import { changesLane, furthest, plainPosition, restrict } from './cut.ts'
import { marker, type Beginning, type Parts } from './deliver.ts'

export interface MetricsOptions extends ChangeLog {
  partitions: number
}

/** Of a snapshot of several payloads: how many of them a cut includes, where the last one is not among them. */
const snapshotLane = 'snapshot'

type Moved = SourceEvent<EntityKey>

/** Entities whose metrics moved. What they are is read when it is delivered: so of what was missed, once per entity is enough. */
export function metricsParts(keys: readonly EntityKey[], { partitions, ...changes }: MetricsOptions): Parts<EntityKey> {
  const { hub } = changes
  const entities = [...new Set(keys)]
  const lanes = [...new Set(entities.map((entity) => changesLane(partitionOf(entity, partitions))))]

  async function* stream(arrivals: Arrivals<Moved>): AsyncGenerator<Moved, void> {
    await hub.begun
    yield marker(hub.cut())
    yield* arrivals
  }

  const eventOf = (announced: Announced, { entity, item, eventTime, appliedAt }: Counted): Moved =>
    ({ value: entity, key: entity, cut: announced.cutAt(item), at: announced.at(item), eventTime, appliedAt })

  async function* snapshot(_signal: AbortSignal, gap?: Gap): AsyncGenerator<Moved, void> {
    await hub.begun
    yield* states(hub.cut(), 0, gap)
  }

  /** From one entity on. Whoever comes back before the last one gets the others, then what came behind the cut. */
  function* states(cut: Cut, first: number, gap?: Gap): Generator<Moved, void> {
    for (let i = first; i < entities.length; i++)
      yield {
        value: entities[i]!, key: entities[i]!, snapshot: true, ...(gap && i === first && { gap }),
        cut: i === entities.length - 1 ? restrict(cut, Object.keys(cut).filter((lane) => lane !== snapshotLane)) : { ...cut, [snapshotLane]: plainPosition(i + 1) },
      }
  }

  async function* missed(beginning: Beginning, signal: AbortSignal): AsyncGenerator<Moved, void> {
    await hub.begun
    const begin = await beginningOf(beginning, lanes, changes)
    const to = hub.cut()
    if ('gap' in begin) {
      yield* states(to, 0, begin.gap)
      return yield marker(to)
    }
    const { from } = begin
    yield* states(from, from[snapshotLane]?.next ?? entities.length)
    const wanted = new Set<string>(entities)
    const last = new Map<EntityKey, Moved>()
    for await (const announced of hub.behind({ from, to, lanes, signal }))
      for (const counted of announced.counted()) {
        if (counted.item < announced.skip || !wanted.has(counted.entity)) continue
        last.delete(counted.entity)
        last.set(counted.entity, eventOf(announced, counted))
      }
    if (signal.aborted) return
    yield* last.values()
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
