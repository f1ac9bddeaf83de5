import type { Positions, TopicSpec } from '../log.ts'

/** A topic as stored. Its partition n is slot `first + n`. */
export interface StoredTopic extends TopicSpec {
  firstSlot: number
}

/** Consecutive records of one slot that were appended together. */
export interface Row {
  offset: number
  count: number
  appendedAt: number
  /** Packed records (packing.ts); in a compacted topic always one. */
  blob: Uint8Array
}

export type RowHead = Pick<Row, 'offset' | 'count' | 'appendedAt'>

/** What the embedded log asks of its file. Every call is synchronous; writes belong into `transaction`. */
export interface Store {
  readonly id: string
  readonly partitions: number
  /** The machine went down while the file was open: the last acknowledged records may be missing. */
  readonly crashed: boolean
  topics(): StoredTopic[]
  createTopic(spec: TopicSpec): StoredTopic
  transaction(work: () => void): void
  insert(slot: number, row: Row): void
  /** Replaces whatever the key had in this slot. */
  replace(slot: number, key: string, row: Row, tombstone: boolean): void
  /** Calls `visit` on rows that begin at `from` or later, in order, until it returns false. */
  scan(compacted: boolean, slot: number, from: number, visit: (row: Row) => boolean): void
  /** The row with the greatest offset ≤ `offset`. */
  floor(compacted: boolean, slot: number, offset: number): RowHead | undefined
  first(compacted: boolean, slot: number): RowHead | undefined
  last(compacted: boolean, slot: number): RowHead | undefined
  /** Removes up to `limit` of the slot's oldest rows that begin before `offset`. */
  trim(slot: number, offset: number, limit: number): { rows: number; bytes: number }
  /** Removes the tombstones of a compacted slot that were appended before `time` and begin before `offset`. */
  trimTombstones(slot: number, time: number, offset: number): void
  /** Bytes in use, free pages of the file left out. */
  usedBytes(): number
  /** Raises the group's epoch by one and returns it. */
  nextEpoch(group: string): number
  committed(group: string): Positions
  commit(group: string, positions: Positions): void
  protected(): Positions
  protect(positions: Positions): void
  /** Whether a failed transaction may succeed when tried again later (no room, input/output error). */
  isTransient(error: unknown): boolean
  close(): void
}
