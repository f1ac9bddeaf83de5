import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { FormattedExecutionResult } from 'graphql'
import { random as seeded, type Random } from '../../federation/differential/random.ts'
import { openEventStream } from '../../support/event-stream.ts'
import { connect, type LiveClient } from '../../support/live-client.ts'
import type { Answers } from './answers.ts'
import { faultOf, type Away } from './judge.ts'
import { opinionScore, rooms } from './market.ts'
import { operationOf } from './operations.ts'
import { Silence } from './pauses.ts'

export interface RequestsOptions {
  url: string
  seed: number
  answers: Answers
  wasAway: (from: number, to: number) => Away
  /** The generation that is told of now. */
  generation: () => number
  perSecond: number
  /** Where a subgraph notes the mutations that it has run. */
  marks: string
}

/** An answer that takes longer, and no pause explains it, is lost. */
const patienceMs = 45_000
/** So many wait for their answers at most: a machine with other work must not drown. */
const mostUnderWay = 48
/** Operations whose plans are found again; beside them come new ones. */
const shapes = 300

/** Queries and mutations of all transports at a steady rate, each judged. */
export class Requests {
  readonly #options: RequestsOptions
  readonly #agent = new Agent({ connections: 64 })
  readonly #random: Random
  readonly #under = new Set<Promise<void>>()
  readonly #marked: string[] = []
  #socket: Promise<LiveClient> | undefined
  #running = false
  #loops: Promise<void>[] = []
  #lastMark = 0
  #heart = 0
  #version = 0

  constructor(options: RequestsOptions) {
    this.#options = options
    this.#random = seeded(options.seed)
  }

  async start(): Promise<void> {
    for (const room of rooms) await this.#title(room)
    this.#running = true
    this.#loops = [this.#steadily(), this.#hearts(), ...rooms.map((room) => this.#titles(room))]
  }

