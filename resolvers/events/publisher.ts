import type { EventInput, PublishPayload } from './generated/types.ts'

/** Validates and appends events; see `Mutation.publish`. */
export interface Publisher {
  publish(events: readonly EventInput[], signal?: AbortSignal): Promise<PublishPayload>
}
