import { entityKey } from '../events/entity.ts'
import { partitionOf } from '../events/topics.ts'
import { hash32 } from '../resolvers/feed/cursor.ts'
import type { Cut, Gap, SourceEvent } from '../resolvers/live.ts'
import type { EntityChanged } from '../ingest/changes.ts'
import type { StoredEntity } from '../search/entity-index.ts'
import type { Announced } from './announced.ts'
import { Arrivals } from './arrivals.ts'
import { beginningOf, type ChangeLog } from './change-gaps.ts'
import { closing } from './closing.ts'
import { changesLane, furthest, restrict, stateLane, type Position } from './cut.ts'
import { marker, type Beginning, type Parts } from './deliver.ts'
import { isSeen } from './images.ts'

type State = StoredEntity | null

export interface StateOptions extends ChangeLog {
  partitions: number
  read: (id: string) => Promise<State>
}

/** A change of the entity that may be seen. */
interface Change {
  key: string
  announced: Announced
  item: number
}

/**
 * One livestream. Its state is read when a change is delivered, so it may be newer than the change: what was shown is part of
 * the cut, in a lane of its own, so that no change that is in it already shows it again, here or at another replica.
 */
export function stateParts(id: string, { partitions, read, ...changes }: StateOptions): Parts<State> {
  const { hub } = changes
  const entity = entityKey('livestream', id)
  const lane = changesLane(partitionOf(entity, partitions))
  const states = stateLane(entity)

  const isChange = (announced: Announced, item: number): boolean => {
    const { operation, changed } = announced.batch.entities[item]!
    return operation !== 'updated' || Object.keys(changed).some(isSeen)
  }

  async function* stream(signal: AbortSignal, arrivals: Arrivals<Change>): AsyncGenerator<SourceEvent<State>, void> {
    await hub.begun
    yield marker(restrict(hub.cut(), [lane]))
    let shown: Shown | undefined
    for await (const { announced, item } of arrivals) {
      const record = announced.batch.entities[item]!
      if (signal.aborted) return
      if (shown && isIn(shown.position, record)) continue
      const next = shownOf(await read(id), record)
      const isNews = next.text !== shown?.text
      shown = next
      if (isNews) yield eventOf(next, announced, item)
    }
  }

  const eventOf = ({ state, position }: Shown, announced: Announced, item: number): SourceEvent<State> => {
    const { eventTime, appliedAt } = announced.batch.entities[item]!
    const at = announced.at(item)
    return {
      value: state, key: entity, cut: { [lane]: at.position, [states]: position }, at: { ...at, shows: { lane: states, position } },
      eventTime: Math.max(eventTime, state?.eventTime ?? 0), appliedAt: Math.max(appliedAt, state?.appliedAt ?? 0),
    }
  }

  async function* snapshot(_signal: AbortSignal, gap?: Gap): AsyncGenerator<SourceEvent<State>, void> {
    await hub.begun
    const cut = restrict(hub.cut(), [lane])
    yield snapshotOf(shownOf(await read(id)), cut, gap)
  }

  const snapshotOf = ({ state, position }: Shown, cut: Cut, gap?: Gap): SourceEvent<State> => ({
    value: state, key: entity, cut: { ...cut, [states]: position }, snapshot: true,
    ...(state && { eventTime: state.eventTime, appliedAt: state.appliedAt }), ...(gap && { gap }),
  })

  async function* missed(beginning: Beginning, signal: AbortSignal): AsyncGenerator<SourceEvent<State>, void> {
    await hub.begun
    const begin = await beginningOf(beginning, [lane], changes)
    if ('gap' in begin) {
      for await (const event of snapshot(signal, begin.gap)) {
        yield event
        yield marker(event.cut)
      }
      return
    }
    const { from } = begin
    const to = hub.cut()
    const known = from[states]
    let last: { announced: Announced; item: number } | undefined
    for await (const announced of hub.behind({ from, to, lanes: [lane], signal }))
      for (let item = announced.skip; item < announced.batch.entities.length; item++) {
        const record = announced.batch.entities[item]!
        if (record.entity === entity && isChange(announced, item) && !(known && isIn(known, record))) last = { announced, item }
      }
    if (signal.aborted) return
    // The hub may be behind: the cursor may come from a replica that has read further.
    const reached = furthest(from, to, [lane])
    const shown = last && shownOf(await read(id), last.announced.batch.entities[last.item]!)
    if (!shown || shown.position.epoch === known?.epoch) {
      yield marker({ ...reached, ...restrict(from, [states]) })
      return
    }
    yield eventOf(shown, last!.announced, last!.item)
    yield marker({ ...reached, [states]: shown.position })
  }

  return {
    stream(signal) {
      const arrivals: Arrivals<Change> = new Arrivals({ onEnd: () => leave() })
      const leave = hub.listenToChanged([entity], (announced, item) => {
        if (isChange(announced, item)) arrivals.put({ key: entity, announced, item })
      }, (error) => arrivals.end(error))
      return closing(stream(signal, arrivals), () => void arrivals.return())
    },
    snapshot,
    missed,
  }
}

/** A state that is shown. */
interface Shown {
  state: State
  /** All that is seen of it. */
  text: string
  /** In the lane of states. */
  position: Position
}

function shownOf(state: State, record?: Pick<EntityChanged, 'revision' | 'operation'>): Shown {
  const text = state ? JSON.stringify(Object.keys(state.fields).filter(isSeen).sort().map((name) => [name, state.fields[name]])) : ''
  const announced = record?.revision ?? -1
  // It may have been deleted since: then that is what comes next.
  const revision = state?.revision ?? (record?.operation === 'updated' || record?.operation === 'created' ? announced + 1 : Math.max(0, announced))
  return {
    state, text,
    position: { next: Math.max(revision, announced), epoch: hash32(text), sequence: -1, skip: revision <= announced ? 1 : 0 },
  }
}

/**
 * Whether a change is in a state for certain. Under the state's own revision, before it was announced, something that nobody
 * sees (a metric's copy) may have been written, and the change may still come.
 */
const isIn = ({ next, skip }: Position, { revision }: Pick<EntityChanged, 'revision'>): boolean =>
  revision < next || (revision === next && skip === 1)
