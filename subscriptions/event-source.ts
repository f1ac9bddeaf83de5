import type { EventLog } from '../events/log.ts'
import type { Cut, Gap, SourceEvent } from '../resolvers/live.ts'
import type { Wants } from './audience.ts'
import { positionsSince } from './change-gaps.ts'
import { closing } from './closing.ts'
import type { Cursors } from './cursor.ts'
import { comparePositions, cutOf, furthest, plainPosition, restrict, topicOf } from './cut.ts'
import { marker, type Beginning, type Parts } from './deliver.ts'
import { maxTaken, Removed, type EventTail } from './event-tail.ts'
import type { Follower, Taken } from './follower.ts'

export interface EventsOptions<E, T> {
  tail: EventTail<E>
  log: Pick<EventLog, 'starts' | 'ends' | 'positionsAt'>
  encode: Cursors['encode']
  /** Which topics the wanted events are in; all that are read where none are given. */
  topics?: readonly string[] | undefined
  wants: Wants<E>
  /** Asked of those that are wanted, several at a time: whether they are. */
  select?: (events: readonly E[], signal: AbortSignal) => Promise<readonly boolean[]>
  /** What of an event is shown. */
  show: (event: E) => Pick<SourceEvent<T>, 'value' | 'key' | 'eventTime'>
}

/** Where it begins, and then each event. */
type Followed<E> = { begun: Cut } | Taken<E>

/** Raw events: no state, so what is missing is said by an event without a value, and what is left goes on behind it. */
export function eventParts<E, T>({ tail, log, encode, topics, wants, select, show }: EventsOptions<E, T>): Parts<T> {
  const shown = ({ event, at, cut }: Taken<E>): SourceEvent<T> => ({ ...show(event), cut, at })

  async function* selected(followed: Follower<E, Followed<E>>, signal: AbortSignal): AsyncGenerator<SourceEvent<T>, void> {
    for await (const first of followed) {
      if ('begun' in first) {
        yield marker(first.begun)
        continue
      }
      const taken = [first]
      while (taken.length < maxTaken) {
        const next = followed.poll(() => {})?.value
        if (!next || 'begun' in next) break
        taken.push(next)
      }
      yield* chosen(taken, signal)
    }
  }

  async function* chosen(taken: readonly Taken<E>[], signal: AbortSignal): AsyncGenerator<SourceEvent<T>, void> {
    const isChosen = await select?.(taken.map(({ event }) => event), signal)
    for (const [i, each] of taken.entries()) if (!isChosen || isChosen[i]) yield shown(each)
  }

  const missing = (cut: Cut, gap: Gap): SourceEvent<T> => ({ value: undefined as never, cut, key: '', gap })

  async function* snapshot(_signal: AbortSignal, gap?: Gap): AsyncGenerator<SourceEvent<T>, void> {
    const cut = await tail.now(topics)
    if (gap) yield missing(cut, gap)
    yield marker(cut)
  }

  async function* missed(beginning: Beginning, signal: AbortSignal): AsyncGenerator<SourceEvent<T>, void> {
    let now = await tail.now(topics)
    if ('from' in beginning && unknownTo(now, beginning.from).length > 0) {
      // From a replica that has seen a topic grow.
      await tail.look()
      now = await tail.now(topics)
    }
    for (let next: Beginning | undefined = beginning; next; ) {
      const { from, gap } = await begin(next, now)
      if (gap) yield missing(from, gap)
      next = undefined
      try {
        for await (const taken of tail.between({ from, to: now, wants, signal })) yield* chosen(taken, signal)
        if (!signal.aborted) yield marker(furthest(now, from, Object.keys(now)))
      } catch (error) {
        if (!(error instanceof Removed)) throw error
        const { cut } = error
        next = { from: cut, said: encode(cut) }
      }
    }
  }

  /** Where what is still there begins. */
  async function begin(beginning: Beginning, now: Cut): Promise<{ from: Cut; gap?: Gap }> {
    const lanes = Object.keys(now)
    const named = [...new Set(lanes.map(topicOf))]
    if ('since' in beginning) {
      const { positions, gap } = await positionsSince(log, named, lanes, beginning.since)
      return { from: restrict(cutOf(positions), lanes), gap }
    }
    const { said } = beginning
    // What a topic has got since is all behind the cursor.
    const known = new Set(Object.keys(beginning.from).map(topicOf))
    const added = lanes.filter((lane) => beginning.from[lane] === undefined && known.has(topicOf(lane)))
    const from = { ...beginning.from, ...Object.fromEntries(added.map((lane) => [lane, plainPosition(0)])) }
    // One that has fewer partitions now is another one.
    const others = new Set(unknownTo(now, from).map(topicOf))
    const isAhead = (cut: Cut) => (lane: string) => cut[lane] === undefined || from[lane] === undefined || comparePositions(from[lane], cut[lane]) > 0
    // From a replica that has read further, or none of this log.
    const ahead = lanes.some(isAhead(now)) ? lanes.filter(isAhead(cutOf(await log.ends(named)))) : []
    const foreign = others.size === 0 ? ahead : lanes.filter((lane) => ahead.includes(lane) || others.has(topicOf(lane)))
    if (foreign.length > 0) {
      // Where it does fit it is gone on from; what is missing there is in the notice.
      const fitting = furthest(from, cutOf(await log.starts(named)), lanes)
      return { from: { ...fitting, ...restrict(now, foreign) }, gap: { reason: 'CURSOR', missed: { from: said, count: null } } }
    }
    if (lanes.every((lane) => comparePositions(from[lane]!, now[lane]!) >= 0)) return { from: restrict(from, lanes) }
    const starts = await log.starts(named)
    const count = lanes.reduce((sum, lane) => sum + Math.max(0, (starts[lane] ?? 0) - from[lane]!.next), 0)
    return count === 0 ? { from: restrict(from, lanes) } : {
      from: furthest(from, cutOf(starts), lanes), gap: { reason: 'RETENTION', missed: { from: said, count } },
    }
  }

  return {
    stream(signal) {
      if (!select) return leaving(tail.follow({ topics, wants, begin: marker, show: shown }), signal)
      const followed = leaving(tail.follow<Followed<E>>({ topics, wants, begin: (begun) => ({ begun }), show: (taken) => taken }), signal)
      return closing(selected(followed, signal), () => void followed.return())
    },
    snapshot,
    missed,
  }
}

/** Lanes of a cursor that the topics of `now` do not have. */
function unknownTo(now: Cut, from: Cut): string[] {
  const topics = new Set(Object.keys(now).map(topicOf))
  return Object.keys(from).filter((lane) => now[lane] === undefined && topics.has(topicOf(lane)))
}

/** Left when the signal is aborted. */
function leaving<Stream extends { return(): unknown }>(stream: Stream, signal: AbortSignal): Stream {
  signal.addEventListener('abort', () => void stream.return(), { once: true })
  return stream
}
