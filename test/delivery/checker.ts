import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { endingOf, eventSourceFollower, multipartFollower, webSocketFollower, type Delivery, type Follower } from './followers.ts'
import { EventsJudge, MetricsJudge, NearEventsJudge, StateJudge, type Judge, type Notice } from './judges.ts'
import { Ledger, lineOf, near, type Numbered } from './ledger.ts'
import { EvaluatedJudge, ListJudge } from './list-judges.ts'
import { singleConnectionFollower } from './single-connection-follower.ts'

/** Appends events in their order. Rejects where nobody knows whether they are there. */
export type Send = (events: readonly Numbered[]) => Promise<void>

export interface CheckerOptions {
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
  /** Metrics are seen before they are announced, so a crash may take some back until they are counted again. */
  metricsMayFall?: boolean
  /** How all subscriptions are to be delivered. Events have no latest state: where others are conflated, they wait. */
  delivery?: Delivery
  /** Whether one client more follows all of it, which never hangs: its judges are `beside`. */
  beside?: boolean
  /**
   * What every chat says and every livestream is described by, and how often over that is asked for, of each event or each state: more
   * than connections hold for those who do not read.
   */
  bulk?: { words: string; events?: number; states?: number }
  /** Codes with which subscriptions may end: their clients come back by the cursor that came with it. */
  endings?: readonly string[]
  /** The token that holds now, as `authorization` has it. */
  authorization?: () => string
}

