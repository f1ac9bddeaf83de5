import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { eventSourceFollower, multipartFollower, webSocketFollower, type Follower } from './followers.ts'
import { EventsJudge, MetricsJudge, StateJudge, type Judge, type Notice } from './judges.ts'
import { Ledger, lineOf, type Numbered } from './ledger.ts'
import { ListJudge, SearchJudge } from './list-judges.ts'

/** Appends events in their order. Rejects where nobody knows whether they are there. */
export type Send = (events: readonly Numbered[]) => Promise<void>

export interface CheckerOptions {
  send: Send
  /** Where clients find the gateway: asked each time one connects. */
  urlOf: () => string
  livestreams?: number
  /** Each of these is followed by a subscription of its own, per transport. */
  followed?: number
  /** Events in one append, and time between two, ms. */
  batch?: number
  paceMs?: number
  /** Metrics are seen before they are announced, so a crash may take some back until they are counted again. */
  metricsMayFall?: boolean
}

const listFirst = 8
/** By meaning alone: every livestream has a place, which moves with its title. */
const update = 'kind added { rank node { id title revision } } removed moved { id rank } updated { rank node { id title revision } }'
const search = 'searchLivestreams(hybrid: { text: "n0000042", alpha: 1 }, filter: { category: { eq: "vinyl" } }, first: 8'
/** How long nothing may happen that is waited for, ms; and how many rounds are sent until all subscriptions are there. */
const patienceMs = 60_000
const mostRounds = 60

/**
 * Sends numbered events and follows them by subscriptions of all kinds but feeds over all transports. It knows every event that was sent, so in
 * the end it says of each subscription what was lost, repeated or out of order.
 */
export class Checker implements AsyncDisposable {
  readonly ledger: Ledger
  readonly judges: Judge[] = []
  readonly #send: Send
  readonly #batch: number
  readonly #paceMs: number
  readonly #urlOf: () => string
  readonly #followers: Follower[]
  readonly #ends: string[] = []
  readonly #waiting = new Set<() => void>()
  #sending: Promise<void> | undefined
  #stop = false
  /** Why the last events could not be sent for certain. */
  #refused: unknown

