import assert from 'node:assert/strict'
import { endingOf, eventSourceFollower, multipartFollower, webSocketFollower, type Delivery, type Follower } from './followers.ts'
import { EventsJudge, type Judge, type Notice } from './judges.ts'
import { Ledger, lineOf } from './ledger.ts'
import { EvaluatedJudge, ListJudge } from './list-judges.ts'
import { evaluatedQuery, operationsBy, type OperationsOptions } from './operations.ts'
import { Producer, type Send } from './producer.ts'
import { singleConnectionFollower } from './single-connection-follower.ts'
import { ofAll, patienceMs, Waiting } from './waiting.ts'

export interface CheckerOptions extends Pick<OperationsOptions, 'metricsMayFall' | 'bulk'> {
  send: Send
  /** Where clients find the gateway: asked each time one connects. */
  urlOf: () => string
  /** The same for those of single-connection streams, whose requests must all reach the replica that has the stream. */
  streamUrlOf?: () => string
  livestreams?: number
  /** Each of these is followed by a subscription of its own, per transport. */
  followed?: number
  /** Events in one append, and time between two, ms. */
  batch?: number
  paceMs?: number
  /** How all subscriptions are to be delivered. Events have no latest state: where others are conflated, they wait. */
  delivery?: Delivery
  /** Whether one client more follows all of it, which never hangs: its judges are `beside`. */
  beside?: boolean
  /** Codes with which subscriptions may end: their clients come back by the cursor that came with it. */
  endings?: readonly string[]
  /** The token that holds now, as `authorization` has it. */
  authorization?: () => string
}

const besideOthers = 'graphql-ws beside'
/** On a machine that is busy with something else for seconds the index is late: whoever needs it then ends, and may come back. */
const indexAway = 'INDEX_UNAVAILABLE'
/** How many rounds are sent until all subscriptions are there. */
const mostRounds = 60

/**
 * Sends numbered events and follows them by subscriptions of all kinds over all transports. It knows every event that was sent, so in
 * the end it says of each subscription what was lost, repeated or out of order.
 */
export class Checker implements AsyncDisposable {
  readonly ledger: Ledger
  readonly judges: Judge[] = []
  /** Those of the client that never hangs. */
  readonly beside = new Set<Judge>()
  readonly #urlOf: () => string
  readonly #delivery: Delivery | undefined
  readonly #endings: readonly string[]
  readonly #authorization: (() => string) | undefined
  readonly #followers: Follower[] = []
  #steady: Follower | undefined
  /** How often a subscription has come back, by why it ended. */
  readonly #returned = new Map<Judge, Map<unknown, number>>()
  readonly #ends: string[] = []
  readonly #waiting = new Waiting()
  readonly #producer: Producer
  #over = false

  constructor({
    send, urlOf, streamUrlOf = urlOf, livestreams = 24, followed = 2, batch = 8, paceMs = 40, metricsMayFall, delivery, beside = false, bulk, endings = [],
    authorization,
  }: CheckerOptions) {
    this.ledger = new Ledger(livestreams, bulk?.words)
    this.#delivery = delivery
    this.#endings = endings
    this.#authorization = authorization
    this.#urlOf = urlOf
    this.#producer = new Producer({ send, ledger: this.ledger, batch, paceMs, wrote: () => this.#waiting.wake() })
    const followers = {
      'graphql-ws': webSocketFollower({ urlOf, authorization }), SSE: eventSourceFollower({ urlOf, authorization }), multipart: multipartFollower({ urlOf, authorization }),
      'single-connection SSE': singleConnectionFollower({ urlOf: streamUrlOf, authorization }),
      ...beside && { [besideOthers]: webSocketFollower({ urlOf, authorization }) },
    }
    for (const [transport, follower] of Object.entries(followers)) {
      this.#followers.push(follower)
      const first = this.judges.length
      for (const [judge, query] of operationsBy(transport, { ledger: this.ledger, followed, metricsMayFall, bulk })) this.#follow(follower, judge, query)
      if (transport !== besideOthers) continue
      this.#steady = follower
      for (const judge of this.judges.slice(first)) this.beside.add(judge)
    }
  }

  /** How often the clients had to connect, all together. */
  get connected(): number {
    return this.#followers.reduce((sum, { connected }) => sum + connected, 0)
  }

