import { GraphQLError } from 'graphql'
import type { Cut, DeliveryRequest, Gap } from '../../../resolvers/live.ts'
import { Budget } from '../../../subscriptions/delivery/budget.ts'
import { Connection, maxWrite } from '../../../subscriptions/delivery/connection.ts'
import { Dispatcher } from '../../../subscriptions/delivery/dispatcher.ts'
import { Pace } from '../../../subscriptions/delivery/pace.ts'
import { Places } from '../../../subscriptions/delivery/places.ts'
import type { Rendered } from '../../../subscriptions/delivery/entries.ts'
import { Group, type Start } from '../../../subscriptions/delivery/group.ts'
import { renderGap, textOf, type Payload } from '../../../subscriptions/delivery/payload.ts'
import type { Framing, Sink } from '../../../subscriptions/delivery/sink.ts'
import type { Item, Origin, Source } from '../../../subscriptions/delivery/source.ts'
import type { Policy, Subscriber } from '../../../subscriptions/delivery/subscriber.ts'
import { includes, plainPosition } from '../../../subscriptions/cut.ts'

/** What happened: the n-th event of a lane, about a key that belongs to it. */
export interface Happened {
  lane: number
  n: number
  key: string
}

export interface Received {
  data: { event?: Happened; state?: Record<string, number> } | null
  errors?: { extensions: { code: string } }[]
  extensions: { cursor?: string; gap?: { reason: string; missed: { from?: string; count: number | null } } }
}

export const laneOf = (lane: number): string => `changes/${lane}`
export const cutOf = (counts: readonly number[]): Cut => Object.fromEntries(counts.map((count, lane) => [laneOf(lane), plainPosition(count)]))
export const encode = (cut: Cut): string => Object.entries(cut).map(([lane, { next }]) => `${lane}:${next}`).sort().join(';')
export const decode = (text: string): Cut =>
  Object.fromEntries(text.split(';').map((part) => part.split(':')).map(([lane, next]) => [lane as string, plainPosition(Number(next))]))

/** The log, from which every replica reads. */
export class History {
  readonly lanes: Happened[][]
  /** By lane, how many at the beginning are not kept any more. */
  readonly forgotten: number[]

  constructor(lanes: number) {
    this.lanes = Array.from({ length: lanes }, () => [])
    this.forgotten = this.lanes.map(() => 0)
  }

  add(lane: number, key: number): void {
    const events = this.lanes[lane] as Happened[]
    events.push({ lane, n: events.length, key: `${lane}-${key}` })
  }

  state(cut: Cut): Record<string, number> {
    const state: Record<string, number> = {}
    for (const events of this.lanes) for (const event of events) if (includes(cut, placeOf(event))) state[event.key] = event.n
    return state
  }
}

export const placeOf = ({ lane, n }: Happened) => ({ lane: laneOf(lane), position: plainPosition(n + 1) })

const payloadOf = (data: object | null, cut: Cut | undefined, gap?: string): Payload => ({
  head: `{"data":${JSON.stringify(data)},"extensions":{`, tail: '"freshness":null}}', cursor: cut && encode(cut), gap,
})

/** One gateway over the history: it hands out events in an order of its own among the lanes. */
export class Replica {
  readonly history: History
  readonly counts: number[]
  readonly budget: Budget
  readonly turns: (() => void)[] = []
  readonly errors: unknown[] = []
  ended = 0
  /** How often the source was run, by what it was asked for. */
  readonly runs: string[] = []
  readonly #group: () => Group
  readonly #positioned: boolean
  readonly #isPolled: boolean
  /** The state comes key by key, with a wait between two. */
  readonly #inParts: boolean
  #current: Group | undefined
  readonly #listeners = new Set<(item: Item) => void>()
  readonly conflated = { count: 0 }
  readonly dropped = { count: 0 }

