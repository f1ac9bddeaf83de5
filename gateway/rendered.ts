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
const rendered = new WeakMap<object, Rendered>()

/** Told of each result before it is rendered. The engine freezes what it gives to several requests. */
export function expectShared(result: ExecutionResult): void {
  if (result.data && !result.errors && Object.isFrozen(result) && !rendered.has(result.data)) rendered.set(result.data, {})
}

/** JSON of a result. */
export function renderResult(result: FormattedExecutionResult): string {
  const { data, errors, extensions } = result
  const known = data && !errors && !extensions ? rendered.get(data) : undefined
  if (!known) return JSON.stringify(result)
  return known.text ??= JSON.stringify(result)
}

const outbox = new Outbox()

/** Sends a text that `renderResult` gave. @param data of the result that was executed, if any */
export function sendRendered(response: ServerResponse, status: number, headers: readonly string[], text: string, data: object | null | undefined): void {
  if (text.length <= maxText) {
    const length = Buffer.byteLength(text)
    response.writeHead(status, [...headers, 'content-length', String(length)])
    // ASCII needs no encoding: then head and body are one write.
    return outbox.add(() => response.end(text, length === text.length ? 'latin1' : 'utf8'))
  }
  const known = data ? rendered.get(data) : undefined
  const bytes = known?.text === text ? known.bytes ??= Buffer.from(text) : Buffer.from(text)
  response.writeHead(status, [...headers, 'content-length', String(bytes.length)])
  response.end(bytes)
}
