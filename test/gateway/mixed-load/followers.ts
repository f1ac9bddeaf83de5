import { setTimeout as delay } from 'node:timers/promises'
import type { FormattedExecutionResult } from 'graphql'
import type { Random } from '../../federation/differential/random.ts'
import { openEventStream } from '../../support/event-stream.ts'
import { connect, type LiveClient, type Stream } from '../../support/live-client.ts'
import type { Answers } from './answers.ts'
import { faultOf, type Away } from './judge.ts'
import { beatMs, buyer, opinionScore, rooms, subjectOf, type Remote } from './market.ts'
import { entityShapes, type Expected } from './operations.ts'

export interface FollowersOptions {
  url: string
  answers: Answers
  random: Random
  wasAway: (from: number, to: number) => Away
  generation: () => number
}

/** What is followed: its events are numbered. */
interface Followed {
  query: string
  /** Whose events they are; the gateway's own where it is undefined. */
  origin: Remote | undefined
  generational: boolean
  /** Under which the load notes the events that it makes; absent where others make them by the clock. */
  made?: string
  /** Numbers may be left out: a later state stands for earlier ones. */
  conflated: boolean
  /** Absent: the payload is not an event of this subscription. */
  read(data: Record<string, unknown>): { source: string; seq: number; expected: Expected } | undefined
}

const leaf = (value: unknown): Expected => ({ kind: 'leaf', value, needs: [] })

/** A source that is there is heard of this often, at the least, unless the machine stands still. */
const silenceMs = Math.max(20_000, 20 * beatMs)

const roomEvents = (field: 'opinionGiven' | 'ticked', { random, generation }: FollowersOptions): Followed => {
  const room = random.pick(rooms)
  const generational = random.chance(0.2)
  const shapes = entityShapes(random, generational ? generation() : undefined)
  const person = field === 'ticked' ? 'bidder' : 'author'
  return {
    query: `subscription { ${field}(room: "${room}") { source seq room ${person} ${shapes.buyer.text} article ${shapes.article.text} } }`,
    origin: field === 'ticked' ? 'auction' : 'opinions', generational, conflated: false,
    read: (data) => {
      const event = data[field] as { source: string; seq: number } | null | undefined
      if (!event) return undefined
      const subject = subjectOf(event.seq)
      return { source: event.source, seq: event.seq, expected: { kind: 'object', needs: [], fields: { [field]: { kind: 'object', needs: [], fields: {
        source: leaf(event.source), seq: leaf(event.seq), room: leaf(room), [person]: shapes.buyer.of(subject, []), article: shapes.article.of(subject, []),
      } } } } }
    },
  }
}

const hearts = (): Followed => ({
  query: 'subscription { heartGiven { id giver { id name } } }', origin: undefined, generational: false, made: 'hearts', conflated: false,
  read: (data) => {
    const heart = data.heartGiven as { id: string } | null | undefined
    if (!heart) return undefined
    const seq = Number(heart.id)
    const giver = subjectOf(seq)
    return { source: 'log', seq, expected: { kind: 'object', needs: [], fields: { heartGiven: { kind: 'object', needs: [], fields: {
      id: leaf(heart.id),
      giver: { kind: 'object', needs: ['accounts'], fields: { id: leaf(`${giver}`), name: { kind: 'leaf', value: buyer(giver).name, needs: ['accounts'] } } },
    } } } } }
  },
})

const show = ({ random }: FollowersOptions): Followed => {
  const room = random.pick(rooms)
  return {
    query: `subscription { livestream(id: "${room}") { id title opinionScore } }`, origin: undefined, generational: false, made: room, conflated: true,
    read: (data) => {
      const stream = data.livestream as { title: string } | null | undefined
      if (!stream) return undefined
      return { source: 'log', seq: Number(stream.title.split(' ').at(-1)), expected: { kind: 'object', needs: [], fields: { livestream: { kind: 'object', needs: [], fields: {
        id: leaf(room), title: leaf(stream.title), opinionScore: { kind: 'leaf', value: opinionScore(room), needs: ['opinions'] },
      } } } } }
    },
  }
}

/** Subscriptions by both transports, which come and go; each event is judged. */
export class Followers {
  readonly #options: FollowersOptions
  #loops: Promise<void>[] = []
  #running = new AbortController()
  readonly #sockets = new Map<number, Promise<LiveClient>>()
  readonly #open = new Set<Stream>()

  constructor(options: FollowersOptions) {
    this.#options = options
  }

  start(count: number): void {
    this.#running = new AbortController()
    this.#loops = Array.from({ length: count }, (_, place) => this.#follow(place))
  }

