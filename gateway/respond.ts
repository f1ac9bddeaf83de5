import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

export function send(response: ServerResponse, status: number, type: string, body: string, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}

export const sendJson = (response: ServerResponse, status: number, body: unknown, headers?: OutgoingHttpHeaders): void =>
  send(response, status, 'application/json', JSON.stringify(body), headers)

/** Answers a request for a WebSocket in HTTP, and hangs up. */
export function refuseUpgrade(socket: Duplex, status: number, message: string): void {
  // The server has left it to us: who resets it meanwhile must not end the process.
  socket.on('error', () => socket.destroy())
  socket.end(`HTTP/1.1 ${status} Refused\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(message)}\r\n\r\n${message}`)
}
