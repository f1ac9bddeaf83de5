import type { GraphQLError } from 'graphql'
import type { Connection } from './connection.ts'
import type { Payload } from './payload.ts'

/**
 * What a transport gives so that subscriptions are delivered over it. A transport
 *
 * 1. makes one {@link Connection} for each socket or response, with a function that writes to it;
 * 2. tells the connection when what it had to keep back has left (`drained`), and when it is closed (`close`);
 * 3. gives each subscription a sink: the connection, how a payload is framed, and what is to be done in the end.
 *
 * Frames are put together here and written whole, within one turn of the event loop: whatever else the transport writes by itself
 * (acknowledgements, pings, `complete`) is never in the middle of one, and comes behind what was delivered before.
 */
export interface Sink {
  readonly connection: Connection
  readonly framing: Framing
  /**
   * The operation's id as it stands in frames (escaped for JSON, UTF-8 bytes as latin1); empty where frames have none. The
   * only thing in which the frames of equal subscriptions differ.
   */
  readonly id: string
  /**
   * Where the subscription begins, told before anything else where there is no state to show: whoever loses the connection before the
   * first payload goes on from there. A transport that has no words for it says nothing.
   */
  began(cursor: string): void
  /**
   * Nothing more comes: the source has ended, or the error says why this subscription ends (`SUBSCRIBER_TOO_SLOW`, with the
   * last `cursor` in its extensions). Called at most once, and not after the subscription was left.
   */
  ended(error?: GraphQLError): void
}

/**
 * How payloads become frames: what stands before the operation's id, and what behind it. Frames are kept by the framing's
 * object, so there is one for all sinks whose frames are equal but for the id: one per transport, or per length of ids
 * where the length of the frame is in it.
 */
export interface Framing {
  frame(payload: Payload): readonly [before: string, after: string]
}
