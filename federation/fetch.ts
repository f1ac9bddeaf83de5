import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql'
import type { Call, EntityFetch, EntityGroup, RootFetch } from './compile.ts'
import {
  downstreamError, failureError, IncompletePlan, SubgraphFailure, type ErrorLog, type PathKey,
} from './errors.ts'
import { isObject, mergeObject, type Obj } from './merge.ts'
import { pathOf, represent, type Place, type Representations } from './represent.ts'
import type { SupergraphTypes } from './schema.ts'
import type { Shape } from './shape.ts'
import type { SubgraphRequest, SubgraphTransport } from './types.ts'

/** What the steps of one operation share. */
export interface Execution {
  readonly subgraphs: ReadonlyMap<string, SubgraphTransport>
  readonly types: SupergraphTypes
  /** Coerced, with defaults, lifted literals included. */
  readonly variables: Record<string, unknown>
  /** The root fields in the order in which the variables select them. */
  readonly rootKeys: () => string[]
  readonly context: unknown
  readonly headers: Record<string, string> | undefined
  readonly signal: AbortSignal | undefined
  /** The response tree. */
  readonly data: Obj
  readonly errors: ErrorLog
  /** Answers of entities by what was asked and for whom; absent where an answer may change within the operation. */
  readonly entities: Map<string, Map<string, EntityAnswer>> | undefined
  /** Objects whose entity some subgraph does not have: what depends on it is null without an error. */
  readonly gone: Set<Obj>
}

interface EntityAnswer {
  value: unknown
  /** Paths are relative to the entity. */
  errors: readonly { error: GraphQLFormattedError, path: readonly PathKey[] }[]
}

/** A failing call is reported at each field that it leaves out, but at no more than so many. */
const maximumFailurePlaces = 100

/** The request for a call, with the client's variables that it uses. */
export const requestOf = (call: Call, execution: Execution, own: Record<string, unknown> = {}): SubgraphRequest => {
  const variables = own
  for (const name of call.variables) {
    if (Object.hasOwn(execution.variables, name)) variables[name] = execution.variables[name]
  }
  return {
    query: call.text,
    document: call.document,
    variables,
    context: execution.context,
    headers: execution.headers,
    signal: execution.signal,
    kind: call.operation,
  }
}

/** The transport of a call's subgraph. @throws SubgraphFailure when there is none. */
export const transportOf = (call: Call, execution: Execution): SubgraphTransport => {
  const transport = execution.subgraphs.get(call.service)
  if (!transport) throw new SubgraphFailure('is part of the supergraph but not connected')
  return transport
}

/** Fetches root fields into the tree. Never rejects: failures become errors. */
export const fetchRoot = (step: RootFetch, execution: Execution): Promise<void> | void => settle(
  () => transportOf(step.call, execution).execute(requestOf(step.call, execution)),
  (result) => mergeRoot(step, result, execution),
  (cause) => reportFailure(step.call, step.shape, [{ object: execution.data, path: undefined }], execution, cause),
)

/** Goes on at once where the answer is there at once: co-located subgraphs seldom have to be waited for. */
const settle = (
  call: () => Promise<ExecutionResult> | ExecutionResult, answered: (result: ExecutionResult) => void,
  failed: (cause: unknown) => void,
): Promise<void> | void => {
  let result: Promise<ExecutionResult> | ExecutionResult
  try {
    result = call()
  } catch (cause) {
    failed(cause)
    return
  }
  return result instanceof Promise ? result.then(answered, failed) : answered(result)
}

/** Brings the answer of a root call into the tree. */
export const mergeRoot = (step: RootFetch, result: ExecutionResult, execution: Execution): void => {
  const { call, shape, aliases } = step
  const root: Place[] = [{ object: execution.data, path: undefined }]
  for (const error of result.errors ?? []) {
    const path = error.path?.map(renaming(aliases))
    if (path?.length) execution.errors.add(downstreamError(call.service, error, path))
    else report(shape, root, execution, (at) => downstreamError(call.service, error, at))
  }
  if (isObject(result.data)) mergeObject(execution.data, result.data, shape, execution.types)
  else if (!result.errors?.length) {
    reportFailure(call, shape, root, execution, new SubgraphFailure('answered with neither data nor errors'))
  }
}

