import type { ServerResponse } from 'node:http'
import type { FormattedExecutionResult } from 'graphql'

/** A text that is longer is sent as bytes, which requests that share a result share as well. */
const maxText = 16 * 1024

interface Rendered {
  text: string
  bytes?: Buffer
}

/** By the data of results without errors. Requests that shared an execution have one result, and one text. */
const rendered = new WeakMap<object, Rendered>()

/** JSON of a result; that of equal data is written once. */
export function renderResult(result: FormattedExecutionResult): string {
  const { data, errors, extensions } = result
  if (!data || errors || extensions) return JSON.stringify(result)
  let known = rendered.get(data)
  if (!known) rendered.set(data, known = { text: JSON.stringify(result) })
  return known.text
}

/** Sends a text that `renderResult` gave. @param data of the result that was executed, if any */
export function sendRendered(response: ServerResponse, status: number, headers: readonly string[], text: string, data: object | null | undefined): void {
  if (text.length <= maxText) {
    const length = Buffer.byteLength(text)
    response.writeHead(status, [...headers, 'content-length', String(length)])
    // ASCII needs no encoding: then head and body are one write.
    response.end(text, length === text.length ? 'latin1' : 'utf8')
    return
  }
  const known = data ? rendered.get(data) : undefined
  const bytes = known?.text === text ? known.bytes ??= Buffer.from(text) : Buffer.from(text)
  response.writeHead(status, [...headers, 'content-length', String(bytes.length)])
  response.end(bytes)
}
