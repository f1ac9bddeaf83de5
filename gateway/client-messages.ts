import type { RawData, WebSocket } from 'ws'
import { isObject } from './json.ts'

/** Types of messages of graphql-transport-ws that only a server sends. */
const serverOnly = new Set<unknown>(['connection_ack', 'next', 'error'])
/** Escapes may spell them as well. */
const suspicious = /connection_ack|next|error|\\u/

/**
 * Closes the connection of a client that sends what only a server may (4400, as for any invalid message). graphql-ws takes that for
 * a fault of the server: it prints it, and closes with 4500. To be called once graphql-ws listens to the socket.
 */
export function refuseServerMessages(socket: WebSocket): void {
  const listeners = socket.listeners('message') as ((data: RawData, isBinary: boolean) => void)[]
  socket.removeAllListeners('message')
  socket.on('message', (data: RawData, isBinary: boolean) => {
    if (isServerMessage(String(data))) return socket.close(4400, 'Only a server sends messages of this type')
    for (const listener of listeners) listener.call(socket, data, isBinary)
  })
}

function isServerMessage(text: string): boolean {
  if (!suspicious.test(text)) return false
  try {
    const message: unknown = JSON.parse(text)
    return isObject(message) && serverOnly.has(message.type)
  } catch {
    return false
  }
}
