import type { ExecutionResult } from 'graphql'
import type { EngineRequest } from '../federation/index.ts'
import type { Cursors } from '../subscriptions/cursor.ts'
import { Budget } from '../subscriptions/delivery/budget.ts'
import { Dispatcher } from '../subscriptions/delivery/dispatcher.ts'
import { Group, type Start } from '../subscriptions/delivery/group.ts'
import type { DeliveryObserver } from '../subscriptions/delivery/observer.ts'
import { Pace } from '../subscriptions/delivery/pace.ts'
import { Places } from '../subscriptions/delivery/places.ts'
import type { Sink } from '../subscriptions/delivery/sink.ts'
import { Refusal } from '../subscriptions/delivery/source.ts'
import type { Subscriber } from '../subscriptions/delivery/subscriber.ts'
import { deliveryOf, stripDelivery, type DeliveryArguments } from './delivery-arguments.ts'
import { observeDelivery } from './delivery-telemetry.ts'
import { sharingOf, type Door } from './door.ts'
import type { EngineHost } from './engine-host.ts'
import type { Operation } from './operation.ts'
import { createOrigin } from './origin.ts'
import type { Telemetry } from './telemetry.ts'

/** A subscription as a client asks for it, validated. */
export interface SubscriptionRequest extends Operation {
  operationName?: string | null
  variables?: Record<string, unknown> | null
  /** Of the request: `delivery` in them wins over the field's arguments. */
  extensions?: unknown
  headers: EngineRequest['headers']
}

export interface DeliveriesOptions {
  cursors: Cursors
  telemetry: Telemetry
  /** Milliseconds since the epoch. */
  clock: () => number
  /** Rendered payloads that all groups keep together, bytes. */
  maxBytes?: number
  /** Of those who come. */
  arrival?: Pace
}

/** States and what was missed are read for so many groups at once. */
const catchUpsAtOnce = 16

/** All subscriptions of a gateway: equal ones are one group. */
export class Deliveries {
  readonly #cursors: Cursors
  readonly #dispatcher = new Dispatcher()
  /** Those who come are a burden to the whole machine, what they missed to this process alone: it must go faster than more comes. */
  readonly #arrival: Pace
  readonly #entrance = { pace: new Pace(), places: new Places({ most: catchUpsAtOnce, patienceMs: 1_000 }) }
  readonly #budget: Budget
  readonly #observer: DeliveryObserver
  readonly #telemetry: Telemetry
  readonly #groups = new WeakMap<EngineHost, Map<string, Group>>()

  constructor({ cursors, telemetry, clock, maxBytes = 64 * 1024 * 1024, arrival = new Pace({ left: 8 }) }: DeliveriesOptions) {
    this.#arrival = arrival
    this.#cursors = cursors
    this.#telemetry = telemetry
    this.#budget = new Budget(maxBytes)
    this.#observer = observeDelivery(telemetry, clock)
  }

  /** To be asked before a connection is made, too: a thousand that are made at once hold up what others wait for. */
  get turn(): Promise<void> | undefined {
    return this.#arrival.turn
  }

  /**
   * Delivers a subscription to a sink, until it is left or has ended. A result says why it cannot be.
   * @throws GraphQLError for arguments of its delivery that are none
   */
  async subscribe(door: Door, asked: SubscriptionRequest, sink: Sink): Promise<Subscriber | ExecutionResult> {
    await this.turn
    const { engine, operationName, headers } = asked
    const { delivery: wanted, ...stripped } = stripDelivery(engine.schema, asked)
    const caller = { operationName, headers, sharing: sharingOf(door.scope) }
    let request: EngineRequest & typeof caller = { ...stripped, ...caller }
    let run = await engine.prepareSubscription(request)
    if (!('open' in run)) return run
    const { transport, asked: isRemote } = run.source
    const positioned = transport.positioned === true
    let delivery = wanted
    if (isRemote !== undefined && stripped.document !== asked.document) {
      // Arguments of a remote field are for those who serve it.
      request = { document: asked.document, variables: asked.variables, ...caller }
      run = await engine.prepareSubscription(request)
      if (!('open' in run)) return run
      delivery = deliveryOf(asked.extensions)
    }

    const groups = this.#groupsOf(door.host)
    // What a remote subgraph sends first may be for the one who asked: who comes later asks for it anew.
    const key = JSON.stringify([request.sharing.key, run.key])
    const begin = (): Group => {
      const origin = createOrigin({ door, engine, request, positioned, cursors: this.#cursors })
      const begun = new Group({
        origin, dispatcher: this.#dispatcher, entrance: this.#entrance, budget: this.#budget, observer: this.#observer, onError: door.onError,
        onEnd: () => {
          if (groups.get(key) === begun) groups.delete(key)
          this.#telemetry.deliveryGroups.dec()
        },
      })
      groups.set(key, begun)
      this.#telemetry.deliveryGroups.inc()
      return begun
    }
    try {
      for (;;) {
        const known = groups.get(key)
        const group = known && !(isRemote !== undefined && known.live.entries.end > 0) ? known : begin()
        const subscriber = await group.join({ sink, policy: delivery.policy, buffer: delivery.buffer }, this.#startOf(delivery, positioned))
        if (subscriber) return subscriber
      }
    } catch (error) {
      if (error instanceof Refusal) return error.cause as ExecutionResult
      throw error
    }
  }

  /** `after` wins over `since`, because a client that comes back has both. */
  #startOf({ after, since }: DeliveryArguments, positioned: boolean): Start {
    // What has no positions cannot go on from one.
    if (!positioned && (after !== undefined || since !== undefined)) return { kind: 'lost', reason: 'CURSOR' }
    if (after !== undefined) {
      const cut = this.#cursors.decode(after)
      return cut ? { kind: 'after', cut } : { kind: 'lost', reason: 'CURSOR' }
    }
    return since === undefined ? { kind: 'now' } : { kind: 'since', time: since }
  }

  #groupsOf(host: EngineHost): Map<string, Group> {
    let groups = this.#groups.get(host)
    if (!groups) this.#groups.set(host, groups = new Map())
    return groups
  }
}
