import { createClient as createWebSocketClient } from 'graphql-ws'

/** Least and longest wait between attempts to connect again, ms; doubled with each, with full jitter. */
const firstWaitMs = 200
const longestWaitMs = 10_000
/** How often the server is asked whether it is there, and how long it may say nothing then, ms. */
const defaultKeepAlive = 15_000
/** Beyond that: where this program was busy, what has come meanwhile is read first, ms. */
const graceMs = 1_000

/**
 * A graphql-ws client whose subscriptions go on without a gap. It keeps the cursor of each subscription's latest payload
 * (`extensions.cursor`) and, whenever it has to connect again, asks for what came behind it (`extensions.delivery.after`): the
 * server gives exactly what was missed, then goes on live. What is missing for good is told by `onGap`.
 *
 * Takes all options of graphql-ws's `createClient`; attempts to connect again do not end unless `retryAttempts` says so,
 * and wait as long as the server asked for. A connection, or an attempt to get one, on which nothing comes although the server was
 * asked for a sign of life is given up for another (`keepAlive`; 0: never).
 *
 * @param {import('./index.d.ts').ClientOptions} options
 * @returns {import('./index.d.ts').Client}
 */
export function createClient(options) {
  const { onGap, random = Math.random, generateID = () => crypto.randomUUID(), keepAlive = defaultKeepAlive, webSocketImpl = globalThis.WebSocket, on, ...rest } = options
  /** By operation id: what is sent again when the connection was lost. */
  const running = new Map()
  let socket
  let hint
  /** Ids are asked for first and at once, before anything is sent. */
  let starting
  /** Runs while a sign of life is waited for. */
  let silence
  const disposed = Promise.withResolvers()

  const inner = createWebSocketClient({
    retryAttempts: Infinity,
    // A refused connection and one that is lost in the middle come as errors rather than as close events.
    shouldRetry: () => true,
    retryWait: async (retries) => {
      const wait = hint ?? random() * Math.min(longestWaitMs, firstWaitMs * 2 ** Math.min(retries, 30))
      hint = undefined
      let timer
      await Promise.race([new Promise((resolve) => { timer = setTimeout(resolve, wait) }), disposed.promise])
      clearTimeout(timer)
    },
    ...rest,
    keepAlive,
    webSocketImpl: webSocketImpl && withErrorsHeard(webSocketImpl),
    generateID: (payload) => {
      const id = generateID(payload)
      if (starting) starting.id = id
      return id
    },
    on: {
      ...on,
      connecting: (isRetry) => {
        expectLife()
        on?.connecting?.(isRetry)
      },
      opened: (opened) => {
        clearTimeout(silence)
        socket = opened
        on?.opened?.(opened)
      },
      message: (message) => {
        clearTimeout(silence)
        on?.message?.(message)
      },
      closed: (event) => {
        clearTimeout(silence)
        socket = undefined
        on?.closed?.(event)
      },
      ping: (received, payload) => {
        if (received) takeNote(payload?.freshet)
        else expectLife()
        on?.ping?.(received, payload)
      },
    },
  })

  /** A network that carries nothing any more says nothing of it: neither a close nor an error comes. */
  function expectLife() {
    clearTimeout(silence)
    if (keepAlive > 0) silence = setTimeout(() => { silence = setTimeout(() => inner.terminate(), graceMs) }, keepAlive)
  }

  /** The server says where subscriptions stand: before their first payload, and when it is about to close, then with when it may be asked again. */
  function takeNote(notice) {
    if (notice?.closing && Number.isFinite(notice.retryAfterMs)) hint = random() * notice.retryAfterMs
    for (const [id, cursor] of Object.entries(notice?.cursors ?? {})) running.get(id)?.goOnBehind(cursor)
  }

  function subscribe(payload, sink) {
    // One object for the whole life of the subscription: it is written anew each time it is sent.
    const sent = { ...payload }
    const operation = {
      id: undefined,
      goOnBehind(cursor) {
        if (typeof cursor === 'string') sent.extensions = { ...sent.extensions, delivery: { ...sent.extensions?.delivery, after: cursor } }
      },
    }
    const left = () => {
      if (running.get(operation.id) === operation) running.delete(operation.id)
    }
    starting = operation
    let leave
    try {
      leave = inner.subscribe(sent, {
        next(result) {
          operation.goOnBehind(result.extensions?.cursor)
          if (result.extensions?.gap) onGap?.(result.extensions.gap, payload)
          sink.next(result)
        },
        error(error) {
          left()
          sink.error(error)
        },
        complete() {
          left()
          sink.complete()
        },
      })
    } finally {
      starting = undefined
    }
    running.set(operation.id, operation)
    return () => {
      left()
      leave()
    }
  }

  return {
    ...inner,
    subscribe,
    iterate: (payload) => iterate(subscribe, payload),
    async dispose() {
      disposed.resolve()
      clearTimeout(silence)
      // graphql-ws would reject with why an attempt to connect failed, which is nobody's concern any more.
      const closed = inner.dispose().catch(() => {})
      if (socket) await closed
    },
    authorize(authorization) {
      if (socket?.readyState === 1) socket.send(JSON.stringify({ type: 'ping', payload: { authorization } }))
    },
  }
}

/** Of a socket that is given up nobody else hears, and an error of which nobody hears ends a Node process. */
function withErrorsHeard(WebSocketImpl) {
  return class extends WebSocketImpl {
    constructor(...args) {
      super(...args)
      this.addEventListener('error', () => {})
    }
  }
}

/** Results of a subscription as an async iterator; what is not yet read waits. */
function iterate(subscribe, payload) {
  const waiting = []
  let ended
  let wake = () => {}
  const end = (how) => {
    ended ??= how
    wake()
  }
  const leave = subscribe(payload, {
    next(result) {
      waiting.push(result)
      wake()
    },
    error: (error) => end({ error }),
    complete: () => end({}),
  })
  return {
    async next() {
      while (waiting.length === 0) {
        if (ended?.error !== undefined) {
          const { error } = ended
          ended = {}
          throw error
        }
        if (ended) return { done: true, value: undefined }
        await new Promise((resolve) => { wake = resolve })
      }
      return { done: false, value: waiting.shift() }
    },
    async return() {
      end({})
      waiting.length = 0
      leave()
      return { done: true, value: undefined }
    },
    async throw(error) {
      await this.return()
      throw error
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}
