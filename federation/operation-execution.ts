import { ErrorLog } from './errors.ts'
import type { Execution } from './fetch.ts'
import type { Calls } from './lanes.ts'
import type { Obj } from './merge.ts'
import type { Prepared } from './prepare.ts'
import type { Projection } from './project.ts'
import type { EngineRequest } from './types.ts'

/** Reads the request's signal when a step needs it: not every request has one ready. */
export class OperationExecution implements Execution {
  readonly data = {}
  readonly errors = new ErrorLog()
  readonly gone = new Set<Obj>()
  readonly variables: Execution['variables']
  readonly entities: Execution['entities']
  readonly subgraphs: Execution['subgraphs']
  readonly types: Execution['types']
  readonly calls: Execution['calls']
  readonly #projection: Projection
  readonly #request: EngineRequest

  constructor(
    { plan, variables }: Prepared, request: EngineRequest, subgraphs: Execution['subgraphs'], types: Execution['types'], calls: Calls | undefined,
  ) {
    this.variables = variables
    // What an entity answers may change between the fields of a mutation, which shares no calls either.
    this.entities = calls ? new Map() : undefined
    this.subgraphs = subgraphs
    this.types = types
    this.calls = calls
    this.#projection = plan.projection
    this.#request = request
  }

  get context(): unknown {
    return this.#request.context
  }

  get headers(): Record<string, string> | undefined {
    return this.#request.headers
  }

  get signal(): AbortSignal | undefined {
    return this.#request.signal
  }

  rootKeys(): string[] {
    return this.#projection.rootKeys(this.variables)
  }
}
