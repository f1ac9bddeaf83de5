import type { Socket } from 'node:net'
import { GraphQLError } from 'graphql'
import type { WebSocket } from 'ws'
import { watch } from './keep-alive.ts'

/** With more bytes than these unsent, a connection begins nothing: queries and mutations are asked for faster than their answers are read. */
export const mostUnsent = 1024 * 1024

/** As that of a subscription whose client does not keep up. */
export const tooSlowCode = 'SUBSCRIBER_TOO_SLOW'

export const tooSlow = (): GraphQLError =>
  new GraphQLError(`More than ${mostUnsent} bytes of this connection wait to be read; read them before you ask for more.`, {
    extensions: { code: tooSlowCode },
  })

/**
 * Reads nothing more of a client that does not read: neither what it asks for is begun, nor are its pings answered. Where it takes
 * nothing for a while, the connection is closed (1013 is "try again later"). To be called once everybody else listens to the socket.
 *
 * @param patienceMs how long it may take nothing
 */
export function boundUnsent(client: WebSocket, socket: Socket, patienceMs: number): void {
  const check = (): void => {
    if (client.isPaused || client.bufferedAmount <= mostUnsent) return
    client.pause()
    watch(socket, patienceMs)
  }
  client.on('message', check)
  client.on('ping', check)
  socket.on('drain', () => {
    if (socket.timeout) socket.setTimeout(0)
    if (client.isPaused) client.resume()
  })
  socket.on('timeout', () => client.close(1013, `${tooSlowCode}: nothing was read for ${patienceMs} ms`))
}
