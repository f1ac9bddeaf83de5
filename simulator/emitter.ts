import type { EntityKey } from '../events/entity.ts'
import type { DomainEvent, DomainEventType, EventData, FreshetEvent } from '../events/vocabulary.ts'
import { dataSchemaOf, eventTypes } from '../events/vocabulary.ts'

/** Makes CloudEvents with ids that never repeat between runs. */
export interface Emitter {
  /** Events made so far in this run. */
  readonly count: number
  /** `delaySeconds`: how long after it happened the event reaches the log. */
  emit<T extends DomainEventType>(type: T, subject: EntityKey, data: EventData<T>, delaySeconds?: number): void
}

export interface EmitterOptions {
  seed: number
  run: number
  /** Market time now, as milliseconds since the epoch. */
  eventTime: () => number
  send: (event: DomainEvent, delaySeconds: number) => void
}

const schemas = Object.fromEntries(
  Object.keys(eventTypes).map((type) => [type, dataSchemaOf(type as DomainEventType)]),
) as Record<DomainEventType, string>

export function createEmitter({ seed, run, eventTime, send }: EmitterOptions): Emitter {
  const source = `urn:freshet:simulator:${seed}`
  let count = 0
  return {
    get count() { return count },
    emit(type, subject, data, delaySeconds = 0) {
      count++
      const event: FreshetEvent<typeof type> = {
        specversion: '1.0',
        id: `sim-${seed}-${run}-${count}`,
        source,
        type,
        time: new Date(eventTime()).toISOString(),
        subject,
        datacontenttype: 'application/json',
        dataschema: schemas[type],
        data,
      }
      // The pair of type and data is right by this function's signature, which the union cannot express.
      send(event as DomainEvent, delaySeconds)
    },
  }
}
