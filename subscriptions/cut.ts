import { parsePartitionKey, type Positions } from '../events/log.ts'
import type { Cut, Place, Position } from '../resolvers/live.ts'

export type { Cut, Place, Position } from '../resolvers/live.ts'

export const changesLane = (shard: number): string => `changes/${shard}`

/** What a lane is a partition of. */
export const topicOf = (lane: string): string => parsePartitionKey(lane).topic

/** A position of a lane without batches: everything before `next` is included. */
export const plainPosition = (next: number): Position => ({ next, epoch: -1, sequence: -1, skip: 0 })

/**
 * Which of two positions of one lane is further: negative, zero or positive. Batches are told apart by their sequence, which
 * rises across epochs; offsets decide only where one of them knows no sequence, because a batch that was appended twice
 * has two.
 */
export function comparePositions(a: Position, b: Position): number {
  const difference = a.sequence >= 0 && b.sequence >= 0 ? a.sequence - b.sequence : a.next - b.next
  return difference !== 0 ? difference : a.skip - b.skip
}

/** The further one; of equal ones the one behind more of the log, so that less is read. */
export function furtherPosition(a: Position, b: Position): Position {
  const difference = comparePositions(a, b) || a.next - b.next || a.epoch - b.epoch
  return difference >= 0 ? a : b
}

/** Whether what lies at this place has been delivered. A lane that the cut does not know includes nothing. */
export function includes(cut: Cut, { lane, position, shows }: Place): boolean {
  const reached = cut[lane]
  if (reached !== undefined && comparePositions(reached, position) >= 0) return true
  const shown = shows && cut[shows.lane]
  return shown !== undefined && isShown(shown, shows!.position)
}

/**
 * Positions in a lane of states (`stateLane`): `next` is the revision, `epoch` a hash of what is seen of it. Where an owner of the
 * shard dies before it announces what the index has already, the next one writes the same anew under a later revision: what
 * looks as what was shown last is nothing new.
 */
export const isShown = (shown: Position, state: Position): boolean => shown.next >= state.next || shown.epoch === state.epoch

/** The lane in which the states of an entity that a subscription has shown are in order. */
export const stateLane = (entity: string): string => `state/${entity}`

/** Whether everything in `other` is in `cut`. */
export function includesCut(cut: Cut, other: Cut): boolean {
  for (const lane in other) if (!includes(cut, { lane, position: other[lane] as Position })) return false
  return true
}

/** The cut with one lane moved on; the same where it is there already. */
export function advance(cut: Cut, { lane, position }: Place): Cut {
  const reached = cut[lane]
  return reached !== undefined && comparePositions(reached, position) >= 0 ? cut : { ...cut, [lane]: position }
}

/** Everything that either includes. */
export function merge(a: Cut, b: Cut): Cut {
  const merged: Record<string, Position> = { ...a }
  for (const [lane, position] of Object.entries(b)) {
    const former = merged[lane]
    merged[lane] = former === undefined ? position : furtherPosition(former, position)
  }
  return merged
}

/** Only these lanes of it. */
export function restrict(cut: Cut, lanes: Iterable<string>): Cut {
  const restricted: Record<string, Position> = {}
  for (const lane of lanes) if (cut[lane] !== undefined) restricted[lane] = cut[lane]
  return restricted
}

/** The lanes of these topics. */
export const restrictTopics = (cut: Cut, topics: ReadonlySet<string>): Cut =>
  restrict(cut, Object.keys(cut).filter((lane) => topics.has(topicOf(lane))))

/** Of topics that are read as they are. */
export const cutOf = (positions: Positions): Cut => Object.fromEntries(Object.entries(positions).map(([lane, next]) => [lane, plainPosition(next)]))

/** What either has reached in these lanes. */
export const furthest = (a: Cut, b: Cut, lanes: readonly string[]): Cut => merge(restrict(a, lanes), restrict(b, lanes))