/** Fetches entities into their places in the tree. Never rejects: failures become errors. */
export const fetchEntities = (step: EntityFetch, execution: Execution): Promise<void> | void => {
  const asked: { group: EntityGroup, representations: Representations, sent: number[] }[] = []
  const variables: Record<string, unknown> = {}
  let anything = false
  for (const group of step.groups) {
    const representations = represent(group, execution.data, execution.types, execution.variables)
    reportIncomplete(step.call, group, representations.incomplete, execution)
    const sent: number[] = []
    const cache = cacheOf(group, execution)
    for (let index = 0; index < representations.values.length; index++) {
      const known = cache?.get(representations.keys[index]!)
      if (known) place(step.call, group, representations.places[index]!, known, execution)
      else sent.push(index)
    }
    if (sent.length > 0) anything = true
    variables[group.variable] = sent.map((index) => representations.values[index])
    asked.push({ group, representations, sent })
  }
  if (!anything) return
  return settle(
    () => transportOf(step.call, execution).execute(requestOf(step.call, execution, variables)),
    (result) => {
      for (const { group, representations, sent } of asked) {
        mergeEntities(step.call, group, representations, sent, result, execution)
      }
    },
    (cause) => {
      for (const { group, representations, sent } of asked) {
        reportFailure(step.call, group.shape, placesOf(representations, sent), execution, cause)
      }
    },
  )
}

const mergeEntities = (
  call: Call, group: EntityGroup, representations: Representations, sent: readonly number[], result: ExecutionResult,
  execution: Execution,
): void => {
  if (sent.length === 0) return
  const own: Map<number, EntityAnswer['errors'][number][]> = new Map()
  let failed = false
  for (const error of result.errors ?? []) {
    const [key, index, ...path] = error.path ?? []
    if (key === group.responseKey && typeof index === 'number') {
      own.set(index, [...own.get(index) ?? [], { error, path: path.map(renaming(group.aliases)) }])
    } else if (key === undefined || key === group.responseKey) {
      failed = true
      report(group.shape, placesOf(representations, sent), execution, (at) => downstreamError(call.service, error, at))
    }
  }
  const entities = isObject(result.data) ? result.data[group.responseKey] : undefined
  if (!Array.isArray(entities) || entities.length !== sent.length) {
    if (failed || own.size > 0) return
    const count = Array.isArray(entities) ? `${entities.length} entities` : 'no entities'
    reportFailure(call, group.shape, placesOf(representations, sent), execution,
      new SubgraphFailure(`answered with ${count} where ${sent.length} were asked for`))
    return
  }
  const cache = cacheOf(group, execution)
  for (let position = 0; position < sent.length; position++) {
    const index = sent[position]!
    const answer: EntityAnswer = { value: entities[position], errors: own.get(position) ?? noErrors }
    cache?.set(representations.keys[index]!, answer)
    place(call, group, representations.places[index]!, answer, execution)
  }
}

const place = (
  call: Call, group: EntityGroup, places: readonly Place[], answer: EntityAnswer, execution: Execution,
): void => {
  for (const { object, path } of places) {
    for (const { error, path: inner } of answer.errors) {
      if (inner.length > 0) execution.errors.add(downstreamError(call.service, error, [...pathOf(path), ...inner]))
      else report(group.shape, [{ object, path }], execution, (at) => downstreamError(call.service, error, at))
    }
    if (isObject(answer.value)) mergeObject(object, answer.value, group.shape, execution.types)
    else execution.gone.add(object)
  }
}

/**
 * A needed field is missing although nothing failed and nothing is gone: the plan is at fault, and a null without an
 * error would be a wrong answer.
 */
const reportIncomplete = (call: Call, group: EntityGroup, places: readonly Place[], execution: Execution): void => {
  if (places.length === 0 || execution.gone.size > 0 || execution.errors.list.length > 0) return
  reportFailure(call, group.shape, places, execution,
    new IncompletePlan('was not asked: the plan did not fetch what it needs'))
}

const noErrors: EntityAnswer['errors'] = []

/** Answers to representations of the group within this operation, where they may be needed again. */
const cacheOf = (group: EntityGroup, execution: Execution): Map<string, EntityAnswer> | undefined => {
  if (group.cacheKey === undefined || !execution.entities) return undefined
  let cache = execution.entities.get(group.cacheKey)
  if (!cache) execution.entities.set(group.cacheKey, cache = new Map())
  return cache
}

const placesOf = ({ places }: Representations, indexes: readonly number[]): Place[] =>
  indexes.flatMap((index) => places[index]!)

const renaming = (aliases: ReadonlyMap<string, string>) => (key: PathKey): PathKey =>
  typeof key === 'string' ? aliases.get(key) ?? key : key

const reportFailure = (
  call: Call, shape: Shape, places: readonly Place[], execution: Execution, cause: unknown,
): void => report(shape, places, execution, (path) => failureError(call.service, cause, path))

/**
 * Adds an error for each field that is missing now: in GraphQL, a null that an error caused has that error at its
 * path.
 */
const report = (
  shape: Shape, places: readonly Place[], execution: Execution, errorAt: (path: PathKey[]) => GraphQLError,
): void => {
  let left = maximumFailurePlaces
  for (const { object, path } of places) {
    for (const { key, into } of shape) {
      if (key === '__typename' || object[into] !== undefined) continue
      if (left-- <= 0) return
      execution.errors.add(errorAt([...pathOf(path), into]))
    }
  }
}
