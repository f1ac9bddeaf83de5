import { GraphQLError, type ExecutionResult } from 'graphql'
import { isEvents, isPolled, type Engine, type EngineRequest } from '../federation/index.ts'
import { createRequestContext } from '../resolvers/context.ts'
import type { DeliveryRequest, SourceEvent } from '../resolvers/live.ts'
import type { Cursors } from '../subscriptions/cursor.ts'
import { includes } from '../subscriptions/cut.ts'
import type { Rendered } from '../subscriptions/delivery/entries.ts'
import { RenderOrder } from '../subscriptions/delivery/render-order.ts'
import { bytesOf, renderGap, type Payload } from '../subscriptions/delivery/payload.ts'
import { Refusal, type Item, type Origin, type Source } from '../subscriptions/delivery/source.ts'
import type { Door } from './door.ts'
import type { Resolved, Seam } from './followed-subscription.ts'
import { renderFreshness } from './freshness.ts'
import { formatResult, toGraphQLError } from './results.ts'

export interface OriginOptions {
  door: Pick<Door, 'host' | 'services' | 'scope' | 'onError'>
  /** The engine on which the request was validated. */
  engine: Engine
  /** Without the arguments of its delivery. */
  request: Omit<EngineRequest, 'context' | 'signal'>
  /** Whether its source gives source events, with positions. */
  positioned: boolean
  cursors: Cursors
}

const isMarker = (event: unknown): boolean => (event as SourceEvent | undefined)?.marker === true
/** Something is missing, and there is nothing to show for it. */
const isBareGap = (event: unknown): boolean => {
  const { gap, value } = event as SourceEvent
  return gap !== undefined && value === undefined
}

/** One run of an operation by the engine, for all whose subscriptions are equal: its payloads are rendered here. */
export function createOrigin({ door, engine, request, positioned, cursors }: OriginOptions): Origin {
  const { services, scope, onError } = door
  const order = new RenderOrder()
  const isSilent = positioned ? (event: unknown) => isMarker(event) || isBareGap(event) : () => false

  const render = (result: ExecutionResult, event?: SourceEvent): Payload => {
    const { data, errors, extensions } = formatResult(result, onError)
    const own = JSON.stringify({
      ...data !== undefined && { data }, ...errors && { errors },
      extensions: { ...extensions, ...event?.intervalMs !== undefined && { intervalMs: event.intervalMs } },
    })
    return {
      // Open for the cursor, and what else there is to say about the payload's place.
      head: bytesOf(own.endsWith(':{}}') ? own.slice(0, -2) : `${own.slice(0, -2)},`),
      tail: `"freshness":${renderFreshness({ eventTime: event?.eventTime ?? null, appliedAt: event?.appliedAt ?? null }, services.clock())}}}`,
      cursor: event && cursors.encode(event.cut),
      gap: event?.gap && renderGap(event.gap),
    }
  }

  const itemOf = ({ event, result }: Resolved): Item => {
    if (!positioned) return plain(render(result ?? { errors: [] }))
    if (event === undefined) return failed(result)
    const source = event as SourceEvent
    const { cut, at, key, gap, eventTime, appliedAt } = source
    if (source.marker) return { reached: cut, diffs: source.diff === true }
    return { rendered: { payload: render(result ?? missed, source), cut, at, key, gap, eventTime, appliedAt } }
  }

  /** What is said without an event is why none follow. */
  const failed = (result: ExecutionResult | undefined): Item => {
    const [error] = formatResult(result ?? missed, onError).errors ?? []
    return { failed: new GraphQLError(error?.message ?? 'The subscription has ended.', { extensions: error?.extensions }) }
  }

  const contextOf = (delivery: DeliveryRequest) => createRequestContext(services, { scope, live: true, ...positioned && { delivery } })
  const seamOf = ({ kind }: DeliveryRequest): Seam => ({
    // What was missed, and states, are the same again.
    behind: (asked, latest) => kind === 'stream' ? { ...asked, context: contextOf({ kind: 'whole', after: cursors.encode((latest as SourceEvent).cut), turn: order.turn }) } : asked,
    includes: (latest, event) => {
      const { at } = event as SourceEvent
      return at !== undefined && includes((latest as SourceEvent).cut, at)
    },
  })

  async function open(delivery: DeliveryRequest): Promise<Source> {
    const joining = delivery.kind === 'stream' ? undefined : order.join()
    const asked = { ...request, context: contextOf({ ...delivery, ...joining ? { taken: joining.taken } : { turn: order.turn } }) }
    const resolved = await door.host.follow(delivery.kind === 'stream' ? engine : door.host.current, asked, isSilent, positioned ? seamOf(delivery) : undefined)
    if (!isEvents(resolved)) throw new Refusal(render(resolved), resolved)
    const source = sourceOf(resolved, itemOf, (error) => itemOf({ event: undefined, result: { errors: [toGraphQLError(error)] } }))
    if (joining) return telling(source, joining.rendered)
    if (!positioned) return source
    // It begins with where it stands, or else with why it does not.
    const { value } = await resolved.next()
    if (value && value.event === undefined) throw new Refusal(render(value.result ?? missed), value.result)
    return after(value && itemOf(value), source)
  }

  return { positioned, open, encode: (cut) => cursors.encode(cut), renderGap: () => render(missed) }
}

const missed: ExecutionResult = {
  data: null,
  errors: [new GraphQLError('Something is missing here: see "gap" in the extensions. What follows is complete again.', { extensions: { code: 'DELIVERY_GAP' } })],
}

const plain = (payload: Payload): { rendered: Rendered } => ({ rendered: { payload, cut: undefined, key: '' } })

const done = { done: true, value: undefined } as const

/** The source behind its first item; over where there is none. */
function after(first: Item | undefined, source: Source): Source {
  let begun = false
  const begin = (): IteratorResult<Item, undefined> => {
    begun = true
    return first ? { done: false, value: first } : done
  }
  return {
    next: () => begun ? source.next() : Promise.resolve(begin()),
    return: () => source.return!(),
    ...isPolled<Item>(source) && { poll: (wake: () => void) => begun ? source.poll(wake) : begin() },
  }
}

/** Tells when what was asked for is rendered, or nobody waits for it any more. */
const telling = (source: Source, rendered: () => void): Source => ({
  next: () => source.next().finally(rendered),
  return: () => {
    rendered()
    return source.return!()
  },
})

/** A stream that fails ends with why. */
function sourceOf(resolved: AsyncIterator<Resolved, undefined>, itemOf: (resolved: Resolved) => Item, lastOf: (error: unknown) => Item): Source {
  let failed = false
  const itemOrEnd = ({ value, done: over }: IteratorResult<Resolved, undefined>): IteratorResult<Item, undefined> =>
    over ? done : { done: false, value: itemOf(value as Resolved) }
  const last = (error: unknown): IteratorResult<Item, undefined> => {
    failed = true
    return { done: false, value: lastOf(error) }
  }
  return {
    async next() {
      if (failed) return done
      try {
        return itemOrEnd(await resolved.next())
      } catch (error) {
        return last(error)
      }
    },
    ...isPolled<Resolved>(resolved) && { poll(wake: () => void) {
      if (failed) return done
      try {
        const next = resolved.poll(wake)
        return next && itemOrEnd(next)
      } catch (error) {
        return last(error)
      }
    } },
    async return() {
      await resolved.return?.()
      return done
    },
  }
}
