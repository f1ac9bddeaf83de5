import type { ServerResponse } from 'node:http'
import type { ExecutionResult, FormattedExecutionResult } from 'graphql'
import { Outbox } from './outbox.ts'

/** A text that is longer, in bytes, is written by itself; where requests share it, they share its bytes. */
const maxText = 16 * 1024

/** JSON of a result; bytes where it is long and shared. */
export type Rendered = string | Buffer

/** Results that requests share, each rendered once. */
const shared = new WeakMap<ExecutionResult, Rendered>()

/**
 * Renders a result without errors as soon as it is there. The engine freezes what it gives to several requests; one that is this
 * request's alone loses its data: promises and contexts that are as old as the request hold the result until the whole heap is
 * collected, and would hold all of its data and text with it.
 */
export function render(result: ExecutionResult): Rendered {
  if (!Object.isFrozen(result)) {
    const rendered = JSON.stringify(result)
    result.data = undefined
    return rendered
  }
  let rendered = shared.get(result)
  if (rendered === undefined) shared.set(result, rendered = bytesOf(JSON.stringify(result)))
  return rendered
}

const bytesOf = (text: string): Rendered => (text.length > maxText ? Buffer.from(text) : text)

/** What Apollo Server gets instead of a result that is rendered. */
export const standIn: ExecutionResult = Object.freeze({ data: Object.freeze({}) })

/** What Apollo Server takes for the text of the stand-in; no text of a result is equal to it. */
export const standInText = 'rendered'

/** JSON of what Apollo Server answers with. */
export const stringifyResult = (result: FormattedExecutionResult): string =>
  result.data === standIn.data && !result.errors ? standInText : JSON.stringify(result)

const outbox = new Outbox()

/** What every answer has beside its result. @param freshness JSON, as `FreshnessMark` renders it */
const endOf = (freshness: string): string => `,"extensions":{"freshness":${freshness}}}`

/**
 * Sends what is rendered.
 *
 * @param given by `render`, or text of Apollo Server's
 * @param freshness JSON of what is said of the answer's age, which differs for requests that share a text; absent: nothing
 */
export function sendRendered(
  response: ServerResponse, status: number, headers: readonly string[], rendered: Rendered, freshness: string | undefined,
): void {
  const length = Buffer.byteLength(rendered)
  const encoding = length === rendered.length ? 'latin1' : 'utf8'
  const end = freshness === undefined ? '' : endOf(freshness)
  response.writeHead(status, [...headers, 'content-length', String(end === '' ? length : length - 1 + end.length)])
  if (typeof rendered === 'string' && length <= maxText) {
    const text = end === '' ? rendered : rendered.slice(0, -1) + end
    // ASCII needs no encoding: then head and body are one write.
    return outbox.add(() => response.end(text, encoding))
  }
  response.cork()
  // Head, text and end go out as they are: put together they would be copied, which doubles the garbage of an answer.
  response.flushHeaders()
  if (end === '') response.write(rendered, encoding)
  else response.write(typeof rendered === 'string' ? rendered.slice(0, -1) : rendered.subarray(0, -1), encoding)
  response.end(end, 'latin1')
}
