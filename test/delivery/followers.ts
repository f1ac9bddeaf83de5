import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { createClient } from '../../client/index.js'
import type { Result } from './judges.ts'

/** How a subscription is to be delivered: `extensions.delivery` of its request. */
export interface Delivery {
  after?: string | undefined
  policy?: 'CONFLATE' | 'BUFFER' | 'DISCONNECT'
  buffer?: number
}

/** Subscriptions of a client that goes on by itself after whatever happens to the connection. */
export interface Follower extends AsyncDisposable {
  /** @param ended told why: the errors that were its last word, where there were any */
  follow(query: string, take: (result: Result) => void, ended: (why: unknown) => void, delivery?: Delivery): void
  /** How often it had to connect. */
  readonly connected: number
  /** Takes nothing more from its connections, as a program that hangs. */
  hang(): void
  goOn(): void
  /** Where a connection outlives its token: brings the one that holds now. */
  authorize(): void
}

export interface FollowerOptions {
  /** Where the gateway is: asked each time it connects. */
  urlOf: () => string
  /** The token that holds now, as `authorization` has it; without it none is brought. */
  authorization?: (() => string) | undefined
}

/** Why a subscription ended whose last word was an error: its code, and the cursor to come back by. */
export function endingOf(why: unknown): { code: unknown; cursor?: string } | undefined {
  const [error] = Array.isArray(why) ? why as NonNullable<Result['errors']> : []
  return error?.extensions && { code: error.extensions['code'], cursor: error.extensions['cursor'] as string | undefined }
}

/** `freshet/client`, as users have it. */
export function webSocketFollower({ urlOf, authorization }: FollowerOptions): Follower {
  let connected = 0
  let socket: WebSocket | undefined
  let hangs = false
  const client = createClient({
    url: () => `${urlOf().replace(/^http/, 'ws')}/graphql`, webSocketImpl: WebSocket, random: () => 0.1,
    // A program that hangs asks for no sign of life: here its timers go on.
    keepAlive: 0,
    ...authorization && { connectionParams: () => ({ authorization: authorization() }) },
    on: {
      opened: (opened) => {
        socket = opened as WebSocket
        if (hangs) socket.pause()
      },
      connected: () => { connected++ },
    },
  })
  return {
    get connected() { return connected },
    follow(query, take, ended, delivery) {
      client.subscribe({ query, ...delivery && { extensions: { delivery } } }, { next: (result) => take(result as Result), error: ended, complete: () => ended('completed') })
    },
    hang() {
      hangs = true
      socket?.pause()
    },
    goOn() {
      hangs = false
      socket?.resume()
    },
    authorize() {
      if (authorization) client.authorize(authorization())
    },
    async [Symbol.asyncDispose]() {
      // It may be about to connect to a server that is gone.
      await Promise.resolve(client.dispose()).catch(() => {})
    },
  }
}

/** Wait of an `EventSource` before it connects again where the server has said nothing, ms. */
export const retryMs = 50

/** What can stop reading responses, as a program that hangs. */
export class Tap {
  #closed: PromiseWithResolvers<void> | undefined

  close(): void {
    this.#closed ??= Promise.withResolvers()
  }

  open(): void {
    this.#closed?.resolve()
    this.#closed = undefined
  }

  async* through(body: NonNullable<Response['body']>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      yield chunk
      await this.#closed?.promise
    }
  }
}

/** Where the client of one response with many results stands. */
interface Reading {
  /** Cursor of the last one; empty before the first. */
  lastId: string
  retry: number
  complete: boolean
  /** The errors that were its last word. */
  errors?: Result['errors']
}

/** What comes without data and without a place is the last word. */
export function takeResult(result: Result, state: { errors?: Result['errors'] }, take: (result: Result) => void): void {
  if (result.errors && result.extensions?.['cursor'] === undefined) state.errors = result.errors
  else take(result)
}

/** A protocol of such responses. */
interface ResponseProtocol {
  request(query: string, lastId: string, delivery: Delivery | undefined): { headers: Record<string, string>; body: object }
  /** Reads until the response ends. */
  read(body: AsyncIterable<Uint8Array>, state: Reading, take: (result: Result) => void): Promise<void>
}

/** What an `EventSource` does: it connects again with the id of the last event, after as long as it was told to wait. */
const eventStream: ResponseProtocol = {
  request: (query, lastId, delivery) => ({
    headers: { accept: 'text/event-stream', ...lastId !== '' && { 'last-event-id': lastId } }, body: { query, ...delivery && { extensions: { delivery } } },
  }),
  read: readEvents,
}

