import type { IncomingMessage } from 'node:http'

/** The request's body is longer than it may be. */
export class BodyTooLargeError extends Error {
  override readonly name = 'BodyTooLargeError'
}

/** Reads a body as UTF-8. @throws BodyTooLargeError beyond `limit` bytes, before it is read whole */
export async function readBody(request: IncomingMessage, limit: number): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > limit) throw new BodyTooLargeError(`The body has more than ${limit} bytes ("bodyBytes").`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Whether the body says that it is JSON, which a foreign page cannot say without asking first (a CORS preflight). */
export const isJson = ({ headers }: IncomingMessage): boolean => /^application\/(graphql-response\+)?json\b/i.test(headers['content-type'] ?? '')

export const notJson = { errors: [{ message: 'The body must be JSON, and say so: "content-type: application/json".', extensions: { code: 'BAD_REQUEST' } }] }
