import type { RawData, WebSocket } from 'ws'
import { isObject } from './json.ts'

/** Types of messages of graphql-transport-ws that only a server sends. */
const serverOnly = new Set<unknown>(['connection_ack', 'next', 'error'])
/** Escapes may spell them as well. */
const suspicious = /connection_ack|next|error|ping|\\u/

/**
 * Closes the connection of a client that sends what only a server may, or a ping that cannot be answered with its payload (4400, as for
 * any invalid message). graphql-ws takes both for a fault of the server: it prints it, and closes with 4500. To be called once graphql-ws
 * listens to the socket.
 */
export function refuseServerMessages(socket: WebSocket): void {
  const listeners = socket.listeners('message') as ((data: RawData, isBinary: boolean) => void)[]
  socket.removeAllListeners('message')
  socket.on('message', (data: RawData, isBinary: boolean) => {
    const fault = faultOf(String(data))
    if (fault !== undefined) return socket.close(4400, fault)
    for (const listener of listeners) listener.call(socket, data, isBinary)
  })
}

function faultOf(text: string): string | undefined {
  if (!suspicious.test(text)) return undefined
  let message: unknown
  try {
    message = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(message)) return undefined
  if (serverOnly.has(message.type)) return 'Only a server sends messages of this type'
  return message.type === 'ping' && !canBeSent(message.payload) ? 'The payload of the ping nests too deep' : undefined
}

/** What is read may nest deeper than what is written. */
function canBeSent(payload: unknown): boolean {
  try {
    JSON.stringify(payload)
    return true
  } catch {
    return false
  }
}
