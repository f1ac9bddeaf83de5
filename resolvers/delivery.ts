import type { RequestContext } from './context.ts'
import { checkRange } from './errors.ts'
import type { DeliveryRequest } from './live.ts'

/** The arguments about delivery that every subscription field has. */
export interface DeliveryArguments {
  after?: string | null
  since?: number | null
  buffer: number
}

/** Most payloads that may wait for one subscriber. */
export const maxBuffer = 10_000

/**
 * What a subscription's source is to give: what the gateway says, which has taken these arguments out of the operation, or
 * else what they say, as where a subgraph is served on its own. Policies are the gateway's: without it nothing waits. `after`
 * wins, because a client that comes back has both.
 */
export function deliveryOf({ after, since, buffer }: DeliveryArguments, { delivery }: RequestContext): DeliveryRequest {
  if (delivery) return delivery
  checkRange('buffer', buffer, { min: 1, max: maxBuffer })
  return { kind: 'whole', ...(after != null ? { after } : since != null && { since }) }
}
