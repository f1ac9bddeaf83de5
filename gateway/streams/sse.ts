import type { IncomingMessage } from 'node:http'
import { textOf } from '../../subscriptions/delivery/payload.ts'
import type { StreamProtocol } from './protocol.ts'

export const wantsEventStream = ({ headers: { accept = '' } }: IncomingMessage): boolean => /\btext\/event-stream\b/i.test(accept)

export const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no',
}

/**
 * GraphQL over server-sent events, distinct connections mode: events `next` and `complete`, one operation per request. An event's
 * id is the payload's cursor, so that an `EventSource`, which sends the last one when it connects again, goes on behind it.
 */
export const serverSentEvents: StreamProtocol = {
  transport: 'sse',
  headers: eventStreamHeaders,
  opening: ':\n\n',
  framing: {
    frame: (payload) => [`event: next\n${payload.cursor === undefined ? '' : `id: ${payload.cursor}\n`}data: ${textOf(payload)}\n\n`, ''],
  },
  heartbeat: ':\n\n',
  heartbeatMs: 12_000,
  // An event without data is none, but its id is taken note of.
  began: (cursor) => `id: ${cursor}\n\n`,
  complete: 'event: complete\ndata:\n\n',
  // As the stream just ends, the client comes again.
  farewell: (cursor, retryAfterMs) => `${cursor === undefined ? '' : `id: ${cursor}\n`}retry: ${retryAfterMs}\n\n`,
  others: 'stream',
}
