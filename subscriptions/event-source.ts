import type { EventLog } from '../events/log.ts'
import type { AppendedEvent } from '../resolvers/context.ts'
import type { Cut, Gap, SourceEvent } from '../resolvers/live.ts'
import { positionsSince } from './change-gaps.ts'
import { closing } from './closing.ts'
import { comparePositions, furthest } from './cut.ts'
import { marker, type Beginning, type Parts } from './deliver.ts'
import { cutOf, type EventTail, type Taken } from './event-tail.ts'

export interface EventsOptions {
  tail: EventTail
  log: Pick<EventLog, 'starts' | 'ends' | 'positionsAt'>
  /** Which topics the wanted events are in; all that are read where none are given. */
  topics?: readonly string[]
  wants: (event: AppendedEvent) => boolean
  /** Asked of those that are wanted, several at a time: whether they are. */
  select?: (events: readonly AppendedEvent[], signal: AbortSignal) => Promise<readonly boolean[]>
}

type Appended = SourceEvent<AppendedEvent>

/** Raw events: no state, so what is missing is said by an event without a value, and what is left goes on behind it. */
export function eventParts({ tail, log, topics, wants, select }: EventsOptions): Parts<AppendedEvent> {
  const lanes = tail.lanesOf(topics)
  const named = [...new Set(lanes.map((lane) => lane.slice(0, lane.lastIndexOf('/'))))]

  async function* stream(entered: ReturnType<EventTail['enter']>, signal: AbortSignal): AsyncGenerator<Appended, void> {
    const from = furthest(await entered.begun, {}, lanes)
    yield marker(from)
    yield* shown(entered.read({ lanes, wants, signal }), signal)
  }

  async function* shown(taken: AsyncIterable<Taken[]>, signal: AbortSignal): AsyncGenerator<Appended, void> {
    for await (const some of taken) {
      const selected = select && await select(some.map(({ event }) => event), signal)
      for (const [i, { event, at, cut }] of some.entries())
        if (!selected || selected[i]) yield { value: event, cut, at, key: event.subject, eventTime: event.time }
    }
  }

  const missing = (cut: Cut, gap: Gap): Appended => ({ value: undefined as never, cut, key: '', gap })

  async function* snapshot(_signal: AbortSignal, gap?: Gap): AsyncGenerator<Appended, void> {
    const cut = furthest(await tail.now(), {}, lanes)
    if (gap) yield missing(cut, gap)
    yield marker(cut)
  }

  async function* missed(beginning: Beginning, signal: AbortSignal): AsyncGenerator<Appended, void> {
    const now = furthest(await tail.now(), {}, lanes)
    const { from, gap } = await begin(beginning, now)
    if (gap) yield missing(from, gap)
    const to = furthest(now, from, lanes)
    yield* shown(tail.read({ from, to: now, lanes, wants, signal }), signal)
    if (!signal.aborted) yield marker(to)
  }

  /** Where what is still there begins. */
  async function begin(beginning: Beginning, now: Cut): Promise<{ from: Cut; gap?: Gap }> {
    if ('since' in beginning) {
      const { positions, gap } = await positionsSince(log, named, lanes, beginning.since)
      return { from: furthest(cutOf(positions), {}, lanes), gap }
    }
    const { from, said } = beginning
    const isAhead = (cut: Cut) => lanes.some((lane) => cut[lane] === undefined || from[lane] === undefined || comparePositions(from[lane], cut[lane]) > 0)
    // From a replica that has read further, or none of this log.
    if (isAhead(now) && isAhead(cutOf(await log.ends(named)))) return { from: now, gap: { reason: 'CURSOR', missed: { from: said, count: null } } }
    if (lanes.every((lane) => comparePositions(from[lane]!, now[lane]!) >= 0)) return { from: furthest(from, {}, lanes) }
    const starts = await log.starts(named)
    const count = lanes.reduce((sum, lane) => sum + Math.max(0, (starts[lane] ?? 0) - from[lane]!.next), 0)
    return count === 0 ? { from: furthest(from, {}, lanes) } : {
      from: furthest(from, cutOf(starts), lanes), gap: { reason: 'RETENTION', missed: { from: said, count } },
    }
  }

  return {
    stream(signal) {
      const entered = tail.enter()
      signal.addEventListener('abort', entered.leave)
      return closing(stream(entered, signal), entered.leave)
    },
    snapshot,
    missed,
  }
}
