/**
 * What subscriptions are made of: the port between resolvers, which say what is followed, and `subscriptions/`, which
 * knows how changes travel.
 */

/** How far one lane is included. Lanes are ordered lines of items: `changes/N`, `TOPIC/PARTITION`, or one live query's results. */
export interface Position {
  /** Log offset: everything before it is included. */
  next: number
  /** Of the last batch that is included, on `changes`; -1 where the lane has no batches. */
  epoch: number
  sequence: number
  /** How many items of the batch behind it are included too: its entities in order, then the entities of its metrics. */
  skip: number
}

/** Lane → how far it is included: what a payload and all before it hold. */
export type Cut = Readonly<Record<string, Position>>

/** One place in one lane. */
export interface Place {
  lane: string
  position: Position
  /** The state that is shown there, in a lane of states: whoever has been given that state has this too, however it came to it. */
  shows?: { lane: string; position: Position }
}

/** Why something is missing, and how much. */
export interface Gap {
  /** The log does not reach back to it; the cursor is none of this deployment's; a slow reader let it pass. */
  reason: 'RETENTION' | 'CURSOR' | 'BUFFER'
  missed: {
    /** Cursor or ISO time from which on it is missing; absent where that cannot be known. */
    from?: string
    /** How many payloads or records, where that is known. */
    count: number | null
  }
}

/** What a subscription's source yields: a value with what is known of its way. Fields resolve on `value`. */
export interface SourceEvent<T = unknown> {
  value: T
  /** What is included once this was delivered. */
  cut: Cut
  /** Which item of which lane it is; absent for snapshots, which are no item. */
  at?: Place
  /** Payloads of one key supersede each other: the latest is the state. */
  key: string
  /** When the newest event in it happened and was applied, ms; absent where it shows none. */
  eventTime?: number
  appliedAt?: number
  /** It is the whole state and not a change. */
  snapshot?: boolean
  /**
   * It is a change of the state as of the event before it, and of no other: it supersedes nothing, and means nothing to whoever
   * has not been given that state. They get what they missed as one change, or a snapshot. On a marker: such changes follow.
   */
  diff?: true
  /** Says what is missing before it. */
  gap?: Gap
  /** Nothing to show: the source stands at `cut`. */
  marker?: true
  /** Of a live query under load: the stretched interval in which it is evaluated, ms. */
  intervalMs?: number
}

/** What a subscription is asked to give. */
export type DeliveryRequest =
  /** The state, or what came behind `after` or since a time, then all that follows. */
  | ({ kind: 'whole'; after?: string; since?: number } & Following)
  /** The state once. */
  | ({ kind: 'snapshot' } & Joining)
  /** What follows from now on, begun by a marker. */
  | ({ kind: 'stream' } & Following)
  /** What came behind a cut or since a time (ms), ended by a marker. */
  | ({ kind: 'missed'; from: Cut } & Joining)
  | ({ kind: 'missed'; since: number } & Joining)

/**
 * Fields are read when an event is rendered, so what is rendered first may show the older ones. Where an event does not say what it
 * shows, sources keep to this order: nothing that follows a state is rendered before it.
 */
export interface Following {
  /** Awaited before an event is given: what it follows is being rendered for somebody who joins. */
  turn?: () => Promise<void> | undefined
}

export interface Joining {
  /** Called in the moment at which that is taken which is given next. */
  taken?: () => void
}
