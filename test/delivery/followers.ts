import { setTimeout as delay } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { createClient } from '../../client/index.js'
import type { Result } from './judges.ts'

/** Subscriptions of a client that goes on by itself after whatever happens to the connection. */
export interface Follower extends AsyncDisposable {
  follow(query: string, take: (result: Result) => void, ended: (why: unknown) => void): void
  /** How often it had to connect. */
  readonly connected: number
}

/** `freshet/client`, as users have it. @param urlOf where the gateway is: asked each time it connects */
export function webSocketFollower(urlOf: () => string): Follower {
  let connected = 0
  const client = createClient({
    url: () => `${urlOf().replace(/^http/, 'ws')}/graphql`, webSocketImpl: WebSocket, random: () => 0.1,
    on: { connected: () => { connected++ } },
  })
  return {
    get connected() { return connected },
    follow(query, take, ended) {
      client.subscribe({ query }, { next: (result) => take(result as Result), error: ended, complete: () => ended('completed') })
    },
    async [Symbol.asyncDispose]() {
      // It may be about to connect to a server that is gone.
      await Promise.resolve(client.dispose()).catch(() => {})
    },
  }
}

/** Wait of an `EventSource` before it connects again where the server has said nothing, ms. */
const retryMs = 50

/** Where the client of one response with many results stands. */
interface Reading {
  /** Cursor of the last one; empty before the first. */
  lastId: string
  retry: number
  complete: boolean
}

/** A protocol of such responses. */
interface ResponseProtocol {
  request(query: string, lastId: string): { headers: Record<string, string>; body: object }
  /** Reads until the response ends. */
  read(body: AsyncIterable<Uint8Array>, state: Reading, take: (result: Result) => void): Promise<void>
}

/** What an `EventSource` does: it connects again with the id of the last event, after as long as it was told to wait. */
const eventStream: ResponseProtocol = {
  request: (query, lastId) => ({ headers: { accept: 'text/event-stream', ...lastId !== '' && { 'last-event-id': lastId } }, body: { query } }),
  read: readEvents,
}

/** Asks for the rest by the last cursor, as the protocol itself has no way to go on. */
const multipart: ResponseProtocol = {
  request: (query, lastId) => ({
    headers: { accept: 'multipart/mixed;subscriptionSpec=1.0, application/json' }, body: { query, ...lastId !== '' && { extensions: { delivery: { after: lastId } } } },
  }),
  read: readParts,
}

export const eventSourceFollower = (urlOf: () => string): Follower => responseFollower(urlOf, eventStream)
export const multipartFollower = (urlOf: () => string): Follower => responseFollower(urlOf, multipart)

function responseFollower(urlOf: () => string, protocol: ResponseProtocol): Follower {
  const left = new AbortController()
  const running: Promise<void>[] = []
  let connected = 0

  async function run(query: string, take: (result: Result) => void, ended: (why: unknown) => void): Promise<void> {
    const state: Reading = { lastId: '', retry: retryMs, complete: false }
    while (!left.signal.aborted && !state.complete) {
      try {
        const { headers, body } = protocol.request(query, state.lastId)
        const response = await fetch(`${urlOf()}/graphql`, {
          method: 'POST', body: JSON.stringify(body), signal: left.signal, headers: { 'content-type': 'application/json', ...headers },
        })
        if (!response.body || response.status !== 200) throw new Error(`status ${response.status}`)
        connected++
        state.retry = retryMs
        await protocol.read(response.body as unknown as AsyncIterable<Uint8Array>, state, take)
      } catch {
        // The connection was refused or lost: that is what this is for.
      }
      if (state.complete) return ended('completed')
      await delay(state.retry * 0.1, undefined, { signal: left.signal }).catch(() => {})
    }
  }

  return {
    get connected() { return connected },
    follow(query, take, ended) { running.push(run(query, take, ended)) },
    async [Symbol.asyncDispose]() {
      left.abort()
      await Promise.all(running)
    },
  }
}

/** Reads events until the stream ends (HTML, section 9.2.6). */
async function readEvents(body: AsyncIterable<Uint8Array>, state: Reading, take: (result: Result) => void): Promise<void> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of body) {
    const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n')
    text = blocks.pop() as string
    for (const block of blocks) {
      let event = ''
      let data = ''
      for (const line of block.split('\n')) {
        const colon = line.indexOf(':')
        const [field, value] = [line.slice(0, colon), line.slice(colon + 1).trimStart()]
        if (field === 'id') state.lastId = value
        else if (field === 'retry') state.retry = Number(value)
        else if (field === 'event') event = value
        else if (field === 'data') data += value
      }
      if (event === 'complete') state.complete = true
      else if (event === 'next') take(JSON.parse(data) as Result)
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
      if (payload) take(payload)
    }
  }
  if (text.startsWith('--') && !closing) state.complete = true
}