  constructor({ send, urlOf, livestreams = 24, followed = 4, batch = 8, paceMs = 20, metricsMayFall }: CheckerOptions) {
    this.ledger = new Ledger(livestreams)
    this.#send = send
    this.#batch = batch
    this.#paceMs = paceMs
    this.#urlOf = urlOf
    this.#followers = []
    for (const [transport, follower] of [
      ['graphql-ws', webSocketFollower(urlOf)], ['SSE', eventSourceFollower(urlOf)], ['multipart', multipartFollower(urlOf)],
    ] as const) {
      this.#followers.push(follower)
      this.#follow(follower, new EventsJudge(`events by ${transport}`, this.ledger), 'subscription { events(types: ["ChatPosted", "LivestreamChanged"]) { id type subject } }')
      for (const id of this.ledger.livestreams.slice(0, followed))
        this.#follow(follower, new StateJudge(`livestream ${id} by ${transport}`, this.ledger, id), `subscription { livestream(id: "${id}") { id title revision } }`)
      const id = this.ledger.livestreams[0] as string
      this.#follow(follower, new MetricsJudge(`metrics by ${transport}`, this.ledger, { id, mayFall: metricsMayFall }),
        `subscription { metrics(entities: ["livestream:${id}"]) { metrics { chats { total } } } }`)
      for (const category of ['vinyl', 'cards'])
        this.#follow(follower, new ListJudge(`${category} by ${transport}`, this.ledger, { category, first: listFirst }), `subscription {
          livestreams(filter: { category: { eq: "${category}" } }, orderBy: [{ field: TITLE }], first: ${listFirst}) { ${update} }
        }`)
      this.#follow(follower, new SearchJudge(`a search by ${transport}`, this.ledger), `subscription { ${search}, throttleMs: 100) { ${update} } }`)
    }
  }

  /** How often the clients had to connect, all together. */
  get connected(): number {
    return this.#followers.reduce((sum, { connected }) => sum + connected, 0)
  }

  /** Rounds of events until every subscription has got some of every line: from then on nothing may be missing. */
  async begin(): Promise<void> {
    // Streams of events begin when they are there, which nothing tells: rounds are sent until all have come.
    for (let rounds = 1; ; rounds++) {
      const round = await this.#round()
      if (await this.#when(() => this.#behind(round).length === 0, 1_000)) break
      if (rounds === mostRounds) this.#fail(this.#behind(round))
    }
    this.#sending = this.#flow()
    // Whoever waits for the end hears of it.
    this.#sending.catch(() => {})
  }

  /** Resolves when so many more events were sent. */
  async sends(count: number): Promise<void> {
    const wanted = this.ledger.sent.length + count
    if (!await this.#when(() => this.ledger.sent.length >= wanted)) this.#fail(['the producer'])
  }

  /** Resolves when all that was sent up to now has come to everybody. */
  async arrived(): Promise<void> {
    const last = [...new Map(this.ledger.sent.map((event) => [lineOf(event), event])).values()]
    const behind = (): string[] => this.judges.filter((judge) => !(judge instanceof ListJudge) && !judge.has(last)).map(({ name }) => name)
    if (!await this.#when(() => behind().length === 0)) this.#fail(behind())
  }

  /** No events are sent any more. */
  async pause(): Promise<void> {
    this.#stop = true
    await this.#sending
  }

  /** A last round, which everybody must get, and nothing after it. */
  async end(): Promise<void> {
    await this.pause()
    await this.#until(await this.#round())
    // What is repeated late would come before this.
    await this.#until(await this.#round())
    await this.#searched()
  }

  /** Searches come to what the query answers, which may itself lag behind the texts for a moment. */
  async #searched(): Promise<void> {
    const judges = this.judges.filter((judge) => judge instanceof SearchJudge)
    for (const limit = performance.now() + patienceMs; ;) {
      const response = await fetch(`${this.#urlOf()}/graphql`, {
        method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ query: `{ ${search}) { nodes { id title } } }` }),
      })
      const { data } = await response.json() as { data: { searchLivestreams: { nodes: { id: string; title: string }[] } } }
      for (const judge of judges) judge.expect(data.searchLivestreams.nodes)
      if (await this.#when(() => judges.every((judge) => judge.has()), 1_000)) return
      if (performance.now() > limit) this.#fail(judges.map(({ name }) => name))
    }
  }

  /** @throws AssertionError that names everything that is wrong, by subscription */
  check({ gaps = () => false }: { gaps?: (judge: Judge, notice: Notice) => boolean } = {}): void {
    const faults = this.judges.flatMap((judge) => [
      ...judge.faults().map((fault) => `${judge.name}: ${fault}`),
      ...judge.notices.filter((notice) => !gaps(judge, notice)).map((notice) => `${judge.name}: told of a gap that is none: ${JSON.stringify(notice)}`),
    ])
    assert.deepEqual([...this.#ends, ...faults], [], `of ${this.ledger.sent.length} events`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop = true
    await Promise.all(this.#followers.map((follower) => follower[Symbol.asyncDispose]()))
  }

  #follow(follower: Follower, judge: Judge, query: string): void {
    this.judges.push(judge)
    follower.follow(query, (result) => {
      judge.take(result)
      this.#wake()
    }, (why) => {
      if (!this.#stop) this.#ends.push(`${judge.name}: ended: ${JSON.stringify(why)}`)
    })
  }

  async #flow(): Promise<void> {
    while (!this.#stop) {
      await this.#put(this.ledger.make(this.#batch))
      // The pace of the producer, not a wait for anything.
      await delay(this.#paceMs)
    }
  }

  /** A round that the log has for certain. */
  async #round(): Promise<Numbered[]> {
    for (;;) {
      const round = this.ledger.round()
      if (await this.#put(round)) return round
      await delay(this.#paceMs)
    }
  }

  async #put(events: readonly Numbered[]): Promise<boolean> {
    try {
      await this.#send(events)
      this.ledger.acknowledged(events)
      this.#wake()
      return true
    } catch (error) {
      this.#refused = error
      this.ledger.doubted(events)
      return false
    }
  }

  async #until(round: readonly Numbered[]): Promise<void> {
    if (!await this.#when(() => this.#behind(round).length === 0)) this.#fail(this.#behind(round))
  }

  #behind(round: readonly Numbered[]): string[] {
    return this.judges.filter((judge) => !judge.has(round)).map(({ name }) => name)
  }

  /** False: it was waited for in vain. */
  async #when(holds: () => boolean, limitMs = patienceMs): Promise<boolean> {
    let over = false
    let wake = (): void => {}
    const timer = setTimeout(() => {
      over = true
      wake()
    }, limitMs)
    const woken = (): void => wake()
    this.#waiting.add(woken)
    while (!over && !holds()) await new Promise<void>((resolve) => { wake = resolve })
    this.#waiting.delete(woken)
    clearTimeout(timer)
    return holds()
  }

  #fail(behind: readonly string[]): never {
    const found = this.judges.filter(({ name }) => behind.includes(name)).flatMap((judge) => judge.faults().map((fault) => `${judge.name}: ${fault}`))
    throw new Error([`nothing comes any more for ${behind.join(', ')}`, ...this.#ends, ...found].join('\n'), { cause: this.#refused })
  }

  #wake(): void {
    for (const wake of this.#waiting) wake()
  }
}
