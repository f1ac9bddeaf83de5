import { NoSuchTopicError, parsePartitionKey, partitionKey, type Positions, type TopicSpec } from '../log.ts'
import type { Store, StoredTopic } from './store.ts'

/** One partition of one topic. */
export interface Slot {
  /** Its number in the store. */
  number: number
  topic: StoredTopic
  partition: number
  /** `topic/partition` */
  key: string
  /** The end: one more than the last record's offset. */
  next: number
  /** Offsets that the next append leaves out. The end moves only then: no reader could reach an end beyond a gap. */
  gap: number
  lastAppendedAt: number
}

/** Left out after the machine went down: an offset that was acknowledged and lost must never name another record. */
const CRASH_GAP = 1_000_000

/** All slots, by topic and by position key. */
export class Slots {
  readonly #store: Store
  readonly #topics = new Map<string, Slot[]>()
  readonly #byKey = new Map<string, Slot>()

  constructor(store: Store) {
    this.#store = store
    for (const topic of store.topics()) this.#add(topic, store.crashed ? CRASH_GAP : 0)
  }

  ensure(specs: readonly TopicSpec[]): void {
    const missing = new Map(specs.filter(({ name }) => !this.#topics.has(name)).map((spec) => [spec.name, spec]))
    const created: StoredTopic[] = []
    this.#store.transaction(() => {
      for (const spec of missing.values()) created.push(this.#store.createTopic(spec))
    })
    for (const topic of created) this.#add(topic, 0)
  }

  #add(topic: StoredTopic, gap: number): void {
    const slots = Array.from({ length: this.#store.partitions }, (_, partition): Slot => {
      const number = topic.firstSlot + partition
      const last = this.#store.last(topic.compacted ?? false, number)
      const key = partitionKey(topic.name, partition)
      const next = last ? last.offset + last.count : 0
      return { number, topic, partition, key, next, gap, lastAppendedAt: last?.appendedAt ?? 0 }
    })
    this.#topics.set(topic.name, slots)
    for (const slot of slots) this.#byKey.set(slot.key, slot)
  }

  /** @throws NoSuchTopicError */
  of(topic: string): readonly Slot[] {
    const slots = this.#topics.get(topic)
    if (!slots) throw new NoSuchTopicError(topic)
    return slots
  }

  /** @throws NoSuchTopicError; RangeError for a partition that its topic does not have */
  at(key: string): Slot {
    const slot = this.#byKey.get(key)
    if (slot) return slot
    const { topic } = parsePartitionKey(key)
    throw new RangeError(`expected positions of the ${this.of(topic).length} partitions of ${topic}, got one for ${key}`)
  }

  all(): Iterable<Slot> {
    return this.#byKey.values()
  }

  positions(topics: readonly string[], of: (slot: Slot) => number): Positions {
    return Object.fromEntries(topics.flatMap((topic) => this.of(topic)).map((slot) => [slot.key, of(slot)]))
  }
}

/** Offset of the first retained record; the end where there is none. */
export const startOf = (store: Store, slot: Slot): number =>
  store.first(slot.topic.compacted ?? false, slot.number)?.offset ?? slot.next

/** First offset appended at or after `time`, by bisection over the rows; the end where there is none. */
export function offsetAt(store: Store, slot: Slot, time: number): number {
  let low = startOf(store, slot)
  let high = slot.next
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const row = store.floor(slot.topic.compacted ?? false, slot.number, middle)
    if (!row || row.offset + row.count <= low) low = middle + 1 // a gap
    else if (row.appendedAt >= time) high = row.offset
    else low = row.offset + row.count
  }
  // In a gap before the next record, or at the end.
  return high
}