  constructor(history: History, { keep, maxBytes = 1e9, positioned = true, polled = true, inParts = false }: { keep?: { count: number; bytes: number }; maxBytes?: number; positioned?: boolean; polled?: boolean; inParts?: boolean } = {}) {
    this.history = history
    this.#positioned = positioned
    this.#isPolled = polled
    this.#inParts = inParts
    this.counts = history.lanes.map(() => 0)
    this.budget = new Budget(maxBytes)
    let time = 0
    const turns = { budgetMs: 3, now: () => ++time, defer: (run: () => void) => void this.turns.push(run) }
    const dispatcher = new Dispatcher(turns)
    const entrance = { pace: new Pace(turns), places: new Places({ most: 1, patienceMs: 0, after: () => () => {} }) }
    const origin: Origin = { positioned, encode, open: (request) => this.#open(request), renderGap: () => payloadOf(null, undefined) }
    const conflated = this.conflated
    const dropped = this.dropped
    this.#group = () => {
      const group: Group = new Group({
        origin, dispatcher, entrance, budget: this.budget, keep,
        observer: {
          passed() {}, delivered() {}, gap() {},
          conflated: (count) => void (conflated.count += count),
          dropped: (count) => void (dropped.count += count),
        },
        onError: (error) => void this.errors.push(error),
        onEnd: () => {
          this.ended++
          if (this.#current === group) this.#current = undefined
        },
      })
      return group
    }
  }

  get cut(): Cut {
    return cutOf(this.counts)
  }

  get group(): Group {
    return this.#current ??= this.#group()
  }

  get running(): boolean {
    return this.#current !== undefined
  }

  /** Hands out the next event of a lane, if there is one. */
  advance(lane: number): void {
    const event = (this.history.lanes[lane] as Happened[])[this.counts[lane] as number]
    if (!event) return
    ;(this.counts[lane] as number)++
    const { cut } = this
    for (const listener of this.#listeners) listener({ rendered: this.#render(event, cut) })
  }

  /** What the source gives next cannot be delivered. */
  spoil(): void {
    const payload = { get head(): string { throw new Error('spoilt') }, tail: '', cursor: undefined, gap: undefined }
    for (const listener of this.#listeners) listener({ rendered: { payload, cut: this.cut, key: '' } })
  }

  /** Ends the source: one with positions says why, any other has a last payload that does. */
  breakOff(): void {
    const last: Item = this.#positioned ? { failed: new GraphQLError('lost', { extensions: { code: 'LOST' } }) } : { rendered: { payload: { head: '{"errors":[{"extensions":{"code":"LOST"}}],"extensions":{', tail: '"freshness":null}}', cursor: undefined, gap: undefined }, cut: undefined, key: '' } }
    for (const listener of [...this.#listeners]) {
      listener(last)
      listener(undefined as never)
    }
  }

  #render(event: Happened, cut: Cut): Rendered {
    // Some are so large that not all that is due goes into one write.
    const text = event.n % 4 === 3 ? 'x'.repeat(event.n % 8 === 7 ? maxWrite + 1 : maxWrite / 3) : undefined
    return { payload: payloadOf({ event, text }, cut), cut, at: placeOf(event), key: event.key }
  }

  async #open(request: DeliveryRequest): Promise<Source> {
    this.runs.push(request.kind)
    if (request.kind === 'stream') return this.#stream()
    return (request.kind === 'missed' ? this.#missed(request) : this.#snapshot())[Symbol.asyncIterator]() as Source
  }

  #stream(): Source {
    const items: Item[] = [{ reached: this.cut }]
    let wake: (() => void) | undefined
    let over = false
    const listener = (item: Item | undefined): void => {
      if (item) items.push(item)
      else over = true
      wake?.()
    }
    this.#listeners.add(listener)
    return {
      next: async () => {
        while (items.length === 0 && !over) await new Promise<void>((resolve) => { wake = resolve })
        const item = items.shift()
        return item ? { done: false, value: item } : { done: true, value: undefined }
      },
      ...this.#isPolled && { poll: (waken: () => void) => {
        const item = items.shift()
        if (item) return { done: false as const, value: item }
        wake = waken
        return over ? { done: true as const, value: undefined } : undefined
      } },
      return: async () => {
        this.#listeners.delete(listener)
        listener(undefined)
        return { done: true, value: undefined }
      },
    }
  }

