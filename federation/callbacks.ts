import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import type { ExecutionResult, GraphQLError } from 'graphql'
import { codes, SubgraphFailure } from './errors.ts'
import { EventQueue } from './event-queue.ts'
import { isObject } from './merge.ts'

export interface CallbacksOptions {
  /** Where subgraphs reach the handler, from outside; the subscription's id is appended as a path segment. */
  publicUrl: string
  /** Within this time a subgraph has to say that a subscription goes on; 0: it need not. 5 s unless said otherwise. */
  heartbeatIntervalMs?: number
  /** Bytes of one call; 16 MiB unless said otherwise. */
  maxBodyBytes?: number
  /** Events of one subscription that may wait for their reader; 1,024 unless said otherwise. */
  maxPendingEvents?: number
  /** Never repeated; random UUIDs unless said otherwise. */
  newId?: () => string
  /** What nobody can guess; 32 random bytes unless said otherwise. */
  newVerifier?: () => string
}

/** A call as any HTTP server has it; an `IncomingMessage` goes in as it is. */
export interface CallbackRequest extends AsyncIterable<Uint8Array> {
  method?: string
}

export interface CallbackResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** A subscription whose events arrive by calls. */
export interface CallbackSubscription {
  /** What the subgraph is told, as `extensions.subscription`. */
  extension: { callbackUrl: string, subscriptionId: string, verifier: string, heartbeatIntervalMs: number }
  events: EventQueue<ExecutionResult>
  /** Whether the subgraph has shown that it can call. */
  checked(): boolean
}

/** Takes the calls of subgraphs that send the events of subscriptions by HTTP. */
export interface Callbacks {
  /** Opens a subscription; it is known until its events end. */
  open(): CallbackSubscription
  /** Answers one call. Never rejects unless the body's stream does. */
  handle(request: CallbackRequest): Promise<CallbackResponse>
  /** Bytes of one call. */
  readonly maxBodyBytes: number
  /** Subscriptions that are open. */
  readonly size: number
}

interface Entry {
  verifier: Buffer
  events: EventQueue<ExecutionResult>
  checked: boolean
  heard: () => void
}

const protocol = { 'subscription-protocol': 'callback/1.0' }

/**
 * The gateway's side of the HTTP callback protocol, version 1.0.
 * https://www.apollographql.com/docs/graphos/routing/operations/subscriptions/callback-protocol
 */
export const createCallbacks = (options: CallbacksOptions): Callbacks => {
  const {
    heartbeatIntervalMs = 5_000, maxBodyBytes = 16 * 1024 * 1024, maxPendingEvents = 1024, newId = randomUUID,
    newVerifier = () => randomBytes(32).toString('base64url'),
  } = options
  const base = new URL(options.publicUrl).href.replace(/\/$/, '')
  const entries = new Map<string, Entry>()

  const open = (): CallbackSubscription => {
    const subscriptionId = newId()
    const verifier = newVerifier()
    const events = new EventQueue<ExecutionResult>(maxPendingEvents)
    let timer: NodeJS.Timeout | undefined
    const heard = () => {
      clearTimeout(timer)
      if (heartbeatIntervalMs === 0) return
      timer = setTimeout(() => events.fail(silent(heartbeatIntervalMs)), patience(heartbeatIntervalMs))
    }
    heard()
    const entry: Entry = { verifier: digest(verifier), events, checked: false, heard }
    entries.set(subscriptionId, entry)
    events.whenEnded(() => {
      clearTimeout(timer)
      entries.delete(subscriptionId)
    })
    const callbackUrl = `${base}/${encodeURIComponent(subscriptionId)}`
    return {
      extension: { callbackUrl, subscriptionId, verifier, heartbeatIntervalMs },
      events,
      checked: () => entry.checked,
    }
  }

  const handle = async (request: CallbackRequest): Promise<CallbackResponse> => {
    if (request.method !== 'POST') return refused(405, 'Callbacks are sent by POST.', { allow: 'POST' })
    const text = await bodyOf(request, maxBodyBytes)
    if (text === undefined) {
      return refused(413, `The body has more than ${maxBodyBytes} bytes.`, { connection: 'close' })
    }
    const message = parsed(text)
    if (!message) {
      return refused(400, 'The body must be {"kind": "subscription", "action": "…", "id": "…", "verifier": "…"} as JSON.')
    }
    const entry = entries.get(message.id)
    if (!entry) return unknown
    if (!timingSafeEqual(entry.verifier, digest(message.verifier))) {
      return refused(400, 'The verifier is not that of the subscription.')
    }
    return act(entry, message)
  }

  return {
    open,
    handle,
    maxBodyBytes,
    get size() {
      return entries.size
    },
  }
}

/** A heartbeat that is late by as much as a whole interval is not lost yet: networks delay. */
const patience = (intervalMs: number): number => 2 * intervalMs

const silent = (intervalMs: number): SubgraphFailure => new SubgraphFailure(
  `ended the subscription: no heartbeat came within ${patience(intervalMs)} ms`, { code: codes.heartbeat },
)

/** Digests are of one length, so comparing them tells nothing of the verifier's. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

interface Message {
  id: string
  verifier: string
  action: string
  payload: unknown
  errors: unknown
}

const parsed = (text: string): Message | undefined => {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isObject(value) || value.kind !== 'subscription') return undefined
  const { id, verifier, action, payload, errors } = value
  if (typeof id !== 'string' || typeof verifier !== 'string' || typeof action !== 'string') return undefined
  return { id, verifier, action, payload, errors }
}

const act = (entry: Entry, { action, payload, errors }: Message): CallbackResponse => {
  switch (action) {
    case 'check':
      entry.checked = true
      entry.heard()
      return accepted
    case 'next':
      if (!isResult(payload)) return refused(400, 'The payload must be a GraphQL response: {"data": {…}}.')
      entry.heard()
      entry.events.push(payload)
      // Too much for the reader: the subgraph is told that it is over.
      return entry.events.ended ? unknown : accepted
    case 'complete':
      if (errors !== undefined && !Array.isArray(errors)) return refused(400, 'The errors must be a list.')
      if (errors?.length) entry.events.push({ errors: errors as GraphQLError[] })
      entry.events.end()
      return accepted
    default:
      return refused(400, 'The action must be "check", "next" or "complete".')
  }
}

const isResult = (value: unknown): value is ExecutionResult =>
  isObject(value) && (isObject(value.data) || value.data === null || Array.isArray(value.errors))

const accepted: CallbackResponse = { status: 204, headers: protocol, body: '' }

const refused = (status: number, message: string, headers: Record<string, string> = {}): CallbackResponse => ({
  status,
  headers: { ...protocol, 'content-type': 'application/json', ...headers },
  body: JSON.stringify({ errors: [{ message }] }),
})

const unknown = refused(404, 'There is no such subscription, or it is over.')

/** Nothing when there is more than the limit, before it is read whole. */
const bodyOf = async (body: AsyncIterable<Uint8Array>, limit: number): Promise<string | undefined> => {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > limit) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
