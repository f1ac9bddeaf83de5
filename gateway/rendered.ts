import type { ServerResponse } from 'node:http'
import type { ExecutionResult, FormattedExecutionResult } from 'graphql'
import { Outbox } from './outbox.ts'

/** A text that is longer is sent as bytes, which requests that share a result share as well. */
const maxText = 16 * 1024

interface Rendered {
  text?: string
  bytes?: Buffer
}

/**
 * By the data of results that requests may share: each is rendered once. Others are not kept, as every entry costs the
 * garbage collector more than it takes to look for one.
 */
const shared = new WeakMap<object, Rendered>()

/** Told of each result before it is rendered. The engine freezes what it gives to several requests. */
export function expectShared(result: ExecutionResult): void {
  if (result.data && !result.errors && Object.isFrozen(result) && !shared.has(result.data)) shared.set(result.data, {})
}

/** JSON of a result. */
export function renderResult(result: FormattedExecutionResult): string {
  const { data, errors, extensions } = result
  const known = data && !errors && !extensions ? shared.get(data) : undefined
  if (!known) return JSON.stringify(result)
  return known.text ??= JSON.stringify(result)
}

const outbox = new Outbox()

/** What every answer has beside the text of its result. @param freshness JSON, as `FreshnessMark` renders it */
const endOf = (freshness: string): string => `,"extensions":{"freshness":${freshness}}}`

/**
 * Sends a text that `renderResult` gave.
 *
 * @param data of the result that was executed, if any
 * @param freshness JSON of what is said of the answer's age, which differs for requests that share a text; absent: nothing
 */
export function sendRendered(
  response: ServerResponse, status: number, headers: readonly string[], rendered: string, data: object | null | undefined, freshness: string | undefined,
): void {
  if (rendered.length <= maxText) {
    const text = freshness === undefined ? rendered : rendered.slice(0, -1) + endOf(freshness)
    const length = Buffer.byteLength(text)
    response.writeHead(status, [...headers, 'content-length', String(length)])
    // ASCII needs no encoding: then head and body are one write.
    return outbox.add(() => response.end(text, length === text.length ? 'latin1' : 'utf8'))
  }
  const known = data ? shared.get(data) : undefined
  const bytes = known?.text === rendered ? known.bytes ??= Buffer.from(rendered) : Buffer.from(rendered)
  if (freshness === undefined) {
    response.writeHead(status, [...headers, 'content-length', String(bytes.length)])
    response.end(bytes)
    return
  }
  const end = endOf(freshness)
  response.writeHead(status, [...headers, 'content-length', String(bytes.length - 1 + end.length)])
  response.cork()
  response.write(bytes.subarray(0, -1))
  response.end(end, 'latin1')
}
