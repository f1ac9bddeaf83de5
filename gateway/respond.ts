import type { OutgoingHttpHeaders, ServerResponse } from 'node:http'

export function send(response: ServerResponse, status: number, type: string, body: string, headers: OutgoingHttpHeaders = {}): void {
  response.writeHead(status, { 'content-type': `${type}; charset=utf-8`, 'content-length': Buffer.byteLength(body), ...headers })
  response.end(body)
}

export const sendJson = (response: ServerResponse, status: number, body: unknown, headers?: OutgoingHttpHeaders): void =>
  send(response, status, 'application/json', JSON.stringify(body), headers)
