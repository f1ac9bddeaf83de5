import { isPolled } from '../federation/index.ts'
import type { Cut, DeliveryRequest, Gap, SourceEvent } from '../resolvers/live.ts'
import { closing } from './closing.ts'
import type { Cursors } from './cursor.ts'
import { includes, merge } from './cut.ts'

/** From where on something is asked for; `said` is how the client said it. */
export type Beginning = { from: Cut; said: string } | { since: number }

/** Of what deliveries are made. All of it ends when the signal is aborted. */
export interface Parts<T> {
  /** What follows from this turn on, begun by a marker. */
  stream(signal: AbortSignal): AsyncIterableIterator<SourceEvent<T>>
  /** The state, as one or more events, the first of which tells of a gap if there is one. Begun once the stream listens. */
  snapshot(signal: AbortSignal, gap?: Gap): AsyncIterable<SourceEvent<T>>
  /** What came behind it, or a snapshot with a gap where that cannot be had; ended by a marker. */
  missed(beginning: Beginning, signal: AbortSignal): AsyncIterable<SourceEvent<T>>
}

export const marker = (cut: Cut): SourceEvent<never> => ({ value: undefined as never, cut, key: '', marker: true })

/** What a subscription is given, as asked. */
export function deliver<T>(request: DeliveryRequest, parts: Parts<T>, cursors: Cursors): AsyncIterableIterator<SourceEvent<T>> {
  const left = new AbortController()
  const { signal } = left
  const stream = request.kind === 'stream' || request.kind === 'whole' ? parts.stream(signal) : undefined
  // It ends by itself when it is left, and polling it takes no promises.
  if (request.kind === 'stream' && isPolled(stream!)) return stream as AsyncIterableIterator<SourceEvent<T>>
  return closing(events(), () => {
    left.abort()
    void stream?.return?.()
  })

  async function* events(): AsyncGenerator<SourceEvent<T>, void> {
    try {
      if (request.kind === 'snapshot') yield* parts.snapshot(signal)
      else if (request.kind === 'missed') yield* missed(request)
      else if (request.kind === 'stream') yield* stream!
      else yield* whole(request)
    } catch (error) {
      // Whoever has left is told nothing.
      if (!signal.aborted) throw error
    } finally {
      left.abort()
      void stream?.return?.()
    }
  }

  async function* missed(asked: { from: Cut } | { since: number }): AsyncGenerator<SourceEvent<T>> {
    yield* parts.missed('from' in asked ? { from: asked.from, said: cursors.encode(asked.from) } : asked, signal)
  }

  /** The stream listens before anything else is asked, so that nothing falls between. */
  async function* whole({ after, since }: { after?: string; since?: number }): AsyncGenerator<SourceEvent<T>> {
    const begin = await stream!.next()
    if (begin.done) return
    let cut = (begin.value as SourceEvent<T>).cut
    let isShown = after !== undefined || since !== undefined
    for await (const event of head(after, since)) {
      isShown ||= !event.marker
      // Where there is no state to begin with, what came while it was asked for is not in it.
      if (isShown) cut = event.cut
      if (!event.marker) yield event
    }
    for await (const event of stream!) {
      if (event.at && includes(cut, event.at)) continue
      cut = merge(cut, event.cut)
      yield { ...event, cut }
    }
  }

  async function* head(after?: string, since?: number): AsyncGenerator<SourceEvent<T>> {
    if (after === undefined) return yield* since === undefined ? parts.snapshot(signal) : parts.missed({ since }, signal)
    const from = cursors.decode(after)
    if (from) yield* parts.missed({ from, said: after }, signal)
    else yield* parts.snapshot(signal, { reason: 'CURSOR', missed: { from: after.slice(0, maxShown), count: null } })
  }
}

/** Of a cursor that is none. */
const maxShown = 200
