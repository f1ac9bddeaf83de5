import type { Socket } from 'node:net'
import type { WebSocket } from 'ws'

/**
 * Pings a client, and ends a connection whose other end is gone. A ping that waits behind other bytes is not answered before they
 * are read, however slowly; so nobody is pinged who has something to read, and the end is then up to who watches whether it is taken.
 *
 * @param intervalMs between pings, each of which has to be answered before the next
 * @param patienceMs how long nothing may be taken of what waits, until the socket emits `timeout`
 */
export function keepAlive(client: WebSocket, socket: Socket, intervalMs: number, patienceMs: number): void {
  let lives = true
  const lived = (): void => { lives = true }
  client.on('pong', lived)
  // What it has read since the last ping may have been before that.
  socket.on('drain', lived)
  const timer = setInterval(() => {
    if (client.readyState !== client.OPEN) return
    if (client.bufferedAmount > 0) return watch(socket, patienceMs)
    if (!lives) return client.terminate()
    lives = false
    client.ping()
  }, intervalMs)
  client.once('close', () => clearInterval(timer))
}

/** The socket emits `timeout` once nothing was taken of it for so long; nobody has to begin anew who watches already. */
export function watch(socket: Socket, patienceMs: number): void {
  if (!socket.timeout) socket.setTimeout(patienceMs)
}