/** Asks for the rest by the last cursor, as the protocol itself has no way to go on. */
const multipart: ResponseProtocol = {
  request: (query, lastId, delivery) => ({
    headers: { accept: 'multipart/mixed;subscriptionSpec=1.0, application/json' },
    body: { query, extensions: { delivery: { ...delivery, ...lastId !== '' && { after: lastId } } } },
  }),
  read: readParts,
}

export const eventSourceFollower = (options: FollowerOptions): Follower => responseFollower(options, eventStream)
export const multipartFollower = (options: FollowerOptions): Follower => responseFollower(options, multipart)

function responseFollower({ urlOf, authorization }: FollowerOptions, protocol: ResponseProtocol): Follower {
  const left = new AbortController()
  const running: Promise<void>[] = []
  let connected = 0
  const tap = new Tap()

  async function run(query: string, take: (result: Result) => void, ended: (why: unknown) => void, { after = '', ...delivery }: Delivery = {}): Promise<void> {
    const state: Reading = { lastId: after, retry: retryMs, complete: false }
    while (!left.signal.aborted && !state.complete) {
      try {
        const { headers, body } = protocol.request(query, state.lastId, delivery)
        const response = await fetch(`${urlOf()}/graphql`, {
          method: 'POST', body: JSON.stringify(body), signal: left.signal,
          headers: { 'content-type': 'application/json', ...authorization && { authorization: authorization() }, ...headers },
        })
        if (!response.body || response.status !== 200) throw new Error(`status ${response.status}`)
        connected++
        state.retry = retryMs
        await protocol.read(tap.through(response.body), state, take)
      } catch {
        // The connection was refused or lost: that is what this is for.
      }
      if (state.complete) return ended(state.errors ?? 'completed')
      await delay(state.retry * 0.1, undefined, { signal: left.signal }).catch(() => {})
    }
  }

  return {
    get connected() { return connected },
    follow(query, take, ended, delivery) { running.push(run(query, take, ended, delivery)) },
    hang: () => tap.close(),
    goOn: () => tap.open(),
    // Each request brings the one that holds then.
    authorize() {},
    async [Symbol.asyncDispose]() {
      left.abort()
      tap.open()
      await Promise.all(running)
    },
  }
}

async function readEvents(body: AsyncIterable<Uint8Array>, state: Reading, take: (result: Result) => void): Promise<void> {
  for await (const { event, data, id, retry } of eventsOf(body)) {
    state.lastId = id ?? state.lastId
    state.retry = retry ?? state.retry
    if (event === 'complete') state.complete = true
    else if (event === 'next') takeResult(JSON.parse(data) as Result, state, take)
  }
}

/** An event, or what stands beside it, of a stream. */
export interface StreamEvent {
  event: string
  data: string
  id?: string
  retry?: number
}

/** Events until the stream ends (HTML, section 9.2.6). */
export async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n')
    text = blocks.pop() as string
    for (const block of blocks) {
      const parsed: StreamEvent = { event: '', data: '' }
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':')
        const [field, value] = [line.slice(0, colon), line.slice(colon + 1).trimStart()]
        if (field === 'id' || field === 'event') parsed[field] = value
        else if (field === 'retry') parsed.retry = Number(value)
        else if (field === 'data') parsed.data += value
      }
      yield parsed
    }
  }
}

/** Reads parts until the last boundary (RFC 2046, section 5.1.1). */
async function readParts(body: AsyncIterable<Uint8Array>, state: Reading, take: (result: Result) => void): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  let closing = false
  for await (const chunk of body) {
    const parts = (text + decoder.decode(chunk, { stream: true })).split('--graphql')
    text = parts.pop() as string
    for (const part of parts) {
      const json = part.slice(part.indexOf('\r\n\r\n') + 4).trim()
      if (json === '') continue
      const { payload, errors } = JSON.parse(json) as { payload?: Result | null; errors?: { extensions: { cursor?: string; retryAfterMs: number } }[] }
      const farewell = errors?.[0]?.extensions
      closing ||= farewell !== undefined
      state.retry = farewell?.retryAfterMs ?? state.retry
      state.lastId = farewell?.cursor ?? payload?.extensions?.['cursor'] as string | undefined ?? state.lastId
      if (payload) takeResult(payload, state, take)
    }
  }
  if (text.startsWith('--') && !closing) state.complete = true
}
