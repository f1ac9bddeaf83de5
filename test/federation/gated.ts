import type { ExecutionResult, GraphQLSchema } from 'graphql'
import { inProcessSubgraph, SubgraphFailure, type SubgraphRequest, type SubgraphTransport } from '../../federation/index.ts'

/** A call that a subgraph has got and not answered yet. */
export interface GatedCall {
  request: SubgraphRequest
  /** Answers it as the schema does, or with the given result. */
  answer(result?: ExecutionResult): void
  fail(cause: unknown): void
}

/**
 * Stands for a remote subgraph whose answers come when the test says so: `next` is the next call. The schema's
 * resolvers get the forwarded headers as context.
 */
export class GatedSubgraph implements SubgraphTransport {
  readonly requests: SubgraphRequest[] = []
  readonly #subgraph: SubgraphTransport
  readonly #calls: GatedCall[] = []
  readonly #waiting: ((call: GatedCall) => void)[] = []
  #open = false

  constructor(schema: GraphQLSchema) {
    this.#subgraph = inProcessSubgraph({ schema })
  }

  forwarded(headers: Record<string, string> = {}): Record<string, string> {
    return headers
  }

  execute(request: SubgraphRequest): Promise<ExecutionResult> {
    this.requests.push(request)
    const { promise, resolve, reject } = Promise.withResolvers<ExecutionResult>()
    const answered = async () => this.#subgraph.execute({ ...request, context: request.headers })
    const call: GatedCall = {
      request,
      answer: (result) => resolve(result ?? answered()),
      fail: reject,
    }
    request.signal?.addEventListener('abort', () => reject(new SubgraphFailure('was not waited for')))
    if (this.#open) call.answer()
    else this.#hand(call)
    return promise
  }

  subscribe(request: SubgraphRequest): ReturnType<SubgraphTransport['subscribe']> {
    return this.#subgraph.subscribe(request)
  }

  next(): Promise<GatedCall> {
    const call = this.#calls.shift()
    return call ? Promise.resolve(call) : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Answers everything at once from now on. */
  open(): this {
    this.#open = true
    for (const call of this.#calls.splice(0)) call.answer()
    return this
  }

  /** Waits for the test again. */
  hold(): this {
    this.#open = false
    return this
  }

  /** What each call asked for entities by, ids only. */
  get ids(): string[][] {
    return this.requests.map(({ variables = {} }) => Object.values(variables).flatMap((value) =>
      Array.isArray(value) ? value.map(({ id }: { id: string }) => id) : []))
  }

  #hand(call: GatedCall): void {
    const waiting = this.#waiting.shift()
    if (waiting) waiting(call)
    else this.#calls.push(call)
  }
}
