import type { ExecutionResult, GraphQLError, GraphQLFormattedError } from 'graphql'
import type { Brought } from './batch.ts'
import type { Call, EntityFetch, EntityGroup, RootFetch } from './compile.ts'
import { noErrors, readEntities, type EntityAnswer, type EntityOutcome } from './entity-answers.ts'
import {
  cancelledFailure, downstreamError, failureError, IncompletePlan, SubgraphFailure, type ErrorLog, type PathKey,
} from './errors.ts'
import type { Calls, Lane } from './lanes.ts'
import { isObject, mergeObject, mergerOf, type Obj } from './merge.ts'
import { eachEntityAt, pathOf, placesOf, represent, type Place, type Representations } from './represent.ts'
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
  /** How its calls are shared; absent for mutations, which share nothing. */
  readonly calls: Calls | undefined
  /** Objects whose entity some subgraph does not have: what depends on it is null without an error. */
  readonly gone: Set<Obj>
}

/** A failing call is reported at each field that it leaves out, but at no more than so many. */
const maximumFailurePlaces = 100

/**
 * The request for a call, with the client's variables that it uses.
 * @param transport By which it goes, for a call that is made once: co-located resolvers find the signal in their context.
 */
export const requestOf = (
  call: Call, execution: Execution, transport?: SubgraphTransport,
): SubgraphRequest & { variables: Record<string, unknown> } => {
  const variables: Record<string, unknown> = {}
  for (const name of call.variables) {
    if (Object.hasOwn(execution.variables, name)) variables[name] = execution.variables[name]
  }
  return {
    query: call.text,
    document: call.document,
    variables,
    context: execution.context,
    headers: execution.headers,
    signal: transport?.schema ? undefined : execution.signal,
    kind: call.operation,
  }
}

/** The transport of a call's subgraph. @throws SubgraphFailure when there is none. */
export const transportOf = (call: Call, execution: Pick<Execution, 'subgraphs'>): SubgraphTransport => {
  const transport = execution.subgraphs.get(call.service)
  if (!transport) throw new SubgraphFailure('is part of the supergraph but not connected')
  return transport
}

/**
 * Fetches root fields into the tree. Never rejects: failures become errors.
 * @param answered What is done with an answer instead of bringing it into the tree.
 */
export const fetchRoot = (
  step: RootFetch, execution: Execution, answered: (result: ExecutionResult) => void = (result) => mergeRoot(step, result, execution),
): Promise<void> | void => settle(
  () => {
    const transport = transportOf(step.call, execution)
    const request = requestOf(step.call, execution, transport)
    const { calls } = execution
    return laneOf(step.call, transport, execution)?.root(step.call, request, calls!.since) ?? transport.execute(request)
  },
  answered,
  (cause) => reportFailure(step.call, step.shape, [{ object: execution.data, path: undefined }], execution, cause),
)

/** Where the call can be shared. @throws SubgraphFailure when the request is cancelled. */
const laneOf = (call: Call, transport: SubgraphTransport, execution: Execution): Lane | undefined => {
  const lane = execution.calls?.lane(call.service, transport)
  if (lane && execution.signal?.aborted) throw cancelledFailure('not asked')
  return lane
}

/** Goes on at once where the answer is there at once: co-located subgraphs seldom have to be waited for. */
const settle = <Answer>(
  call: () => Promise<Answer> | Answer, answered: (answer: Answer) => void, failed: (cause: unknown) => void,
): Promise<void> | void => {
  let answer: Promise<Answer> | Answer
  try {
    answer = call()
  } catch (cause) {
    failed(cause)
    return
  }
  return answer instanceof Promise ? answer.then(answered, failed) : answered(answer)
}

const toldOf = ({ service }: Call, error: GraphQLFormattedError, { subgraphs }: Pick<Execution, 'subgraphs'>): GraphQLFormattedError =>
  subgraphs.get(service)?.mask?.(error) ?? error

/** Brings the answer of a root call into the tree. */
export const mergeRoot = (step: RootFetch, result: ExecutionResult, execution: Execution): void => {
  const { call, shape, aliases } = step
  const root: Place[] = [{ object: execution.data, path: undefined }]
  for (const error of result.errors ?? []) {
    const path = error.path?.map(renaming(aliases))
    const told = toldOf(call, error, execution)
    if (path?.length) execution.errors.add(downstreamError(call.service, told, path))
    else report(shape, root, execution, (at) => downstreamError(call.service, told, at))
  }
  if (isObject(result.data)) mergeObject(execution.data, result.data, shape, execution.types)
  else if (!result.errors?.length) {
    reportFailure(call, shape, root, execution, new SubgraphFailure('answered with neither data nor errors'))
  }
}

/** What one group of a call asks for: the entities that are not known yet. */
interface Asked {
  group: EntityGroup
  representations: Representations
  /** Indexes of the representations that are sent. */
  sent: number[]
}

/** Fetches entities into their places in the tree. Never rejects: failures become errors. */
export const fetchEntities = (step: EntityFetch, execution: Execution): Promise<void> | void => {
  const asked = step.groups.map((group) => ask(step.call, group, execution))
  if (asked.every(({ sent }) => sent.length === 0)) return
  return settle(
    () => send(step.call, asked, execution),
    (brought) => {
      for (const { part, positions, outcome } of brought) {
        const { group, representations, sent } = asked[part]!
        const indexes = positions ? positions.map((position) => sent[position]!) : sent
        mergeEntities(step.call, group, representations, indexes, outcome, execution)
      }
    },
    (cause) => {
      for (const { group, representations, sent } of asked) {
        reportFailure(step.call, group.shape, places(group, representations, sent, execution), execution, cause)
      }
    },
  )
}

