import type { DeliveryObserver } from '../subscriptions/delivery/observer.ts'
import type { Telemetry } from './telemetry.ts'

/** Counts what is delivered, and how long events were on their way. @param clock milliseconds since the epoch */
export function observeDelivery(telemetry: Telemetry, clock: () => number): DeliveryObserver {
  const { deliveryLatency, deliveredPayloads, conflatedPayloads, droppedPayloads, deliveryGaps } = telemetry
  const observe = (stage: string, from: number, to: number): void => deliveryLatency.observe({ stage }, Math.max(0, to - from) / 1000)
  return {
    passed(entries, from, to) {
      const now = clock()
      for (let index = from; index < to; index++) {
        const { eventTime, appliedAt } = entries.at(index)
        if (appliedAt !== undefined) observe('applied_to_delivered', appliedAt, now)
        if (eventTime === undefined) continue
        if (appliedAt !== undefined) observe('event_to_applied', eventTime, appliedAt)
        observe('event_to_delivered', eventTime, now)
      }
    },
    delivered: (payloads) => deliveredPayloads.inc(payloads),
    conflated: (payloads) => conflatedPayloads.inc(payloads),
    dropped: (payloads) => droppedPayloads.inc(payloads),
    gap: (reason) => deliveryGaps.inc({ reason }),
  }
}
