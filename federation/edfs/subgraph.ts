import {
  getNamedType, GraphQLError, isAbstractType, parse, print, Source, type GraphQLResolveInfo, type GraphQLSchema,
} from 'graphql'
import { CompositionError } from '../compose.ts'
import { codes } from '../errors.ts'
import { inProcessSubgraph } from '../in-process.ts'
import type { Obj } from '../merge.ts'
import { buildSubgraph } from '../subgraph.ts'
import type { SubgraphTransport } from '../types.ts'
import { withHint, type EventFilter, type Predicate } from './filter.ts'
import { readEventGraph, type EventGraph, type EventPublication, type EventSubscription } from './graph.ts'
import { entityKeys, type KeyOf } from './keys.ts'
import { OpenStream } from './open-stream.ts'
import type { EventSource, SourceEvent } from './source.ts'
import { argumentAt, argumentsOf, textsOf, type Template } from './template.ts'
import { typesOf } from './types.ts'

export interface EventSubgraphOptions {
  /** For the words of problems. */
  name: string
  /** SDL with the directives of events. */
  typeDefs: string
  /** By `providerId`; `default` is the one that a directive means which names none. */
  sources: ReadonlyMap<string, EventSource>
  /** Told of what clients are not: sources that failed. */
  report: (problem: Error) => void
}

export interface EventSubgraph extends SubgraphTransport {
  /** Executable, for those who serve the subgraph on its own. */
  schema: GraphQLSchema
  /** Topics whose names take no argument, by `providerId`. */
  fixedTopics: ReadonlyMap<string, readonly string[]>
}

/**
 * A subgraph that is declared by SDL alone: subscription fields fed by topics, mutation fields that publish. Its
 * entities have what the events carry; everything else of them comes from other subgraphs.
 * @throws CompositionError with the place of every directive that is wrong, or whose `providerId` is not connected
 */
export const eventSubgraph = (options: EventSubgraphOptions): EventSubgraph => {
  const { name, sources, report } = options
  const document = parse(new Source(options.typeDefs, name))
  const graph = readEventGraph(document)
  const problems = [...graph.problems]
  for (const { providerId, directive } of [...graph.subscriptions.values(), ...graph.publications.values()]) {
    if (sources.has(providerId)) continue
    const start = directive.loc?.startToken
    problems.push({
      message: `@${directive.name.value} names the provider "${providerId}", which is not connected. `
        + `Connected: ${[...sources.keys()].join(', ') || 'none'}.`,
      code: 'INVALID_EVENT_GRAPH',
      ...start && { line: start.line, column: start.column },
    })
  }
  if (problems.length > 0) throw new CompositionError(problems.map((problem) => ({ ...problem, subgraph: name })))

  const keyOf = entityKeys(document)
  const open = new Set<OpenStream<SourceEvent>>()
  const { roots } = typesOf(graph.document)
  const resolvers: Record<string, Record<string, unknown>> = {}
  for (const [field, subscription] of graph.subscriptions) {
    const resolver = subscribing(subscription, { source: sources.get(subscription.providerId)!, keyOf, open, report })
    resolvers[roots.subscription] = { ...resolvers[roots.subscription], [field]: resolver }
  }
  for (const [field, publication] of graph.publications) {
    const resolver = publishing(publication, sources.get(publication.providerId)!, report)
    resolvers[roots.mutation] = { ...resolvers[roots.mutation], [field]: resolver }
  }
  const schema = buildSubgraph({ typeDefs: print(graph.document), resolvers })
  return {
    ...inProcessSubgraph({
      schema, positioned: true, onError: (error) => report(error instanceof Error ? error : new Error(String(error))),
    }),
    schema,
    fixedTopics: fixedTopics(graph),
    close: async () => {
      for (const stream of open) stream.close()
    },
  }
}

const fixedTopics = ({ subscriptions, publications }: EventGraph): Map<string, string[]> => {
  const fixed = new Map<string, string[]>()
  const add = (providerId: string, topics: readonly Template[]) => {
    const names = topics.filter((topic) => argumentsOf(topic).length === 0).flatMap((topic) => textsOf(topic, {}))
    fixed.set(providerId, [...new Set([...fixed.get(providerId) ?? [], ...names])])
  }
  for (const { providerId, topics } of subscriptions.values()) add(providerId, topics)
  for (const { providerId, topic } of publications.values()) add(providerId, [topic])
  return fixed
}

