import type { EntityKey } from '../events/entity.ts'
import type { EventLog } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import type { ChangeBatch } from '../ingest/change-reader.ts'
import { Announced, type Counted } from './announced.ts'
import { changesFrom, isInside } from './changes-from.ts'
import { changesLane, comparePositions, furtherPosition, merge, restrict, type Cut, type Position } from './cut.ts'
import { KeptBatch } from './kept-batch.ts'
import { Ring, type RingOptions } from './ring.ts'

/** Called with each batch. Listeners return at once and never throw. */
export type BatchListener = (announced: Announced) => void
/** Called with each item by which fields of an entity changed. */
export type ChangedListener = (announced: Announced, item: number) => void
/** Called with each item by which metrics of an entity changed. */
export type CountedListener = (announced: Announced, counted: Counted) => void

export interface HubOptions extends Partial<RingOptions> {
  log: Pick<EventLog, 'read'>
  topics: Topics
}

/** Some minutes of a busy log; what is older is read from the log. */
const defaultRing: RingOptions = { maxCount: 20_000, maxBytes: 16 * 1024 * 1024 }

/**
 * Hands the batches of `changes` to whoever listens. One reader per process feeds it, after the metric view has applied
 * the batch: so a listener that asks the view or the index sees what it was told about. It remembers the latest batches,
 * and finds older ones on the log.
 */
export class ChangeHub {
  readonly #log: Pick<EventLog, 'read'>
  readonly #topics: Topics
  readonly #ring: Ring<KeptBatch>
  /** Of what the ring has: in which batches fields of an entity changed. A thousand who come back must not each look through all. */
  readonly #numbers = new Map<EntityKey, number[]>()
  readonly #listeners = new Set<BatchListener>()
  readonly #changed = new Map<EntityKey, Set<ChangedListener>>()
  readonly #counted = new Map<EntityKey, Set<CountedListener>>()
  readonly #ends = new Set<(error: Error) => void>()
  readonly #begun = Promise.withResolvers<void>()
  #cut: Cut = {}
  #closed: Error | undefined

  constructor({ log, topics, ...ring }: HubOptions) {
    this.#log = log
    this.#topics = topics
    this.#ring = new Ring({ ...defaultRing, ...ring })
    this.#begun.promise.catch(() => {})
  }

  /** Said once, before the first batch: by shard, what was seen before. */
  begin(seen: ReadonlyMap<number, Pick<Position, 'next' | 'epoch' | 'sequence'>>): void {
    this.#cut = Object.fromEntries([...seen].map(([shard, { next, epoch, sequence }]) => [changesLane(shard), { next, epoch, sequence, skip: 0 }]))
    this.#begun.resolve()
  }

  /** Resolves when it knows where it stands; rejects once it is closed. */
  get begun(): Promise<void> {
    return this.#closed ? Promise.reject(this.#closed) : this.#begun.promise
  }

  /** What has been handed out: whoever listens from now on gets all that is behind it. */
  cut(): Cut {
    return this.#cut
  }