const ask = (call: Call, group: EntityGroup, execution: Execution): Asked => {
  const representations = represent(group, execution.data, execution.types, execution.variables)
  reportIncomplete(call, group, representations.incomplete, execution)
  const sent: number[] = []
  const cache = cacheOf(group, execution)
  if (cache && group.sources.length > 0 && representations.values.length > 0) learn(group, cache, execution)
  for (let index = 0; index < representations.values.length; index++) {
    const known = cache?.get(representations.keys[index]!)
    if (known) place(call, group, representations.objects[index]!, known, execution)
    else sent.push(index)
  }
  return { group, representations, sent }
}

/** What root fields have brought of the group's entities needs not to be asked for. A null may have come of an error: that is asked for. */
const learn = (group: EntityGroup, cache: Map<string, EntityAnswer>, { data, types }: Execution): void =>
  eachEntityAt(group.sources, group, data, types, (key, object) => {
    if (!cache.has(key) && group.shape.every((field) => object[field.into] !== null && object[field.into] !== undefined)) cache.set(key, { value: object, errors: noErrors })
  })

const send = (
  call: Call, asked: readonly Asked[], execution: Execution,
): Promise<readonly Brought[]> | readonly Brought[] => {
  const transport = transportOf(call, execution)
  const request = requestOf(call, execution, transport)
  const lane = laneOf(call, transport, execution)
  if (lane) {
    return lane.entities(call, asked.map(({ group, representations: { keys, values }, sent }) => ({
      group, keys: sent.map((index) => keys[index]!), representations: sent.map((index) => values[index]!),
    })), request, execution.calls!.since)
  }
  for (const { group, representations: { values }, sent } of asked) {
    request.variables[group.variable] = sent.length === values.length ? values : sent.map((index) => values[index])
  }
  const result = transport.execute(request)
  const brought = (settled: ExecutionResult): Brought[] => asked.map(({ group, sent }, part) => ({
    part, positions: undefined, outcome: readEntities(settled, group, sent.length),
  }))
  return result instanceof Promise ? result.then(brought) : brought(result)
}

const mergeEntities = (
  call: Call, group: EntityGroup, representations: Representations, sent: readonly number[], outcome: EntityOutcome,
  execution: Execution,
): void => {
  if (sent.length === 0) return
  if ('cause' in outcome) {
    reportFailure(call, group.shape, places(group, representations, sent, execution), execution, outcome.cause)
    return
  }
  for (const error of outcome.general) {
    const told = toldOf(call, error, execution)
    report(group.shape, places(group, representations, sent, execution), execution, (at) => downstreamError(call.service, told, at))
  }
  if (!outcome.answers) return
  const cache = cacheOf(group, execution)
  for (let position = 0; position < sent.length; position++) {
    const index = sent[position]!
    const answer = outcome.answers[position]!
    cache?.set(representations.keys[index]!, answer)
    place(call, group, representations.objects[index]!, answer, execution)
  }
}

const place = (
  call: Call, group: EntityGroup, objects: readonly Obj[], answer: EntityAnswer, execution: Execution,
): void => {
  if (answer.errors.length > 0) reportEntity(call, group, objects, answer, execution)
  if (isObject(answer.value)) {
    const merge = mergerOf(group.shape, execution.types)
    for (const object of objects) merge(object, answer.value)
  } else for (const object of objects) execution.gone.add(object)
}

const reportEntity = (
  call: Call, group: EntityGroup, objects: readonly Obj[], { errors }: EntityAnswer, execution: Execution,
): void => {
  for (const { object, path } of placesOf(objects, group, execution.data, execution.types)) {
    for (const { error, path: inner } of errors) {
      const told = toldOf(call, error, execution)
      if (inner.length > 0) {
        execution.errors.add(downstreamError(call.service, told, [...pathOf(path), ...inner.map(renaming(group.aliases))]))
      } else report(group.shape, [{ object, path }], execution, (at) => downstreamError(call.service, told, at))
    }
  }
}

/**
 * A needed field is missing although nothing failed and nothing is gone: the plan is at fault, and a null without an
 * error would be a wrong answer.
 */
const reportIncomplete = (call: Call, group: EntityGroup, objects: readonly Obj[], execution: Execution): void => {
  if (objects.length === 0 || execution.gone.size > 0 || execution.errors.list.length > 0) return
  reportFailure(call, group.shape, placesOf(objects, group, execution.data, execution.types), execution,
    new IncompletePlan('was not asked: the plan did not fetch what it needs'))
}

/** Answers to representations of the group within this operation, where they may be needed again. */
const cacheOf = (group: EntityGroup, execution: Execution): Map<string, EntityAnswer> | undefined => {
  if (group.cacheKey === undefined || !execution.entities) return undefined
  let cache = execution.entities.get(group.cacheKey)
  if (!cache) execution.entities.set(group.cacheKey, cache = new Map())
  return cache
}

const places = (
  group: EntityGroup, { objects }: Representations, indexes: readonly number[], { data, types }: Execution,
): Place[] => placesOf(indexes.flatMap((index) => objects[index]!), group, data, types)

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
