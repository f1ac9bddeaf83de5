import { setTimeout as delay } from 'node:timers/promises'
import { eventsOf, retryMs, takeResult, Tap, type Delivery, type Follower, type FollowerOptions } from './followers.ts'
import type { Result } from './judges.ts'

interface Operation {
  query: string
  delivery: Delivery | undefined
  take: (result: Result) => void
  ended: (why: unknown) => void
  /** Cursor of the last result. */
  after: string | undefined
  errors?: Result['errors']
}

/** A stream that is open. */
interface OpenStream {
  token: string
  leave(): void
}

/**
 * GraphQL over server-sent events, single connection mode: all operations are answered over one stream. When it ends another one is
 * reserved, on which every operation goes on behind its last cursor.
 */
export function singleConnectionFollower({ urlOf, authorization }: FollowerOptions): Follower {
  const left = new AbortController()
  const tap = new Tap()
  const operations = new Map<string, Operation>()
  const requests = new Set<Promise<void>>()
  let connected = 0
  let ids = 0
  let retry = retryMs
  let open: OpenStream | undefined
  let running: Promise<void> | undefined

  const pause = (): Promise<void> => delay(retry * 0.1, undefined, { signal: left.signal }).catch(() => {})

  const ask = (method: 'PUT' | 'GET' | 'POST', { token, body, signal = left.signal }: { token?: string; body?: object; signal?: AbortSignal } = {}): Promise<Response> =>
    fetch(`${urlOf()}/graphql/stream`, {
      method, signal, ...body && { body: JSON.stringify(body) },
      headers: {
        accept: 'text/event-stream', 'content-type': 'application/json',
        ...token !== undefined && { 'x-graphql-event-stream-token': token }, ...authorization && { authorization: authorization() },
      },
    })

  async function run(): Promise<void> {
    for (; !left.signal.aborted; await pause()) {
      const leaving = new AbortController()
      try {
        const reserved = await ask('PUT')
        const token = await reserved.text()
        if (reserved.status !== 201) continue
        const { status, body } = await ask('GET', { token, signal: AbortSignal.any([left.signal, leaving.signal]) })
        if (status !== 200 || !body) continue
        connected++
        retry = retryMs
        open = { token, leave: () => leaving.abort() }
        for (const id of operations.keys()) begin(id, open)
        for await (const { event, data } of eventsOf(tap.through(body))) if (event !== '') hear(event, data)
      } catch {
        // The connection was refused or lost: that is what this is for.
      }
      open = undefined
    }
  }

  function hear(event: string, data: string): void {
    const said = JSON.parse(data) as { id: string; payload: Result }
    const operation = operations.get(said.id)
    // Nobody stops one here, so this was told twice; whoever is left says so.
    if (!operation) return [...operations.values()][0]?.ended(`the operation ${said.id} is over, and yet came: ${data}`)
    if (event === 'complete') {
      operations.delete(said.id)
      return operation.ended(operation.errors ?? 'completed')
    }
    const closing = said.payload.errors?.find(({ extensions }) => extensions?.['code'] === 'SERVER_CLOSING')?.extensions as { cursor?: string; retryAfterMs: number } | undefined
    if (closing) {
      retry = closing.retryAfterMs
      operation.after = closing.cursor ?? operation.after
      return
    }
    operation.after = said.payload.extensions?.['cursor'] as string | undefined ?? operation.after
    takeResult(said.payload, operation, operation.take)
  }

  /** Asks until the stream has the operation, is over, or refuses it. */
  function begin(id: string, stream: OpenStream): void {
    const request = start(id, stream)
    requests.add(request)
    void request.finally(() => requests.delete(request))
  }

  async function start(id: string, stream: OpenStream): Promise<void> {
    for (; open === stream; await pause()) {
      const operation = operations.get(id)
      if (!operation) return
      const { query, delivery, after } = operation
      try {
        const response = await ask('POST', { token: stream.token, body: { query, extensions: { operationId: id, delivery: { ...delivery, after } } } })
        const why = await response.text()
        // Under way already: the answer to an earlier request was lost.
        if (response.status === 202 || response.status === 409) return
        if (response.status === 404) return stream.leave()
        operations.delete(id)
        return operation.ended(`status ${response.status}: ${why}`)
      } catch {
        // Nobody knows whether it arrived.
      }
    }
  }

  return {
    get connected() { return connected },
    follow(query, take, ended, delivery) {
      const id = `operation-${ids++}`
      operations.set(id, { query, delivery, take, ended, after: delivery?.after })
      if (open) begin(id, open)
      running ??= run()
    },
    hang: () => tap.close(),
    goOn: () => tap.open(),
    // Each operation brings the one that holds when it begins.
    authorize() {},
    async [Symbol.asyncDispose]() {
      left.abort()
      tap.open()
      await Promise.all([running, ...requests])
    },
  }
}