  async * #snapshot(gap?: Gap): AsyncGenerator<Item, undefined> {
    await new Promise<void>((resolve) => void setImmediate(resolve))
    const { cut } = this
    for (const [part, state] of this.#parts(this.history.state(cut)).entries()) {
      if (part > 0) await new Promise<void>((resolve) => void setImmediate(resolve))
      yield { rendered: { payload: payloadOf({ state }, cut, gap && renderGap(gap)), cut, gap, key: `state ${part}` } }
    }
    if (gap !== undefined) yield { reached: cut }
  }

  #parts(state: Record<string, number>): Record<string, number>[] {
    return this.#inParts ? Object.entries(state).map(([key, n]) => ({ [key]: n })) : [state]
  }

  async * #missed(request: DeliveryRequest & { kind: 'missed' }): AsyncGenerator<Item, undefined> {
    const { lanes, forgotten } = this.history
    const from = lanes.map((_, lane) => 'from' in request ? request.from[laneOf(lane)]?.next ?? 0 : request.since)
    const isBeyond = from.some((next, lane) => next > (lanes[lane] as Happened[]).length)
    if (isBeyond || from.some((next, lane) => next < (forgotten[lane] as number))) {
      yield* this.#snapshot({ reason: isBeyond ? 'CURSOR' : 'RETENTION', missed: { count: null } })
      return
    }
    const reached = [...from]
    for (let moved = true; moved;) {
      moved = false
      for (const [lane, events] of lanes.entries()) {
        const next = reached[lane] as number
        if (next >= (this.counts[lane] as number)) continue
        reached[lane] = next + 1
        moved = true
        yield { rendered: this.#render(events[next] as Happened, cutOf(reached)) }
      }
    }
    yield { reached: cutOf(reached.map((next, lane) => Math.max(next, this.counts[lane] as number))) }
  }
}

const framing: Framing = { frame: (payload) => ['', `${textOf(payload)}\n`] }

/** A client, whose connection takes nothing while it is stalled, after one more write. */
export class Client {
  readonly received: Received[] = []
  /** Where it was told that it begins. */
  readonly begun: string[] = []
  readonly connection: Connection
  readonly policy: Policy
  readonly buffer: number
  ended: { code?: string; cursor?: string } | undefined
  stalled = false
  /** Writes throw. */
  torn = false
  subscriber: Subscriber | undefined
  writes = 0

  constructor(policy: Policy = 'BUFFER', buffer = 1_000, connection?: Connection) {
    this.policy = policy
    this.buffer = buffer
    this.connection = connection ?? new Connection((bytes) => {
      if (this.torn) throw new Error('torn')
      this.writes++
      for (const line of bytes.split('\n')) if (line !== '') this.received.push(JSON.parse(line) as Received)
      return !this.stalled
    })
  }

  async join(group: Group, start: Start): Promise<void> {
    const sink: Sink = {
      connection: this.connection, framing, id: '', began: (cursor) => void this.begun.push(cursor),
      ended: (error) => { this.ended = { code: error?.extensions.code as string | undefined, cursor: error?.extensions.cursor as string | undefined } },
    }
    this.subscriber = await group.join({ sink, policy: this.policy, buffer: this.buffer }, start)
  }

  resume(): void {
    this.stalled = false
    this.connection.drained()
  }
}

/** Lets everything happen that can. */
export async function settle(...replicas: Replica[]): Promise<void> {
  for (let quiet = 0; quiet < 4;) {
    await new Promise<void>((resolve) => void setImmediate(resolve))
    quiet++
    for (const { turns } of replicas) {
      if (turns.length > 0) quiet = 0
      turns.shift()?.()
    }
  }
}