  async stop(): Promise<void> {
    this.#running.abort()
    for (const stream of this.#open) stream.leave()
    await Promise.all(this.#loops)
    const sockets = await Promise.allSettled(this.#sockets.values())
    this.#sockets.clear()
    for (const each of sockets) if (each.status === 'fulfilled') await each.value.close()
  }

  async #follow(place: number): Promise<void> {
    const { random, answers } = this.#options
    const { signal } = this.#running
    while (!signal.aborted) {
      const kind = place % 4
      const followed = kind === 0 ? roomEvents('opinionGiven', this.#options) : kind === 1 ? roomEvents('ticked', this.#options)
        : kind === 2 ? hearts() : show(this.#options)
      const from = Date.now()
      try {
        await this.#once(followed, place, random.chance(0.2) ? 2_000 : 10_000 + random.below(110_000))
      } catch (error) {
        answers.fault(`${followed.query}: ${String(error)}`, from, Date.now())
      }
      await delay(200 + random.below(1_000), undefined, { signal }).catch(() => undefined)
    }
  }

  async #opened(query: string, place: number): Promise<Stream> {
    const { url } = this.#options
    if (place % 3 === 0) return openEventStream(url, { query })
    // A few share a connection.
    const key = place % 5
    let socket = this.#sockets.get(key)
    if (!socket) {
      this.#sockets.set(key, socket = connect(url))
      const forget = (): void => void (this.#sockets.get(key) === socket && this.#sockets.delete(key))
      socket.then(({ closed }) => closed.then(forget), forget)
    }
    return (await socket).subscribe(query)
  }

  /** Until it ends, or for so long. */
  async #once(followed: Followed, place: number, forMs: number): Promise<void> {
    const { answers } = this.#options
    const { query, origin } = followed
    const stream = await this.#opened(query, place)
    this.#open.add(stream)
    let last: { source: string; seq: number } | undefined
    let lastAt = Date.now()
    const madeBefore = answers.made.get(followed.made ?? '') ?? 0
    let left = false
    const leave = (): void => {
      left = true
      stream.leave()
    }
    const leaving = setTimeout(leave, this.#running.signal.aborted ? 0 : forMs)
    const listening = setInterval(() => {
      const now = Date.now()
      // It is asked whether the origin was there all the time.
      if (followed.made !== undefined && (answers.made.get(followed.made) ?? 0) <= (last?.seq ?? madeBefore)) lastAt = now
      if (now - lastAt < silenceMs) return
      if (!origin || !this.#options.wasAway(lastAt, now)(origin)) {
        answers.fault(`silent for ${now - lastAt} ms after ${JSON.stringify(last)}: ${query}`, lastAt, now)
        leave()
      } else if (now - lastAt > 3 * silenceMs) {
        answers.count('left after a silence')
        leave()
      }
    }, 1_000)
    try {
      for (;;) {
        let payload: FormattedExecutionResult
        try {
          payload = await stream.next()
        } catch {
          const refusals = await stream.ended
          if (left || this.#running.signal.aborted) return answers.count('subscriptions left')
          return this.#ended(followed, refusals, lastAt)
        }
        const now = Date.now()
        const event = payload.data ? followed.read(payload.data) : undefined
        if (!event) {
          this.#ended(followed, payload.errors ?? [], lastAt)
          await stream.ended
          return
        }
        if (last?.source === event.source && event.seq !== last.seq + 1 && !(followed.conflated && event.seq >= last.seq)
          && !(event.source === 'log' && event.seq === last.seq && answers.repeated.has(event.seq)))
          answers.fault(`after ${last.seq} came ${event.seq} of ${event.source}: ${query}`, lastAt, now)
        // Fields of others were fetched a moment before.
        const fault = faultOf(payload, event.expected, this.#options.wasAway(now - 15_000, now))
        if (fault !== undefined) answers.fault(`${fault}: ${query} → ${JSON.stringify(payload).slice(0, 600)}`, now - 1_000, now)
        answers.count(payload.errors ? 'partial events' : 'whole events')
        last = event
        lastAt = now
      }
    } finally {
      clearTimeout(leaving)
      clearInterval(listening)
      this.#open.delete(stream)
    }
  }

  /** The server's last word must say why, and be true. */
  #ended({ query, origin, generational }: Followed, errors: readonly { message: string; extensions?: Record<string, unknown> }[], since: number): void {
    const { answers } = this.#options
    const now = Date.now()
    const code = String(errors[0]?.extensions?.code ?? 'none')
    const away = origin !== undefined && this.#options.wasAway(Math.min(since, now - 15_000), now)(origin)
    const allowed = (generational && ['SUBSCRIPTION_FIELDS_GONE', 'GRAPHQL_VALIDATION_FAILED', 'none'].includes(code) && /Cannot query field/.test(errors[0]?.message ?? ''))
      || (away && ['SUBSCRIPTION_LOST', 'DOWNSTREAM_SERVICE_ERROR'].includes(code))
    if (!allowed) return answers.fault(`ended with ${JSON.stringify(errors)}: ${query}`, since, now)
    answers.count(`subscriptions ended with ${code}`)
  }
}

