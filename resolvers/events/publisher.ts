import type { EventLog } from '../../events/log.ts'
import { parsePublished } from '../../events/serialize.ts'
import type { Topics } from '../../events/topics.ts'
import type { EventInput, PublishPayload, PublishResult } from './generated/types.ts'
import { encodeToken } from './token.ts'

/** Validates and appends events; see `Mutation.publish`. */
export interface Publisher {
  /** The names of the topics it appends to. */
  readonly topics: Topics
  publish(events: readonly EventInput[], signal?: AbortSignal): Promise<PublishPayload>
}

export interface PublisherOptions {
  log: EventLog
  topics: Topics
  /** Milliseconds since the epoch. */
  clock: () => number
  newId: () => string
}

/** Judges events as ingest will, and appends those that pass, in the order given. */
export function createPublisher({ log, topics, clock, newId }: PublisherOptions): Publisher {
  return {
    topics,
    async publish(events, signal) {
      const now = clock()
      const judged = events.map(({ id, source, time, dataschema, ...event }) => {
        const given = { specversion: '1.0', id: id ?? newId(), source: source ?? 'freshet:publish', time: time ?? new Date(now).toISOString() }
        const parsed = parsePublished({ ...given, ...event, ...(dataschema == null ? {} : { dataschema }) }, topics, { appendedAt: now })
        return { id: given.id, parsed }
      })
      const records = judged.flatMap(({ parsed }) => (parsed.ok ? [parsed.record] : []))
      const appended = records.length > 0 ? await log.append(records, { signal }) : []
      return {
        results: judged.map(({ id, parsed }): PublishResult => ({
          accepted: parsed.ok,
          id,
          code: parsed.ok ? null : parsed.reason,
          message: parsed.ok ? null : parsed.message,
        })),
        token: appended.length > 0 ? encodeToken(appended, log.id) : null,
      }
    },
  }
}
