import type { EntityKey } from '../events/entity.ts'
import type { EventLog } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import type { ChangeBatch } from '../ingest/change-reader.ts'
import { Announced } from './announced.ts'
import { changesFrom, isInside } from './changes-from.ts'
import { changesLane, comparePositions, furtherPosition, merge, restrict, type Cut, type Position } from './cut.ts'
import { Ring, type RingOptions } from './ring.ts'

/** Called with each batch. Listeners return at once and never throw. */
export type BatchListener = (announced: Announced) => void
/** Called with each item that concerns an entity. */
export type ItemListener = (announced: Announced, item: number) => void

export interface HubOptions extends Partial<RingOptions> {
  log: Pick<EventLog, 'read'>
  topics: Topics
}

/** Some minutes of a busy log; what is older is read from the log. */
const defaultRing: RingOptions = { maxBatches: 20_000, maxBytes: 16 * 1024 * 1024 }

/**
 * Hands the batches of `changes` to whoever listens. One reader per process feeds it, after the metric view has applied
 * the batch: so a listener that asks the view or the index sees what it was told about. It remembers the latest batches,
 * and finds older ones on the log.
 */
export class ChangeHub {
  readonly #log: Pick<EventLog, 'read'>
  readonly #topics: Topics
  readonly #ring: Ring
  readonly #listeners = new Set<BatchListener>()
  readonly #changed = new Map<EntityKey, Set<ItemListener>>()
  readonly #counted = new Map<EntityKey, Set<ItemListener>>()
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

  /** Resolves when it knows where it stands; rejects when it is closed before. */
  get begun(): Promise<void> {
    return this.#begun.promise
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
    this.#ring.push(announced)
    for (const listener of this.#listeners) listener(announced)
    if (this.#changed.size > 0)
      for (let item = 0; item < batch.entities.length; item++)
        this.#tell(this.#changed, batch.entities[item]!.entity, announced, item)
    if (this.#counted.size > 0) for (const { entity, item } of announced.counted()) this.#tell(this.#counted, entity, announced, item)
  }

  #tell(listeners: Map<EntityKey, Set<ItemListener>>, entity: EntityKey, announced: Announced, item: number): void {
    const concerned = listeners.get(entity)
    if (concerned) for (const listener of concerned) listener(announced, item)
  }

  /** Listens to every batch until the returned function is called. */
  listen(listener: BatchListener, onEnd: (error: Error) => void): () => void {
    return this.#enter(onEnd, () => {
      this.#listeners.add(listener)
      return () => this.#listeners.delete(listener)
    })
  }

  /** Listens to the changes of these entities' fields: costs others nothing. */
  listenToChanged(entities: Iterable<EntityKey>, listener: ItemListener, onEnd: (error: Error) => void): () => void {
    return this.#enter(onEnd, () => listenTo(this.#changed, entities, listener))
  }

  /** Listens to the changes of these entities' metrics. */
  listenToCounted(entities: Iterable<EntityKey>, listener: ItemListener, onEnd: (error: Error) => void): () => void {
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
  remembers(cut: Cut, lanes: readonly string[]): boolean {
    return this.#ring.covers(cut, this.#ring.oldest?.before ?? this.#cut, lanes)
  }

  /**
   * The batches behind `from` up to `to` (a cut that this hub gave, most often `cut()`) in these lanes, oldest first by
   * lane, from memory as far as that reaches back and from the log before that. Their cuts begin with `from`. Whoever listens
   * first and then asks for all up to `cut()` misses nothing. What the log does not hold any more is not noticed here.
   */
  async *behind({ from, to, lanes, signal }: { from: Cut; to: Cut; lanes: readonly string[]; signal: AbortSignal }): AsyncGenerator<Announced, void> {
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
      const known = this.#ring.oldest?.before ?? this.#cut
      if (!this.#ring.covers(cut, known, [...wanted])) {
        const until = Object.fromEntries([...wanted].map((lane) => [lane, lesser(known[lane]!, to[lane]!)]))
        for await (const { batch } of changesFrom({ log: this.#log, topics: this.#topics, from: cut, to: until, lanes: [...wanted], signal }))
          yield take(batch)
        if (signal.aborted) return
        cut = merge(cut, until)
        if ([...wanted].every((lane) => comparePositions(cut[lane]!, to[lane]!) >= 0)) return
        continue
      }
      const next = this.#ring.next(number, cut, wanted)
      if (!next) return
      number = next.number + 1
      const { batch, lane, end } = next.announced
      if (comparePositions(end, to[lane]!) <= 0) yield take(batch)
    }
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

const lesser = (a: Position, b: Position): Position => (furtherPosition(a, b) === a ? b : a)

function listenTo(listeners: Map<EntityKey, Set<ItemListener>>, entities: Iterable<EntityKey>, listener: ItemListener): () => void {
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
