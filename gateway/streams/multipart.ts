import type { IncomingMessage } from 'node:http'
import { textOf } from '../../subscriptions/delivery/payload.ts'
import { closingError } from './closing.ts'
import type { StreamProtocol } from './protocol.ts'

/** Accepts Apollo's multipart subscriptions, and says so. */
export const wantsMultipart = ({ headers: { accept = '' } }: IncomingMessage): boolean =>
  accept.split(',').some((range) => /^\s*multipart\/mixed\b/i.test(range) && /;\s*subscriptionSpec\s*=\s*"?1\.0"?/i.test(range))

const part = (json: string): string => `\r\ncontent-type: application/json\r\n\r\n${json}\r\n--graphql`

/**
 * The multipart HTTP protocol for GraphQL subscriptions (Apollo, `subscriptionSpec=1.0`): each result is the `payload` of a part, an
 * empty object keeps the connection. Every part is followed by its boundary at once, so that clients need not wait to read it.
 */
export const multipart: StreamProtocol = {
  transport: 'multipart',
  headers: {
    'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0', 'cache-control': 'no-cache, no-transform', 'x-accel-buffering': 'no',
  },
  opening: `--graphql${part('{}')}`,
  framing: { frame: (payload) => [part(`{"payload":${textOf(payload)}}`), ''] },
  heartbeat: part('{}'),
  heartbeatMs: 5_000,
  began: () => '',
  complete: '--\r\n',
  farewell: (cursor) => `${part(JSON.stringify({ payload: null, errors: [closingError(cursor)] }))}--\r\n`,
  others: 'json',
}