const listFirst = 8
/** Half as many are near. */
const nearFirst = 4
/** By meaning alone: every livestream has a place, which moves with its title. */
const update = 'kind added { rank node { id title revision } } removed moved { id rank } updated { rank node { id title revision } }'
const search = 'searchLivestreams(hybrid: { text: "n0000042", alpha: 1 }, filter: { category: { eq: "vinyl" } }, first: 8'
const chatsAndChanges = 'types: ["ChatPosted", "LivestreamChanged"]'
/** All that there are of a category: nothing is left to be tried at random. */
const feed = 'feed(userId: "ada", filter: { category: { eq: "vinyl" } }, first: 50'
/** Transports of which a connection has any number of subscriptions. */
const sharesConnection = new Set(['graphql-ws', 'single-connection SSE'])
const besideOthers = 'graphql-ws beside'
/** On a machine that is busy with something else for seconds the index is late: whoever needs it then ends, and may come back. */
const indexAway = 'INDEX_UNAVAILABLE'
/** How long nothing may happen that is waited for, ms; and how many rounds are sent until all subscriptions are there. */
const patienceMs = 60_000
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
  readonly #send: Send
  readonly #batch: number
  readonly #paceMs: number
  readonly #urlOf: () => string
  readonly #delivery: Delivery | undefined
  readonly #endings: readonly string[]
  readonly #authorization: (() => string) | undefined
  readonly #followers: Follower[] = []
  #steady: Follower | undefined
  /** How often a subscription has come back, by why it ended. */
  readonly #returned = new Map<Judge, Map<unknown, number>>()
  readonly #ends: string[] = []
  readonly #waiting = new Set<() => void>()
  #sending: Promise<void> | undefined
  #stop = false
  #over = false
  /** Why the last events could not be sent for certain. */
  #refused: unknown

  constructor({
    send, urlOf, streamUrlOf = urlOf, livestreams = 24, followed = 2, batch = 8, paceMs = 20, metricsMayFall, delivery, beside = false, bulk, endings = [],
    authorization,
  }: CheckerOptions) {
    this.ledger = new Ledger(livestreams, bulk?.words)
    this.#delivery = delivery
    this.#endings = endings
    this.#authorization = authorization
    this.#send = send
    this.#batch = batch
    this.#paceMs = paceMs
    this.#urlOf = urlOf
    const copies = (field: string, length = 0): string => Array.from({ length }, (_, n) => `copy${n}: ${field}`).join(' ')
    const followers = {
      'graphql-ws': webSocketFollower({ urlOf, authorization }), SSE: eventSourceFollower({ urlOf, authorization }), multipart: multipartFollower({ urlOf, authorization }),
      'single-connection SSE': singleConnectionFollower({ urlOf: streamUrlOf, authorization }),
      ...beside && { [besideOthers]: webSocketFollower({ urlOf, authorization }) },
    }
    for (const [transport, follower] of Object.entries(followers)) {
      this.#followers.push(follower)
      const first = this.judges.length
      this.#follow(follower, new EventsJudge(`events by ${transport}`, this.ledger), `subscription { events(${chatsAndChanges}) { id type subject ${copies('data', bulk?.events)} } }`)
      for (const id of this.ledger.livestreams.slice(0, followed))
        this.#follow(follower, new StateJudge(`livestream ${id} by ${transport}`, this.ledger, id), `subscription { livestream(id: "${id}") { id title revision ${copies('description', bulk?.states)} } }`)
      const id = this.ledger.livestreams[0] as string
      this.#follow(follower, new MetricsJudge(`metrics by ${transport}`, this.ledger, { id, mayFall: metricsMayFall }),
        `subscription { metrics(entities: ["livestream:${id}"]) { metrics { chats { total } } } }`)
      const list = (category: string, first: number, more = ''): string => `subscription {
        livestreams(filter: { category: { eq: "${category}" } }, orderBy: [{ field: TITLE }], first: ${first} ${more}) { ${update} }
      }`
      for (const category of ['vinyl', 'cards'])
        this.#follow(follower, new ListJudge(`${category} by ${transport}`, this.ledger, { category, first: listFirst }), list(category, listFirst))
      // What decides on them is the same for all transports; and bulk is about nothing.
      if (!bulk && sharesConnection.has(transport)) {
        this.#follow(follower, new NearEventsJudge(`near events by ${transport}`, this.ledger), `subscription { events(${chatsAndChanges}, ${near}) { id type subject } }`)
        this.#follow(follower, new ListJudge(`near vinyl by ${transport}`, this.ledger, { category: 'vinyl', first: nearFirst, nearOnly: true }), list('vinyl', nearFirst, near))
      }
      for (const [name, field, query] of [['search', 'searchLivestreams', search], ['feed', 'feed', feed]] as const)
        this.#follow(follower, new EvaluatedJudge(`a ${name} by ${transport}`, this.ledger, field), `subscription { ${query}, throttleMs: 100) { ${update} } }`)
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

  /** How often the subscription of this judge has come back after it ended with this code. */
  returned(judge: Judge, code: string): number {
    return this.#returned.get(judge)?.get(code) ?? 0
  }

  /** Resolves when each of these subscriptions has come back so often after it ended with this code. */
  async return(code: string, times: number, which: (judge: Judge) => boolean = () => true): Promise<void> {
    const late = (): Judge[] => this.judges.filter((judge) => which(judge) && this.returned(judge, code) < times)
    if (!await this.#when(() => late().length === 0)) this.#fail(late().map(({ name }) => name))
  }

  /** Rounds of events until every subscription has got some of every line: from then on nothing may be missing. */
  async begin(): Promise<void> {
    const opening = this.ledger.opening()
    while (!await this.#sent(opening)) await delay(this.#paceMs)
    // Streams of events begin when they are there, which nothing tells.
    await this.#whole()
    for (const judge of this.judges) if (judge instanceof EventsJudge) judge.begins(this.ledger.next)
    this.#sending = this.#flow()
    // Whoever waits for the end hears of it.
    this.#sending.catch(() => {})
  }

  /** Resolves when so many more events were sent. */
  async sends(count: number): Promise<void> {
    const wanted = this.ledger.sent.length + count
    if (!await this.#when(() => this.ledger.sent.length >= wanted)) this.#fail(['the producer'])
  }

  /** Resolves when all that was sent up to now has come to everybody, or to these. */
  async arrived(which: Iterable<Judge> = this.judges): Promise<void> {
    const behind = this.#behindNow(which)
    if (!await this.#when(() => behind().length === 0)) this.#fail(behind())
  }

  /** Resolves when the latest of each line has come to everybody, whatever of those before was dropped on the way. */
  async caughtUp(): Promise<void> {
    for (const limit = performance.now() + patienceMs; ;) {
      const behind = this.#behindNow(this.judges)
      if (await this.#when(() => behind().length === 0, 1_000)) return
      if (performance.now() > limit) this.#fail(behind())
    }
  }

  /** No events are sent any more. */
  async pause(): Promise<void> {
    this.#stop = true
    await this.#sending
  }

  /** A last round, which everybody must get, and nothing after it. */
  async end(): Promise<void> {
    await this.pause()
    if (this.#delivery && this.#delivery.policy !== 'DISCONNECT') await this.#whole()
    else await this.#until(await this.#round())
    // What is repeated late would come before this.
    await this.#until(await this.#round())
    await this.#evaluated()
  }

  /** Resolves when every subscription was told of a gap, and all of them stand where they should. */
  async told(reason: string): Promise<void> {
    const late = (): Judge[] => this.judges.filter(({ notices }) => notices.every((notice) => notice.reason !== reason))
    if (!await this.#when(() => late().length === 0)) this.#fail(late().map(({ name }) => name))
    await this.#evaluated()
  }

  /** Searches and feeds come to what the query answers, which may itself lag behind the texts for a moment; and time moves ranks. */
  async #evaluated(): Promise<void> {
    const judges = this.judges.filter((judge) => judge instanceof EvaluatedJudge)
    for (const limit = performance.now() + patienceMs; ;) {
      const response = await fetch(`${this.#urlOf()}/graphql`, {
        method: 'POST', headers: { 'content-type': 'application/json', ...this.#authorization && { authorization: this.#authorization() } },
        body: JSON.stringify({ query: `{ ${search}) { nodes { id title } } ${feed}) { nodes { id title } } }` }),
      })
      const { data } = await response.json() as { data: Record<string, { nodes: { id: string; title: string }[] }> }
      for (const judge of judges) judge.expect(data[judge.field]!.nodes)
      if (await this.#when(() => judges.every((judge) => judge.has()), 1_000)) return
      if (performance.now() > limit) this.#fail(judges.filter((judge) => !judge.has()).map(({ name }) => name))
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
        this.#wake()
      }, (why) => {
        if (this.#over) return
        const { code, cursor } = endingOf(why) ?? {}
        // One that was refused before it began has no place to tell.
        const isTold = cursor !== undefined || latest === after
        if (!isTold || ![...this.#endings, indexAway].some((each) => each === code)) return void this.#ends.push(`${judge.name}: ended: ${JSON.stringify(why)}`)
        this.#count(judge, code)
        follower.authorize()
        begin(cursor ?? latest)
        this.#wake()
      }, how || after !== undefined ? { ...how, after } : undefined)
    }
    begin()
  }

  #count(judge: Judge, code: unknown): void {
    const counts = this.#returned.get(judge) ?? new Map<unknown, number>()
    this.#returned.set(judge, counts.set(code, (counts.get(code) ?? 0) + 1))
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
    const isThere = await this.#sent(events)
    if (isThere) this.ledger.acknowledged(events)
    else this.ledger.doubted(events)
    this.#wake()
    return isThere
  }

  /** False: nobody knows whether they are there. */
  async #sent(events: readonly Numbered[]): Promise<boolean> {
    try {
      await this.#send(events)
      return true
    } catch (error) {
      this.#refused = error
      return false
    }
  }

  /** Rounds are sent until one has come whole to everybody: those before it may have been dropped for some. */
  async #whole(): Promise<void> {
    for (let rounds = 1; ; rounds++) {
      const round = await this.#round()
      if (await this.#when(() => this.#behind(round).length === 0, 1_000)) return
      if (rounds === mostRounds) this.#fail(this.#behind(round))
    }
  }

  /** Who lacks any of what is now the last event of each line. */
  #behindNow(which: Iterable<Judge>): () => string[] {
    const last = [...new Map(this.ledger.sent.map((event) => [lineOf(event), event])).values()]
    return () => [...which].filter((judge) => !(judge instanceof ListJudge) && !judge.has(last)).map(({ name }) => name)
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
