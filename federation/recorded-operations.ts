import { setImmediate as nextTurn } from 'node:timers/promises'
import { validate, type DocumentNode, type GraphQLSchema } from 'graphql'

/** An operation as a client sent it. */
export interface RecordedOperation {
  document: DocumentNode
  operationName?: string | null | undefined
}

/** Shapes that are remembered: most of what an app asks for, and planned again in a second or two. */
const most = 100

/** The operations that were asked for last, one of each shape. */
export class RecordedOperations {
  /** The longest unasked first: a Map iterates in order of insertion. */
  readonly #byShape = new Map<string, RecordedOperation>()

  note(shape: string, { document, operationName }: RecordedOperation): void {
    this.#byShape.delete(shape)
    this.#byShape.set(shape, { document, operationName })
    if (this.#byShape.size > most) this.#byShape.delete(this.#byShape.keys().next().value as string)
  }

  /** The last one first. */
  get all(): RecordedOperation[] {
    return [...this.#byShape.values()].reverse()
  }
}

export interface PlanAheadOptions {
  schema: GraphQLSchema
  plan: (operation: RecordedOperation) => unknown
  /** Plans that are kept: more would drive out the first ones. */
  capacity: number
  signal?: AbortSignal | undefined
}

/**
 * Plans operations before they are asked for, in their order, each in a turn of its own. Those that the schema does not allow,
 * or that cannot be planned, are passed over: who asks for them is told.
 * @returns how many were planned before the signal was aborted
 */
export async function planAhead(operations: Iterable<RecordedOperation>, { schema, plan, capacity, signal }: PlanAheadOptions): Promise<number> {
  let planned = 0
  for (const operation of operations) {
    if (signal?.aborted || planned === capacity) break
    await nextTurn()
    if (validate(schema, operation.document, undefined, { maxErrors: 1 }).length > 0) continue
    try {
      await plan(operation)
      planned++
    } catch {
      continue
    }
  }
  return planned
}
