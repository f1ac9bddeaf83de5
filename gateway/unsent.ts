import { GraphQLError } from 'graphql'
import type { WebSocket } from 'ws'

/** With more bytes than these unsent, a connection begins nothing: queries and mutations are asked for faster than their answers are read. */
export const mostUnsent = 1024 * 1024
/** With more than these, answers of what is under way are not kept either: the connection ends, so that it comes again with less at once. */
export const endsBeyond = 8 * 1024 * 1024
/** How long a connection that ends this way may take to read what is unsent, ms: as long as the WebSocket library gives a close frame. */
export const leaveWithinMs = 30_000

/** As that of a subscription whose client does not keep up. */
export const tooSlowCode = 'SUBSCRIBER_TOO_SLOW'

export const tooSlow = (): GraphQLError =>
  new GraphQLError(`More than ${mostUnsent} bytes of this connection wait to be read; read them before you ask for more.`, {
    extensions: { code: tooSlowCode },
  })

/**
 * Reads nothing more of a client that does not read: neither what it asks for is begun, nor are its pings answered. Where what is
 * under way already makes too much of it, the connection is closed (1013 is "try again later"). To be called once everybody else
 * listens to the socket.
 *
 * @param drains emits `drain` when all is sent
 */
export function boundUnsent(client: WebSocket, drains: { on(event: 'drain', listener: () => void): unknown }): void {
  const check = (): void => {
    if (!client.isPaused && client.bufferedAmount > mostUnsent) client.pause()
  }
  client.on('message', check)
  client.on('ping', check)
  drains.on('drain', () => {
    if (client.isPaused) client.resume()
  })
  // Answers that are ready at once are sent one after another without anybody in between.
  const send = client.send.bind(client) as (data: unknown, ...rest: unknown[]) => void
  client.send = (data: unknown, ...rest: unknown[]): void => {
    if (client.bufferedAmount <= endsBeyond || client.readyState !== client.OPEN) return send(data, ...rest)
    client.close(1013, `${tooSlowCode}: ${endsBeyond} bytes wait to be read`)
    const sent = rest.at(-1)
    if (typeof sent === 'function') (sent as () => void)()
  }
}