  get lanes(): string[] {
    return Object.keys(this.#cut)
  }

  publish(batch: ChangeBatch): void {
    const announced = new Announced(batch, this.#cut)
    this.#cut = announced.after
    this.#remember(announced)
    for (const listener of this.#listeners) listener(announced)
    if (this.#changed.size > 0)
      for (let item = 0; item < batch.entities.length; item++)
        this.#changed.get(batch.entities[item]!.entity)?.forEach((listener) => listener(announced, item))
    if (this.#counted.size > 0)
      for (const counted of announced.counted()) this.#counted.get(counted.entity)?.forEach((listener) => listener(announced, counted))
  }

  #remember(announced: Announced): void {
    const number = this.#ring.end
    const kept = new KeptBatch(announced)
    for (const entity of kept.entities) {
      const numbers = this.#numbers.get(entity)
      if (!numbers) this.#numbers.set(entity, [number])
      else if (numbers.at(-1) !== number) numbers.push(number)
    }
    for (const { entities } of this.#ring.push(kept)) {
      for (const entity of entities) {
        const numbers = this.#numbers.get(entity)
        while (numbers && numbers[0] !== undefined && numbers[0] < this.#ring.first) numbers.shift()
        if (numbers?.length === 0) this.#numbers.delete(entity)
      }
    }
  }

  /** Listens to every batch until the returned function is called. */
  listen(listener: BatchListener, onEnd: (error: Error) => void): () => void {
    return this.#enter(onEnd, () => {
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    })
  }

  /** Listens to the changes of these entities' fields: costs others nothing. */
  listenToChanged(entities: Iterable<EntityKey>, listener: ChangedListener, onEnd: (error: Error) => void): () => void {
    return this.#enter(onEnd, () => listenTo(this.#changed, entities, listener))
  }

  /** Listens to the changes of these entities' metrics. */
  listenToCounted(entities: Iterable<EntityKey>, listener: CountedListener, onEnd: (error: Error) => void): () => void {
    return this.#enter(onEnd, () => listenTo(this.#counted, entities, listener))
  }

  #enter(onEnd: (error: Error) => void, enter: () => () => void): () => void {
    if (this.#closed) {
      const reason = this.#closed
      queueMicrotask(() => onEnd(reason))
      return () => {}
    }
    const leave = enter()
    this.#ends.add(onEnd)
    return () => {
      leave()
      this.#ends.delete(onEnd)
    }
  }

  /** Whether the batches behind the cut in these lanes are in memory. */
  remembers(cut: Cut, lanes: Iterable<string>): boolean {
    const known = this.#remembered()
    for (const lane of lanes) {
      const [position, start] = [cut[lane], known[lane]]
      if (position === undefined || start === undefined || comparePositions(position, start) < 0) return false
    }
    return true
  }

  /** From where on batches are in memory. */
  #remembered(): Cut {
    return this.#ring.get(this.#ring.first)?.before ?? this.#cut
  }

  /**
   * The batches behind `from` up to `to` (a cut that this hub gave, most often `cut()`) in these lanes, oldest first by
   * lane, from memory as far as that reaches back and from the log before that. Their cuts begin with `from`. Whoever listens
   * first and then asks for all up to `cut()` misses nothing. What the log does not hold any more is not noticed here.
   */
  async *behind({ from, to, lanes, about, signal }: Behind): AsyncGenerator<Announced, void> {
    const wanted = new Set(lanes.filter((lane) => to[lane] !== undefined))
    let cut = restrict(from, wanted)
    let number = 0
    const take = (batch: ChangeBatch): Announced => {
      const lane = changesLane(batch.shard)
      const position = cut[lane]
      const announced = new Announced(batch, cut, position && position.skip > 0 && isInside(position, batch) ? position.skip : 0)
      cut = announced.after
      return announced
    }
    while (!signal.aborted) {
      for (const lane of wanted) if (cut[lane] && comparePositions(cut[lane], to[lane]!) >= 0) wanted.delete(lane)
      if (wanted.size === 0) return
      if (this.remembers(cut, wanted)) {
        const next = this.#nextOf(number, cut, wanted, about)
        if (!next) return
        number = next.number + 1
        const { kept } = next
        if (comparePositions(kept.end, to[kept.lane]!) <= 0) yield take(kept.batch)
        continue
      }
      const known = this.#remembered()
      const until = Object.fromEntries([...wanted].map((lane) => [lane, lesser(known[lane]!, to[lane]!)]))
      for await (const { batch } of changesFrom({ log: this.#log, topics: this.#topics, from: cut, to: until, signal })) yield take(batch)
      cut = merge(cut, until)
    }
  }

  /**
   * The last of an entity's changes behind a cut that is wanted. In memory it is looked for from the end: what came before
   * it is neither unpacked nor looked at.
   */
  async lastBehind(asked: LastBehind, isWanted: (change: Change) => boolean): Promise<Change | undefined> {
    const { from, to, lane, about, signal } = asked
    const lastIn = (announced: Announced): Change | undefined => {
      for (let item = announced.batch.entities.length - 1; item >= announced.skip; item--) {
        const change = { announced, item }
        if (announced.batch.entities[item]!.entity === about && isWanted(change)) return change
      }
      return undefined
    }
    let last: Change | undefined
    if (this.remembers(from, [lane])) {
      for (const announced of this.#newestFirst(asked)) if ((last = lastIn(announced))) break
    } else for await (const announced of this.behind({ from, to, lanes: [lane], about, signal })) last = lastIn(announced) ?? last
    return last
  }

  /** In one lane, in memory, those batches in which fields of an entity changed. */
  *#newestFirst({ from, to, lane, about }: LastBehind): Generator<Announced, void> {
    const [begin, end] = [from[lane], to[lane]]
    if (!begin || !end) return
    for (const number of this.#numbers.get(about)?.toReversed() ?? []) {
      const kept = this.#ring.get(number)!
      if (kept.lane !== lane || comparePositions(kept.end, end) > 0) continue
      if (!isBehind(kept, begin)) return
      const { batch } = kept
      yield new Announced(batch, restrict(from, [lane]), begin.skip > 0 && isInside(begin, batch) ? begin.skip : 0)
    }
  }

  /** The next batch in memory, from a number on, that a cut does not include whole. */
  #nextOf(from: number, cut: Cut, lanes: ReadonlySet<string>, about: EntityKey | undefined): { number: number; kept: KeptBatch } | undefined {
    const first = Math.max(from, this.#ring.first)
    for (const number of about === undefined ? countingFrom(first, this.#ring.end) : this.#numbers.get(about)?.filter((each) => each >= first) ?? []) {
      const kept = this.#ring.get(number)!
      if (lanes.has(kept.lane) && isBehind(kept, cut[kept.lane]!)) return { number, kept }
    }
    return undefined
  }

  get listeners(): number {
    return this.#ends.size
  }

  /** Whether nothing is published any more. */
  get closed(): boolean {
    return this.#closed !== undefined
  }

  /** Ends all subscriptions, later ones too, with a reason that clients are told. */
  close(reason: Error): void {
    this.#closed ??= reason
    this.#begun.reject(reason)
    for (const end of [...this.#ends]) end(reason)
  }
}

/** What is asked for of the past. */
export interface Behind {
  from: Cut
  to: Cut
  lanes: readonly string[]
  /** Batches in which no field of it changed may be left out, and are not in the cuts of the others then. */
  about?: EntityKey
  signal: AbortSignal
}

/** What is asked for of one entity's past. */
export interface LastBehind {
  from: Cut
  to: Cut
  lane: string
  about: EntityKey
  signal: AbortSignal
}

/** One entity in a batch. */
export interface Change {
  announced: Announced
  item: number
}

function* countingFrom(first: number, end: number): Generator<number, void> {
  for (let number = first; number < end; number++) yield number
}

/** A position without a sequence begins with the first batch that begins there, in the log as well (changes-from.ts). */
const isBehind = ({ first, end }: KeptBatch, position: Position): boolean =>
  comparePositions(position, end) < 0 && (position.sequence >= 0 || position.next <= first)

const lesser = (a: Position, b: Position): Position => (furtherPosition(a, b) === a ? b : a)

function listenTo<L>(listeners: Map<EntityKey, Set<L>>, entities: Iterable<EntityKey>, listener: L): () => void {
  const keys = [...entities]
  for (const key of keys) {
    const concerned = listeners.get(key)
    if (concerned) concerned.add(listener)
    else listeners.set(key, new Set([listener]))
  }
  return () => {
    for (const key of keys) {
      const concerned = listeners.get(key)
      if (concerned?.delete(listener) && concerned.size === 0) listeners.delete(key)
    }
  }
}