type Arguments = Record<string, unknown>
type Report = EventSubgraphOptions['report']

interface Subscribing {
  source: EventSource
  keyOf: KeyOf
  /** What is being read. */
  open: Set<OpenStream<SourceEvent>>
  report: Report
}

/** The event is the field's value, so that an event at hand can be resolved as well as one that was subscribed to. */
const subscribing = ({ topics, filter }: EventSubscription, { source, keyOf, open, report }: Subscribing) => ({
  resolve: ({ value }: SourceEvent) => value,
  subscribe: async (_: unknown, args: Arguments, context: unknown, info: GraphQLResolveInfo) => {
    const passes = predicateOf(filter, args, info)
    const names = [...new Set(topics.map((topic) => rendered(topic, args, info)))]
    const type = getNamedType(info.returnType)
    const typeName = isAbstractType(type) ? undefined : type.name
    try {
      const events = await source.subscribe({ topics: names, passes, keyOf: (event) => keyOf(event, typeName), context })
      const stream = new OpenStream(events, (cause) => {
        open.delete(stream)
        if (cause !== undefined) report(new Error(`The topics ${names.join(', ')} could not be read any further; a subscription ended.`, { cause }))
      })
      open.add(stream)
      return stream
    } catch (cause) {
      report(new Error(`The topics ${names.join(', ')} could not be read.`, { cause }))
      // A source says by a code of its own why, where clients may know it.
      const extensions = cause instanceof GraphQLError ? cause.extensions : { code: codes.lost }
      throw new GraphQLError(`The events of "${info.fieldName}" cannot be read.`, { extensions })
    }
  },
})

const publishing = ({ topic, keyArgument }: EventPublication, source: EventSource, report: Report) =>
  async (_: unknown, args: Arguments, __: unknown, info: GraphQLResolveInfo): Promise<{ success: boolean }> => {
    const name = rendered(topic, args, info)
    const key = keyArgument === undefined ? undefined : args[keyArgument]
    try {
      await source.publish(name, {
        key: typeof key === 'string' ? key : null, value: new TextEncoder().encode(JSON.stringify(args)),
      })
      return { success: true }
    } catch (cause) {
      report(new Error(`An event could not be published to the topic "${name}".`, { cause }))
      return { success: false }
    }
  }

/**
 * Which events of the topics are the field's: those that its filter passes and whose `__typename` is one that its
 * type may be. A topic may carry other types for other fields.
 */
const predicateOf = (
  filter: EventFilter | undefined, args: Arguments, { returnType, schema, fieldName }: GraphQLResolveInfo,
): Predicate => {
  const type = getNamedType(returnType)
  const possible = new Set((isAbstractType(type) ? schema.getPossibleTypes(type) : [type]).map(({ name }) => name))
  const passes = filter ? filter(args) : true
  if (passes === false) {
    throw badInput(
      `The filter of "${fieldName}" would pass nothing with these arguments. Give those that it compares with.`)
  }
  const isOfType = ({ __typename: name }: Obj): boolean => name === undefined || possible.has(name as string)
  return passes === true ? isOfType : withHint((event) => isOfType(event) && passes(event), passes.within)
}

const rendered = (topic: Template, args: Arguments, { fieldName }: GraphQLResolveInfo): string => {
  for (const path of argumentsOf(topic)) {
    const value = argumentAt(args, path)
    if (/^[\w-]+$/.test(String(value ?? ''))) continue
    // A dot would lead to topics that the template does not mean.
    throw badInput(`The argument "${path.join('.')}" of "${fieldName}" is part of a topic's name: `
      + 'it must be letters, digits, "_" and "-".')
  }
  const [name = ''] = textsOf(topic, args)
  if (name.length <= longestTopic) return name
  throw badInput(
    `The arguments of "${fieldName}" make a topic's name of ${name.length} characters; ${longestTopic} are allowed.`)
}

/** Kafka's own limit. */
const longestTopic = 249

const badInput = (message: string): GraphQLError => new GraphQLError(message, { extensions: { code: codes.badInput } })
