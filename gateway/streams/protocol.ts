import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { bytesOf, type Payload } from '../../subscriptions/delivery/payload.ts'
import type { Framing } from '../../subscriptions/delivery/sink.ts'

/** How results of one operation are written into one HTTP response, one after another. All texts are bytes, a byte a character. */
export interface StreamProtocol {
  /** Its name in `/metrics`. */
  readonly transport: string
  readonly headers: OutgoingHttpHeaders
  /** Written at once, so that clients which wait for the first byte learn that the stream is open. */
  readonly opening: string
  /** Frames have no operation's id. */
  readonly framing: Framing
  /** Keeps proxies from closing a quiet stream. */
  readonly heartbeat: string
  /** Time between heartbeats, ms. */
  readonly heartbeatMs: number
  /** Says where the subscription begins; empty where there are no words for it. */
  began(cursor: string): string
  /** Nothing more comes. */
  readonly complete: string
  /** The server is closing: clients may go on behind this cursor, and come again about so many ms later. */
  farewell(cursor: string | undefined, retryAfterMs: number): string
  /** What answers operations that are no subscriptions: one result as such a stream, or a plain JSON response. */
  readonly others: 'stream' | 'json'
}

/** A result that is nobody else's. */
export const payloadOf = (result: object): Payload => ({ head: bytesOf(JSON.stringify(result)), tail: '', cursor: undefined, gap: undefined })

export const frameOf = ({ framing }: Pick<StreamProtocol, 'framing'>, payload: Payload, id = ''): string => {
  const [before, after] = framing.frame(payload)
  return before + id + after
}

/** A client that does not read is not told that the stream is quiet. */
export function beat(response: ServerResponse, { heartbeat }: Pick<StreamProtocol, 'heartbeat'>): void {
  if (!response.writableEnded && !response.writableNeedDrain) response.write(heartbeat, 'latin1')
}
