import type { ExecutionResult } from 'graphql'
import type { SubgraphRequest } from './types.ts'

/** How a remote subgraph's subscriptions are carried; one implementation per protocol. */
export interface SubscriptionClient {
  /**
   * Starts a subscription. A single result means that the subgraph refused it.
   * The stream throws a {@link SubgraphFailure} when its source is lost; its `return` frees what it holds at once.
   * @throws SubgraphFailure when the subgraph could not be asked
   */
  subscribe(request: SubgraphRequest): Promise<AsyncIterableIterator<ExecutionResult> | ExecutionResult>
  close(): Promise<void>
}
