import type { ExecutionResult } from 'graphql'
import type { EngineRequest } from '../federation/index.ts'
import type { Cursors } from '../subscriptions/cursor.ts'
import { Budget } from '../subscriptions/delivery/budget.ts'
import { Dispatcher } from '../subscriptions/delivery/dispatcher.ts'
import { Group, type Start } from '../subscriptions/delivery/group.ts'
import type { DeliveryObserver } from '../subscriptions/delivery/observer.ts'
import type { Sink } from '../subscriptions/delivery/sink.ts'
import { Refusal } from '../subscriptions/delivery/source.ts'
import type { Subscriber } from '../subscriptions/delivery/subscriber.ts'
import { stripDelivery, type DeliveryArguments } from './delivery-arguments.ts'
import { observeDelivery } from './delivery-telemetry.ts'
import { sharingOf, type Door } from './door.ts'
import type { EngineHost } from './engine-host.ts'
import { isObject } from './json.ts'
import type { Operation } from './operation.ts'
import { createOrigin } from './origin.ts'
import type { Telemetry } from './telemetry.ts'

/** A subscription as a client asks for it, validated. */
export interface SubscriptionRequest extends Operation {
  operationName?: string | null
  variables?: Record<string, unknown> | null
  /** Of the request. `after` in them wins over the argument. */
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
}

/** All subscriptions of a gateway: equal ones are one group. */
export class Deliveries {
  readonly #cursors: Cursors
  readonly #dispatcher = new Dispatcher()
  readonly #budget: Budget
  readonly #observer: DeliveryObserver
  readonly #telemetry: Telemetry
  readonly #groups = new WeakMap<EngineHost, Map<string, Group>>()

  constructor({ cursors, telemetry, clock, maxBytes = 64 * 1024 * 1024 }: DeliveriesOptions) {
    this.#cursors = cursors
    this.#telemetry = telemetry
    this.#budget = new Budget(maxBytes)
    this.#observer = observeDelivery(telemetry, clock)
  }

  /**
   * Delivers a subscription to a sink, until it is left or has ended. A result says why it cannot be.
   * @throws GraphQLError for arguments of its delivery that are none
   */
  async subscribe(door: Door, asked: SubscriptionRequest, sink: Sink): Promise<Subscriber | ExecutionResult> {
    const { engine, document, operation, operationName, headers } = asked
    const { document: stripped, variables, delivery, positioned } = stripDelivery(engine.schema, document, operation, asked.variables ?? {})
    const request = { document: stripped, operationName, variables, headers, sharing: sharingOf(door.scope) }
    const run = await engine.prepareSubscription(request)
    if (!('open' in run)) return run
    const isOwn = run.source.asked === undefined

    const groups = this.#groupsOf(door.host)
    // What a remote subgraph sends first may be for the one who asked: who comes later asks for it anew.
    const key = JSON.stringify([request.sharing.key, run.key])
    let group = groups.get(key)
    if (!group || (!isOwn && group.live.entries.end > 0)) {
      const origin = createOrigin({ door, engine, request, positioned: positioned && isOwn, cursors: this.#cursors })
      const begun = new Group({
        origin, dispatcher: this.#dispatcher, budget: this.#budget, observer: this.#observer, onError: door.onError,
        onEnd: () => {
          if (groups.get(key) === begun) groups.delete(key)
          this.#telemetry.deliveryGroups.dec()
        },
      })
      groups.set(key, group = begun)
      this.#telemetry.deliveryGroups.inc()
    }
    try {
      return await group.join({ sink, policy: delivery.policy, buffer: delivery.buffer }, this.#startOf(delivery, asked.extensions))
    } catch (error) {
      if (error instanceof Refusal) return error.cause as ExecutionResult
      throw error
    }
  }

  #startOf({ after: argument, since }: DeliveryArguments, extensions: unknown): Start {
    const after = isObject(extensions) && typeof extensions.after === 'string' ? extensions.after : argument
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
