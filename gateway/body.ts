import type { IncomingMessage } from 'node:http'

/** The request's body is longer than it may be. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError'
}

/** Reads a body as UTF-8. @throws BodyTooLargeError beyond `limit` bytes, before it is read whole */
export function readBody(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let whole = false
    // Leaner than an iterator over the stream: most bodies are one chunk.
    request.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limit) chunks.push(chunk)
      else {
        request.pause()
        reject(new BodyTooLargeError(`The body has more than ${limit} bytes ("bodyBytes").`))
      }
    })
    request.on('end', () => {
      whole = true
      resolve((chunks.length === 1 ? chunks[0] as Buffer : Buffer.concat(chunks)).toString('utf8'))
    })
    request.on('error', reject)
    request.on('close', () => {
      if (!whole) reject(new Error('The client left before its request was whole.'))
    })
  })
}

/** Whether the body says that it is JSON, which a foreign page cannot say without asking first (a CORS preflight). */
export const isJson = ({ headers }: IncomingMessage): boolean => /^application\/(graphql-response\+)?json\b/i.test(headers['content-type'] ?? '')

export const notJson = { errors: [{ message: 'The body must be JSON, and say so: "content-type: application/json".', extensions: { code: 'BAD_REQUEST' } }] }
