import type { GraphQLError } from 'graphql'
import type { PolledStream } from '../../federation/index.ts'
import type { Cut, DeliveryRequest } from '../../resolvers/live.ts'
import type { Rendered } from './entries.ts'
import type { Payload } from './payload.ts'

/** A payload, or how far the source has come: where a stream begins, where a catch-up ends. */
export type Item =
  | { rendered: Rendered }
  | { reached: Cut; /** Of a stream: its payloads are changes of the one before. */ diffs?: boolean }
  /** The source can give no more, and why: each is told behind its own last payload. Nothing follows. */
  | { failed: GraphQLError }

/** Ends without having reached anything after a last word: then the subscription ends with it. Polled where it can be. */
export type Source = AsyncIterator<Item, undefined> | PolledStream<Item>

/** What is rendered once for all equal subscriptions. */
export interface Origin {
  /** Whether it has positions: then what was missed can be had again, and there is a state to begin with. */
  readonly positioned: boolean
  /**
   * Runs the operation. A stream with positions begins with the one at which it stands.
   * @throws Refusal
   */
  open(request: DeliveryRequest): Promise<Source>
  encode(cut: Cut): string
  /** Says that something is missing, where there is no state that could say it. */
  renderGap(): Payload
}

/** The operation cannot be run; the payload says why. */
export class Refusal extends Error {
  readonly payload: Payload

  /** @param cause what the origin said */
  constructor(payload: Payload, cause?: unknown) {
    super('The subscription was refused.', { cause })
    this.payload = payload
  }
}
