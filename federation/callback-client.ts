import type { ConnectionOptions } from 'node:tls'
import type { ExecutionResult } from 'graphql'
import { Pool } from 'undici'
import type { Callbacks, CallbackSubscription } from './callbacks.ts'
import { codes, SubgraphFailure } from './errors.ts'
import { outgoingHeaders, readResult, transportFailure } from './http.ts'
import { isObject } from './merge.ts'
import type { SubscriptionClient } from './subscription-client.ts'
import type { SubgraphRequest } from './types.ts'

export interface CallbackClientOptions {
  url: string
  headers: Record<string, string> | undefined
  tls: ConnectionOptions | undefined
  /** Until the subgraph has answered; before that it calls back. */
  timeoutMs: number
  maxResponseBytes: number
  callbacks: Callbacks
}

/**
 * Subscriptions of one remote subgraph by the HTTP callback protocol 1.0: one request starts a subscription, and the
 * subgraph posts its events to {@link Callbacks}. No connection stays open. A subgraph learns that a subscription is
 * over from the answer to its next call.
 */
export const callbackClient = (options: CallbackClientOptions): SubscriptionClient => {
  const url = new URL(options.url)
  const { timeoutMs, maxResponseBytes } = options
  const pool = new Pool(url.origin, {
    maxResponseSize: maxResponseBytes, connect: { timeout: timeoutMs, ...options.tls },
  })
  const running = new Set<CallbackSubscription['events']>()

  const start = async (
    request: SubgraphRequest, subscription: CallbackSubscription,
  ): Promise<ExecutionResult | undefined> => {
    const deadline = AbortSignal.timeout(timeoutMs)
    try {
      const response = await pool.request({
        method: 'POST',
        path: url.pathname + url.search,
        headers: {
          ...outgoingHeaders(request.headers, options.headers),
          accept: 'application/json;callbackSpec=1.0',
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          query: request.query,
          operationName: request.operationName,
          variables: request.variables,
          extensions: { subscription: subscription.extension },
        }),
        signal: request.signal ? AbortSignal.any([request.signal, deadline]) : deadline,
      })
      return refusalOf(await response.body.text(), response.statusCode)
    } catch (cause) {
      if (cause instanceof SubgraphFailure) throw cause
      if (request.signal?.aborted) throw new SubgraphFailure('was not waited for: the request was cancelled', { cause })
      throw transportFailure(cause, { timeoutMs, maxResponseBytes, timedOut: deadline.aborted })
    }
  }

  return {
    subscribe: async (request) => {
      if (request.signal?.aborted) throw new SubgraphFailure('was not asked: the request was cancelled')
      const subscription = options.callbacks.open()
      const { events } = subscription
      running.add(events)
      const leave = () => events.end()
      request.signal?.addEventListener('abort', leave, { once: true })
      events.whenEnded(() => {
        request.signal?.removeEventListener('abort', leave)
        running.delete(events)
      })
      try {
        const refusal = await start(request, subscription)
        if (!refusal && subscription.checked()) return events
        events.end()
        if (refusal) return refusal
        throw new SubgraphFailure('began the subscription without calling back first, as the protocol wants it')
      } catch (failure) {
        events.end()
        throw failure
      }
    },
    close: async () => {
      for (const events of running) {
        events.fail(new SubgraphFailure('is not connected any more', { code: codes.lost }))
      }
      await pool.destroy()
    },
  }
}

/** Errors that the subgraph gives instead of starting; nothing when it has started: `{"data": null}`. */
const refusalOf = (text: string, status: number): ExecutionResult | undefined => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const hasErrors = isObject(value) && Array.isArray(value.errors) && value.errors.length > 0
  const started = status >= 200 && status < 300 && isObject(value) && !hasErrors
  return started ? undefined : readResult(text, status)
}
