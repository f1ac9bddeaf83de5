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
  states: SharedStates
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
export function stateParts(id: string, { partitions, states, ...changes }: StateOptions): Parts<State> {
  const { hub } = changes
  const entity = entityKey('livestream', id)
  const lane = changesLane(partitionOf(entity, partitions))
  const shownLane = stateLane(entity)

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
      const next = await states.at(announced, item, () => eventAt(announced, item))
      const isNews = next.shown.text !== shown?.text
      shown = next.shown
      if (isNews) yield next.event
    }
  }

  async function eventAt(announced: Announced, item: number): Promise<Shared> {
    const record = announced.batch.entities[item]!
    const shown = shownOf(await states.read(id), record)
    const { state, position } = shown
    const at = announced.at(item)
    return {
      shown,
      event: {
        value: state, key: entity, cut: { [lane]: at.position, [shownLane]: position }, at: { ...at, shows: { lane: shownLane, position } },
        eventTime: Math.max(record.eventTime, state?.eventTime ?? 0), appliedAt: Math.max(record.appliedAt, state?.appliedAt ?? 0),
      },
    }
  }

  async function* snapshot(_signal: AbortSignal, gap?: Gap): AsyncGenerator<SourceEvent<State>, void> {
    await hub.begun
    const cut = restrict(hub.cut(), [lane])
    yield snapshotOf(shownOf(await states.read(id)), cut, gap)
  }

  const snapshotOf = ({ state, position }: Shown, cut: Cut, gap?: Gap): SourceEvent<State> => ({
    value: state, key: entity, cut: { ...cut, [shownLane]: position }, snapshot: true,
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
    const known = from[shownLane]
    const last = await hub.lastBehind({ from, to, lane, about: entity, signal }, ({ announced, item }) =>
      isChange(announced, item) && !(known && isIn(known, announced.batch.entities[item]!)))
    if (signal.aborted) return
    // The hub may be behind: the cursor may come from a replica that has read further.
    const reached = furthest(from, to, [lane])
    const next = last && await eventAt(last.announced, last.item)
    if (!next || next.shown.position.epoch === known?.epoch) return yield marker({ ...reached, ...restrict(from, [shownLane]) })
    yield next.event
    yield marker({ ...reached, [shownLane]: next.shown.position })
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

/** Batches whose states are remembered: those who are that far behind read anew. */
const mostBatches = 256

/** States as they are read at a change: once for all who follow the entity, whatever they want to see of it. */
export class SharedStates {
  readonly read: (id: string) => Promise<State>
  readonly #known = new Map<Announced, Map<number, Promise<Shared>>>()

  constructor(read: (id: string) => Promise<State>) {
    this.read = read
  }

  at(announced: Announced, item: number, make: () => Promise<Shared>): Promise<Shared> {
    let items = this.#known.get(announced)
    if (!items) {
      this.#known.set(announced, items = new Map())
      if (this.#known.size > mostBatches) this.#known.delete(this.#known.keys().next().value as Announced)
    }
    let shared = items.get(item)
    if (!shared) {
      items.set(item, shared = make())
      // Read again by whoever comes after the failure.
      shared.catch(() => items.delete(item))
    }
    return shared
  }
}

interface Shared {
  shown: Shown
  event: SourceEvent<State>
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
    position: { next: Math.max(revision, announced), epoch: hash32(text), sequence: -1, skip: 0 },
  }
}

const isIn = ({ next }: Position, { revision }: Pick<EntityChanged, 'revision'>): boolean => revision <= next
