import type { Gap } from '../../resolvers/live.ts'
import type { Entries } from './entries.ts'

/** Told of what is delivered. */
export interface DeliveryObserver {
  /** These entries have been handed to everybody who keeps up. */
  passed(entries: Entries, from: number, to: number): void
  /** So many payloads were handed to a connection. */
  delivered(payloads: number): void
  /** So many were superseded by later ones before they could be handed over. */
  conflated(payloads: number): void
  /** So many were dropped, as they were more than may wait. */
  dropped(payloads: number): void
  gap(reason: Gap['reason']): void
}
