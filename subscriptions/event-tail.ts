import { GraphQLError } from 'graphql'
import type { EventLog, LogRecord } from '../events/log.ts'
import type { AppendedEvent } from '../resolvers/context.ts'
import { closing } from './closing.ts'
import { ConflatingMailbox } from './mailbox.ts'

/** Most events that wait for one subscriber: raw events are not conflated, so a subscriber who lags ends with an error. */
const maxWaiting = 5_000

interface Subscriber {
  types: ReadonlySet<string>
  mailbox: ConflatingMailbox<number, AppendedEvent>
}

/**
 * Raw events as they are appended. One reader for all subscribers of a process, only while there are some.
 */
export class EventTail {
  readonly #log: EventLog
  readonly #topics: readonly string[]
  readonly #subscribers = new Set<Subscriber>()
  readonly #onError: (error: unknown) => void
  #reading: { started: Promise<void>; stop: AbortController } | undefined
  #sequence = 0

  constructor({ log, topics, onError }: { log: EventLog; topics: readonly string[]; onError: (error: unknown) => void }) {
    this.#log = log
    this.#topics = topics
    this.#onError = onError
  }

  /** Events of these types (all where there are none) that are appended from now on. */
  subscribe(types: readonly string[]): AsyncIterable<AppendedEvent> {
    const mailbox = new ConflatingMailbox<number, AppendedEvent>({ onEnd: () => this.#leave(subscriber) })
    const subscriber: Subscriber = { types: new Set(types), mailbox }
    this.#subscribers.add(subscriber)
    const started = this.#start()
    // Whoever iterates sees the failure; nobody has to.
    started.catch(() => {})
    return closing(events(), () => void mailbox.return())

    async function* events() {
      try {
        await started.catch(() => {
          throw unavailable()
        })
        yield* mailbox
      } finally {
        void mailbox.return()
      }
    }
  }

  close(reason: Error): void {
    for (const { mailbox } of [...this.#subscribers]) mailbox.end(reason)
  }

  #leave(subscriber: Subscriber): void {
    this.#subscribers.delete(subscriber)
    if (this.#subscribers.size > 0) return
    this.#reading?.stop.abort()
    this.#reading = undefined
  }

  #start(): Promise<void> {
    if (!this.#reading) {
      const stop = new AbortController()
      const started = this.#log.ends(this.#topics).then((from) => {
        void this.#read(from, stop.signal)
      })
      this.#reading = { started, stop }
    }
    return this.#reading.started
  }

  async #read(from: Awaited<ReturnType<EventLog['ends']>>, signal: AbortSignal): Promise<void> {
    try {
      for await (const records of this.#log.read({ from, signal })) for (const record of records) this.#deliver(record)
    } catch (error) {
      if (signal.aborted) return
      this.#onError(error)
      this.close(unavailable())
    }
  }

  #deliver(record: LogRecord): void {
    const event = toAppendedEvent(record)
    if (!event) return
    for (const { types, mailbox } of this.#subscribers) {
      if (types.size > 0 && !types.has(event.type)) continue
      if (mailbox.size >= maxWaiting)
        mailbox.end(new GraphQLError(`This subscriber is ${maxWaiting} events behind; read faster, or subscribe to fewer types.`, {
          extensions: { code: 'SUBSCRIBER_TOO_SLOW' },
        }))
      else mailbox.put(this.#sequence++, event)
    }
  }
}

const unavailable = (): GraphQLError =>
  new GraphQLError('The event log could not be read any further; subscribe again.', { extensions: { code: 'LOG_UNAVAILABLE' } })

/** Null for what is no event: dead letters get those. */
function toAppendedEvent({ value, appendedAt }: LogRecord): AppendedEvent | null {
  if (value === null) return null
  try {
    const { id, source, type, subject, time, data } = JSON.parse(Buffer.from(value).toString('utf8')) as Record<string, unknown>
    const happened = typeof time === 'string' ? Date.parse(time) : NaN
    if (typeof id !== 'string' || typeof source !== 'string' || typeof type !== 'string' || typeof subject !== 'string') return null
    return Number.isNaN(happened) ? null : { id, source, type, subject, time: happened, appendedAt, data }
  } catch {
    return null
  }
}
