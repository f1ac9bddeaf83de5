import type { ConnectionOptions } from 'node:tls'
import type { ExecutionResult } from 'graphql'
import type { Callbacks, CallbackSubscription } from './callbacks.ts'
import { cancelledFailure, codes, SubgraphFailure } from './errors.ts'
import { readResult } from './graphql-response.ts'
import { HttpClient } from './http-client.ts'
import { HttpMessages, outgoingHeaders } from './http-message.ts'
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
  const client = new HttpClient({
    url, tls: options.tls, timeoutMs: options.timeoutMs, maxResponseBytes: options.maxResponseBytes, connections: 64,
  })
  const messages = new HttpMessages(url, options.headers, 'application/json;callbackSpec=1.0')
  const running = new Set<CallbackSubscription['events']>()

  const start = async (
    { query, operationName, variables, headers, signal }: SubgraphRequest, { extension }: CallbackSubscription,
  ): Promise<ExecutionResult | undefined> => {
    const message = messages.of(outgoingHeaders(headers, undefined), JSON.stringify({
      query, operationName, variables, extensions: { subscription: extension },
    }))
    // Sent twice, it might be started twice.
    const { text, status } = await client.post(message, false, signal)
    return refusalOf(text, status)
  }

  return {
    subscribe: async (request) => {
      if (request.signal?.aborted) throw cancelledFailure('not asked')
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
      await client.close()
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