  /** Resolves when every answer has come. */
  async stop(): Promise<void> {
    this.#running = false
    await Promise.all(this.#loops)
    await Promise.all(this.#under)
    const socket = await this.#socket?.catch(() => undefined)
    this.#socket = undefined
    await socket?.close()
  }

  async end(): Promise<void> {
    await this.#agent.close()
    const { marks, answers } = this.#options
    const run = readFileSync(marks, 'utf8').split('\n').filter((line) => line !== '')
    const times = new Map<string, number>()
    for (const id of run) times.set(id, (times.get(id) ?? 0) + 1)
    const now = Date.now()
    for (const [id, count] of times) if (count > 1) answers.fault(`the mutation ${id} was run ${count} times`, now, now)
    for (const id of this.#marked) if (!times.has(id)) answers.fault(`the mutation ${id} was answered and not run`, now, now)
    answers.count('mutations run', times.size)
  }

  async #steadily(): Promise<void> {
    const everyMs = 1000 / this.#options.perSecond
    let due = Date.now()
    while (this.#running) {
      const now = Date.now()
      // After a pause nothing is made up for.
      if (now - due > 1_000) due = now
      for (; due <= now; due += everyMs) {
        if (this.#under.size >= mostUnderWay) continue
        const asked = this.#one()
        this.#under.add(asked)
        void asked.then(() => this.#under.delete(asked))
      }
      await delay(Math.max(1, due - now))
    }
  }

  async #one(): Promise<void> {
    const kind = this.#random.next()
    if (kind < 0.05) return this.#mark()
    if (kind < 0.07) return this.#leave()
    if (kind < 0.08) return this.#bad()
    const shapeSeed = kind < 0.12 ? 1_000_000 + this.#random.below(1_000_000_000) : this.#random.below(shapes)
    const generation = this.#random.chance(0.1) ? this.#options.generation() : undefined
    const { query, variables, expected, generational } = operationOf(shapeSeed, this.#random, generation)
    const from = Date.now()
    const { transport, result } = await this.#ask(query, variables)
    const to = Date.now()
    const { answers, wasAway } = this.#options
    if (typeof result === 'string') return answers.fault(`${transport}: ${result}: ${query}`, from, to)
    if (generational && result.errors?.[0]?.message.startsWith('Cannot query field')) return answers.count('asked for a field that has gone')
    const away = wasAway(from, to)
    const fault = faultOf(result, expected, away)
    if (fault !== undefined) return answers.fault(`${transport}: ${fault}: ${query} ${JSON.stringify(variables)} → ${JSON.stringify(result).slice(0, 600)}`, from, to)
    answers.count(result.errors ? 'partial answers' : generational ? 'whole answers with a field of the generation' : 'whole answers')
    answers.count(`by ${transport}`)
  }

  /** A text says why there is no answer. */
  async #ask(query: string, variables: Record<string, unknown>): Promise<{ transport: string; result: FormattedExecutionResult | string }> {
    const by = this.#random.next()
    const transport = by < 0.8 ? 'POST' : by < 0.87 ? 'GET' : by < 0.95 ? 'graphql-ws' : 'server-sent events'
    try {
      const result = await within(transport === 'POST' ? this.#post({ query, variables })
        : transport === 'GET' ? this.#get(query, variables)
        : transport === 'graphql-ws' ? this.#overSocket(query, variables)
        : this.#overEvents(query, variables))
      return { transport, result }
    } catch (error) {
      return { transport, result: `no answer: ${error instanceof Error ? `${error.message} ${String(error.cause ?? '')}` : String(error)}` }
    }
  }

  async #post(body: object, { signal, headers }: { signal?: AbortSignal; headers?: Record<string, string> } = {}): Promise<FormattedExecutionResult> {
    const { statusCode, body: answer } = await request(`${this.#options.url}/graphql`, {
      method: 'POST', dispatcher: this.#agent, signal, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body),
    })
    const text = await answer.text()
    if (statusCode >= 500) throw new Error(`status ${statusCode}: ${text.slice(0, 300)}`)
    return JSON.parse(text) as FormattedExecutionResult
  }

  async #get(query: string, variables: Record<string, unknown>): Promise<FormattedExecutionResult> {
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables) })
    const { body } = await request(`${this.#options.url}/graphql?${search.toString()}`, {
      dispatcher: this.#agent, headers: { accept: 'application/graphql-response+json', 'apollo-require-preflight': '1' },
    })
    return await body.json() as FormattedExecutionResult
  }

  async #overSocket(query: string, variables: Record<string, unknown>): Promise<FormattedExecutionResult> {
    const opened = this.#socket ??= connect(this.#options.url)
    const again = (): void => {
      if (this.#socket === opened) this.#socket = undefined
    }
    const client = await opened.catch((error: unknown) => {
      again()
      throw error
    })
    void client.closed.then(again)
    const stream = client.subscribe(query, variables)
    try {
      return await stream.next()
    } catch (error) {
      // Refused as a whole.
      const errors = await stream.ended
      if (errors.length > 0) return { errors: errors as FormattedExecutionResult['errors'] }
      throw error
    }
  }

  async #overEvents(query: string, variables: Record<string, unknown>): Promise<FormattedExecutionResult> {
    return await (await openEventStream(this.#options.url, { query, variables })).next()
  }

  async #mark(): Promise<void> {
    const { answers, wasAway } = this.#options
    const id = `m-${++this.#lastMark}`
    const from = Date.now()
    const result = await within(this.#post({ query: 'mutation ($id: ID!) { mark(id: $id) { id buyer { name } } }', variables: { id } }))
      .catch((error: unknown) => ({ data: undefined, errors: [{ message: `no answer: ${String(error)}`, extensions: undefined }] }))
    const to = Date.now()
    if (result.data?.mark) this.#marked.push(id)
    const away = wasAway(from, to)
    if (result.errors && !(away('accounts') && result.errors.every(({ extensions }) => extensions?.serviceName === 'accounts')))
      return answers.fault(`mark(${id}): ${JSON.stringify(result)}`, from, to)
    answers.count(result.errors ? 'mutations with errors' : 'mutations')
  }

  /** A client that does not wait for its answer. */
  async #leave(): Promise<void> {
    const { query, variables } = operationOf(this.#random.below(shapes), this.#random)
    await this.#post({ query, variables }, { signal: AbortSignal.timeout(this.#random.below(15)) }).catch(() => undefined)
    this.#options.answers.count('left before the answer')
  }

  async #bad(): Promise<void> {
    const { answers } = this.#options
    const from = Date.now()
    const result = await this.#post(this.#random.next() < 0.5 ? { query: '{ nothingSuch }' } : { query: '{ article(' }).catch(String)
    if (typeof result === 'string' || !result.errors || result.data) return answers.fault(`bad request: ${JSON.stringify(result)}`, from, Date.now())
    answers.count('bad requests')
  }

  /** One after another, so that whoever follows them knows which comes next. */
  async #hearts(): Promise<void> {
    while (this.#running) {
      const from = Date.now()
      const id = `${this.#heart + 1}`
      const result = await within(this.#post({ query: 'mutation ($id: ID!) { giveHeart(id: $id) { success } }', variables: { id } })).catch(String)
      if (typeof result !== 'string' && (result.data?.giveHeart as { success?: boolean } | null)?.success === true) this.#options.answers.made.set('hearts', ++this.#heart)
      else {
        this.#options.answers.repeated.add(Number(id))
        this.#options.answers.fault(`giveHeart: ${JSON.stringify(result)}`, from, Date.now())
      }
      await delay(400)
    }
  }

  async #titles(room: string): Promise<void> {
    while (this.#running) {
      await this.#title(room)
      await delay(2_000)
    }
  }

  /** Writes, and reads what was written. */
  async #title(room: string): Promise<void> {
    const { answers, wasAway } = this.#options
    const publish = 'mutation ($event: EventInput!) { publish(events: [$event]) { token results { accepted } } }'
    const from = Date.now()
    const version = ++this.#version
    const title = `Show ${room} ${version}`
    const data = { sellerId: 's', title, category: 'vinyl' }
    const result = await within(this.#post({ query: publish, variables: { event: { type: 'LivestreamStarted', subject: `livestream:${room}`, data } } })
      .then((written) => this.#post({ query: `{ livestream(id: "${room}") { title opinionScore } }` }, {
        headers: { 'freshet-token': (written.data?.publish as { token: string }).token },
      }))).catch((error: unknown) => ({ errors: [{ message: String(error) }] }) as FormattedExecutionResult)
    const to = Date.now()
    const fault = faultOf(result, { kind: 'object', needs: [], fields: { livestream: { kind: 'object', needs: [], fields: {
      title: { kind: 'leaf', value: title, needs: [] }, opinionScore: { kind: 'leaf', value: opinionScore(room), needs: ['opinions'] },
    } } } }, wasAway(from, to))
    if (fault !== undefined) answers.fault(`read your own write: ${fault}: ${JSON.stringify(result)}`, from, to)
    else answers.count('own writes read')
    answers.made.set(room, version)
  }
}

/** @throws Error that says so when nothing has come in time; what this machine stood still does not count */
async function within<T>(answer: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>()
  const patience = new Silence(patienceMs, () => late.reject(new Error(`nothing within ${patienceMs} ms`)))
  try {
    return await Promise.race([answer, late.promise])
  } finally {
    patience.end()
  }
}
