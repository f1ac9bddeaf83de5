import type { ServerResponse } from 'node:http'
import { Connection } from '../../subscriptions/delivery/connection.ts'

/** Subscriptions over one HTTP response. */
export function connectionOver(response: ServerResponse): Connection {
  const connection = new Connection((bytes) => response.writableEnded || response.destroyed || response.write(bytes, 'latin1'))
  response.on('drain', () => connection.drained())
  response.once('close', () => connection.close())
  return connection
}
