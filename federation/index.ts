export {
  createCallbacks, type CallbackRequest, type CallbackResponse, type Callbacks, type CallbacksOptions,
} from './callbacks.ts'
export { composeSubgraphs, CompositionError, publicSchema, type CompositionProblem, type SubgraphDefinition } from './compose.ts'
export type { EventSource, SourceEvent } from './edfs/source.ts'
export { eventSubgraph, type EventSubgraph, type EventSubgraphOptions } from './edfs/subgraph.ts'
export { createEngine, type EngineOptions } from './engine.ts'
export { codes, SubgraphFailure } from './errors.ts'
export { httpSubgraph, type HttpSubgraphOptions } from './http.ts'
export { inProcessSubgraph, type InProcessOptions } from './in-process.ts'
export { buildSubgraph, type SubgraphResolvers } from './subgraph.ts'
export { isEvents, mapStream } from './subscribe.ts'
export type { Engine, EngineRequest, EngineStats, SubgraphRequest, SubgraphTransport, SubscriptionRun } from './types.ts'
export { Writes } from './writes.ts'