  /** Clients take nothing from their connections any more, but for the one beside. */
  hang(): void {
    for (const follower of this.#followers) if (follower !== this.#steady) follower.hang()
  }

  goOn(): void {
    for (const follower of this.#followers) follower.goOn()
  }

  /** How often the subscription of this judge has come back after it ended with one of these codes. */
  returned(judge: Judge, ...codes: string[]): number {
    return codes.reduce((sum, code) => sum + (this.#returned.get(judge)?.get(code) ?? 0), 0)
  }

  /** Resolves when each of these subscriptions has come back so often after it ended with this code. */
  async return(code: string, times: number, which: (judge: Judge) => boolean = () => true): Promise<void> {
    await this.#all(this.judges.filter(which), (judge) => this.returned(judge, code) >= times)
  }

  /** Resolves when each subscription has come back once more after it ended with one of these codes. */
  async comeBack(...codes: string[]): Promise<void> {
    const before = new Map(this.judges.map((judge) => [judge, this.returned(judge, ...codes)]))
    await this.#all(this.judges, (judge) => this.returned(judge, ...codes) > before.get(judge)!)
  }

  /** Rounds of events until every subscription has got some of every line: from then on nothing may be missing. */
  async begin(): Promise<void> {
    await this.#producer.open()
    // Streams of events begin when they are there, which nothing tells.
    await this.#whole()
    for (const judge of this.judges) if (judge instanceof EventsJudge) judge.begins(this.ledger.next)
    this.#producer.flow()
  }

  /** Resolves when so many more events were sent. */
  async sends(count: number): Promise<void> {
    const wanted = this.ledger.sent.length + count
    if (!await this.#waiting.until(() => this.ledger.sent.length >= wanted)) this.#fail([])
  }

  /** Resolves when all that was sent up to now has come to everybody, or to these. */
  async arrived(which: Iterable<Judge> = this.judges): Promise<void> {
    await this.#all([...which], this.#hasLatest())
  }

  /** Resolves when the latest of each line has come to everybody, whatever of those before was dropped on the way. */
  async caughtUp(): Promise<void> {
    for (const limit = performance.now() + patienceMs; ;) {
      const hasLatest = this.#hasLatest()
      if (await this.#waiting.until(ofAll(this.judges, hasLatest), 1_000)) return
      if (performance.now() > limit) this.#fail(this.judges.filter((judge) => !hasLatest(judge)))
    }
  }

  /** No events are sent any more. */
  async pause(): Promise<void> {
    await this.#producer.stopped()
  }

  /** A last round, which everybody must get, and nothing after it. */
  async end(): Promise<void> {
    await this.pause()
    if (this.#delivery && this.#delivery.policy !== 'DISCONNECT') await this.#whole()
    else await this.#aRound()
    // What is repeated late would come before this.
    await this.#aRound()
    await this.#evaluated()
  }

  /** Resolves when every subscription was told of a gap, and all of them stand where they should. */
  async told(reason: string): Promise<void> {
    await this.#all(this.judges, ({ notices }) => notices.some((notice) => notice.reason === reason))
    await this.#evaluated()
  }

  /** Searches and feeds come to what the query answers, which may itself lag behind the texts for a moment; and time moves ranks. */
  async #evaluated(): Promise<void> {
    const judges = this.judges.filter((judge) => judge instanceof EvaluatedJudge)
    for (const limit = performance.now() + patienceMs; ;) {
      const response = await fetch(`${this.#urlOf()}/graphql`, {
        method: 'POST', headers: { 'content-type': 'application/json', ...this.#authorization && { authorization: this.#authorization() } },
        body: JSON.stringify({ query: evaluatedQuery }),
      })
      const { data } = await response.json() as { data: Record<string, { nodes: { id: string; title: string }[] }> }
      for (const judge of judges) judge.expect(data[judge.field]!.nodes)
      if (await this.#waiting.until(ofAll(judges, (judge) => judge.has()), 1_000)) return
      if (performance.now() > limit) this.#fail(judges.filter((judge) => !judge.has()))
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
    this.#producer.stop()
    this.#over = true
    await Promise.all(this.#followers.map((follower) => follower[Symbol.asyncDispose]()))
  }

  #follow(follower: Follower, judge: Judge, query: string): void {
    this.judges.push(judge)
    const conflates = this.#delivery?.policy === 'CONFLATE'
    const how: Delivery | undefined = conflates && judge instanceof EventsJudge ? { ...this.#delivery, policy: 'BUFFER' } : this.#delivery
    const begin = (after?: string): void => {
      let latest = after
      follower.follow(query, (result) => {
        latest = result.extensions?.['cursor'] as string | undefined ?? latest
        judge.take(result)
        this.#waiting.wake()
      }, (why) => {
        if (this.#over) return
        const { code, cursor } = endingOf(why) ?? {}
        // One that was refused before it began has no place to tell.
        const isTold = cursor !== undefined || latest === after
        if (!isTold || ![...this.#endings, indexAway].some((each) => each === code)) return void this.#ends.push(`${judge.name}: ended: ${JSON.stringify(why)}`)
        this.#count(judge, code)
        follower.authorize()
        begin(cursor ?? latest)
        this.#waiting.wake()
      }, how || after !== undefined ? { ...how, after } : undefined)
    }
    begin()
  }

  #count(judge: Judge, code: unknown): void {
    const counts = this.#returned.get(judge) ?? new Map<unknown, number>()
    this.#returned.set(judge, counts.set(code, (counts.get(code) ?? 0) + 1))
  }

  /** Rounds are sent until one has come whole to everybody: those before it may have been dropped for some. */
  async #whole(): Promise<void> {
    for (let rounds = 1; ; rounds++) {
      const round = await this.#producer.round()
      if (await this.#waiting.until(ofAll(this.judges, (judge) => judge.has(round)), 1_000)) return
      if (rounds === mostRounds) this.#fail(this.judges.filter((judge) => !judge.has(round)))
    }
  }

  /** Who lacks none of what is now the last event of each line. */
  #hasLatest(): (judge: Judge) => boolean {
    const last = [...new Map(this.ledger.sent.map((event) => [lineOf(event), event])).values()]
    return (judge) => judge instanceof ListJudge || judge.has(last)
  }

  /** A round that comes to everybody. */
  async #aRound(): Promise<void> {
    const round = await this.#producer.round()
    await this.#all(this.judges, (judge) => judge.has(round))
  }

  /** Resolves when it holds of all of these. */
  async #all(judges: readonly Judge[], holds: (judge: Judge) => boolean): Promise<void> {
    if (!await this.#waiting.until(ofAll(judges, holds))) this.#fail(judges.filter((judge) => !holds(judge)))
  }

  #fail(behind: readonly Judge[]): never {
    const found = behind.flatMap((judge) => judge.faults().map((fault) => `${judge.name}: ${fault}`))
    const names = behind.map(({ name }) => name).join(', ') || 'the producer'
    throw new Error([`nothing comes any more for ${names}`, ...this.#ends, ...found].join('\n'), { cause: this.#producer.refused })
  }
}
