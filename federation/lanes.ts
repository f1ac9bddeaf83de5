import type { ExecutionResult } from 'graphql'
import { Batch, EntityAsk, Slots, type Brought, type Wanted } from './batch.ts'
import type { Call, EntityGroup } from './compile.ts'
import { cancelledFailure } from './errors.ts'
import type { Obj } from './merge.ts'
import { SharedResult } from './shared-work.ts'
import type { EngineRequest, SubgraphRequest, SubgraphTransport } from './types.ts'
import { Writes } from './writes.ts'

/** All lanes of an engine. */
export class Lanes {
  readonly writes: Writes
  readonly #bySubgraph = new Map<string, Map<string, Lane>>()
  #scheduled: (() => void)[] = []

  constructor(writes = new Writes()) {
    this.writes = writes
  }

  /** The lane of a subgraph for all requests of this key. */
  of(service: string, key: string, open: (emptied: () => void) => Lane): Lane {
    let lanes = this.#bySubgraph.get(service)
    if (!lanes) this.#bySubgraph.set(service, lanes = new Map())
    let lane = lanes.get(key)
    if (!lane) lanes.set(key, lane = open(() => lanes.delete(key)))
    return lane
  }

  /** Runs the action when the event loop has handed out what has arrived by now. */
  schedule(action: () => void): void {
    if (this.#scheduled.push(action) > 1) return
    setImmediate(() => {
      const actions = this.#scheduled
      this.#scheduled = []
      for (const act of actions) act()
    })
  }
}

/**
 * The calls under way to one subgraph for all who may see the same of it: those of one sharing key with equal
 * forwarded headers, or those of one request. Equal root calls are made once; entities are asked for in batches, each
 * entity once.
 */
export class Lane {
  readonly #transport: SubgraphTransport
  readonly #request: Pick<SubgraphRequest, 'headers' | 'context'>
  readonly #lanes: Lanes
  readonly #emptied: () => void
  readonly #roots = new Map<string, SharedResult<ExecutionResult>>()
  readonly #slots = new Map<string, Slots>()
  readonly #gathering = new Map<string, Batch>()
  #open = 0

  constructor(
    transport: SubgraphTransport, request: Pick<SubgraphRequest, 'headers' | 'context'>, lanes: Lanes,
    emptied: () => void = () => {},
  ) {
    this.#transport = transport
    this.#request = request
    this.#lanes = lanes
    this.#emptied = emptied
  }

  async execute(call: Call, variables: Obj, signal: AbortSignal | undefined): Promise<ExecutionResult> {
    return this.#transport.execute({
      query: call.text, document: call.document, variables, ...this.#request, signal, kind: call.operation,
    })
  }

  /** The answer of a root call: of an equal one that is under way and began late enough, or of its own. */
  root(call: Call, { variables = {}, signal }: SubgraphRequest, since: number): Promise<ExecutionResult> {
    const key = call.id + JSON.stringify(variables)
    let result = this.#roots.get(key)
    if (!result?.admits(since)) {
      const begun = new SharedResult(
        this.#lanes.writes.count,
        (abandoned) => this.execute(call, variables, abandoned),
        () => {
          if (this.#roots.get(key) === begun) this.#roots.delete(key)
          this.#closed()
        },
      )
      this.#open++
      this.#roots.set(key, result = begun)
    }
    return result.wait(signal, () => cancelledFailure('not waited for'))
  }

  /** Asks for entities, and waits for those that are under way and were asked for late enough. */
  entities(
    call: Call, wanted: readonly Wanted[], request: SubgraphRequest, since: number,
  ): Promise<readonly Brought[]> {
    return new EntityAsk(call, wanted, this, request, since).settled
  }

  /** Entities of a group that are under way, by what identifies them. Whoever looks puts some in, or they are known. */
  slots(group: EntityGroup, variables: string): Slots {
    const key = group.id + variables
    let slots = this.#slots.get(key)
    if (!slots) this.#slots.set(key, slots = new Slots(() => this.#slots.delete(key)))
    return slots
  }

  /** The call that takes further entities. */
  gathering(call: Call, groups: readonly EntityGroup[], variables: Obj, identity: string): Batch {
    const key = call.id + identity
    const known = this.#gathering.get(key)
    if (known?.takesMore) return known
    const batch = new Batch(call, groups, variables, this, () => {
      if (this.#gathering.get(key) === batch) this.#gathering.delete(key)
      this.#closed()
    })
    this.#open++
    this.#gathering.set(key, batch)
    this.#lanes.schedule(() => {
      if (this.#gathering.get(key) === batch) this.#gathering.delete(key)
      void batch.send(this.#lanes.writes.count)
    })
    return batch
  }

  #closed(): void {
    if (--this.#open === 0) this.#emptied()
  }
}

/** How the calls of one execution are shared: with others of its sharing key, or among themselves only. */
export class Calls {
  readonly #lanes: Lanes
  readonly #request: EngineRequest
  readonly #key: string | undefined
  /** By subgraph; a lane lives as long as it has calls. */
  readonly #ways = new Map<string, () => Lane>()
  /** How many {@link Writes} its answers have to include. */
  readonly since: number

  /** @param key Nothing is shared with other executions without one. */
  constructor(lanes: Lanes, request: EngineRequest, key: string | undefined, since: number) {
    this.#lanes = lanes
    this.#request = request
    this.#key = key
    this.since = since
  }

  /** Nothing for subgraphs whose calls depend on the request's context. */
  lane(service: string, transport: SubgraphTransport): Lane | undefined {
    if (!transport.forwarded) return undefined
    let way = this.#ways.get(service)
    if (!way) this.#ways.set(service, way = this.#way(service, transport, transport.forwarded(this.#request.headers)))
    return way()
  }

  #way(service: string, transport: SubgraphTransport, headers: Record<string, string>): () => Lane {
    if (this.#key === undefined) {
      const own = new Lane(transport, { headers, context: this.#request.context }, this.#lanes)
      return () => own
    }
    const key = laneKey(this.#key, headers)
    // A call of several requests has no context of any of them.
    const open = (emptied: () => void) => new Lane(transport, { headers, context: undefined }, this.#lanes, emptied)
    return () => this.#lanes.of(service, key, open)
  }
}

/** Equal only for equal sharing keys with equal headers. */
export const laneKey = (key: string, headers: Record<string, string>): string =>
  JSON.stringify([key, ...Object.entries(headers).sort(([one], [other]) => one < other ? -1 : 1)])
