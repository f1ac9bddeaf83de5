import { parseEntityKey } from '../events/entity.ts'
import type { DomainEvent } from '../events/vocabulary.ts'

/**
 * Which streams the log believes to be open, whatever the moment of a crash: a stream counts from when its first event is
 * handed out until the one that ends it is known to be safe. Ending it once more does no harm; missing it would leave a
 * stream live for ever.
 */
export interface Ledger {
  handOut(event: DomainEvent): void
  /** All that was handed out is in the log. */
  confirm(): void
  open(): string[]
}

export function createLedger(leftOpen: readonly string[]): Ledger {
  const open = new Set(leftOpen)
  let ending: string[] = []
  return {
    handOut(event) {
      if (event.type !== 'LivestreamScheduled' && event.type !== 'LivestreamStarted' && event.type !== 'LivestreamEnded') return
      const id = parseEntityKey(event.subject)?.id ?? ''
      if (event.type === 'LivestreamEnded') ending.push(id)
      else open.add(id)
    },
    confirm() {
      if (ending.length === 0) return
      for (const id of ending) open.delete(id)
      ending = []
    },
    open: () => [...open],
  }
}
