import { Kind, visit, type ConstDirectiveNode, type DocumentNode } from 'graphql'
import { federationNames } from '../federation-spec.ts'
import { FieldReader, type Report } from './field.ts'
import type { EventFilter } from './filter.ts'
import { argumentOf, filterName } from './names.ts'
import { plainSubgraph } from './plain.ts'
import type { Template } from './template.ts'
import { typesOf } from './types.ts'

/** A subscription field that is fed by topics. */
export interface EventSubscription {
  topics: readonly Template[]
  providerId: string
  filter: EventFilter | undefined
  directive: ConstDirectiveNode
}

/** A mutation field that publishes its arguments. */
export interface EventPublication {
  topic: Template
  providerId: string
  /** The argument that tells what the event is about: events with the same value stay in order. */
  keyArgument: string | undefined
  directive: ConstDirectiveNode
}

export interface EventGraphProblem {
  message: string
  code: 'INVALID_EVENT_GRAPH'
  line?: number
  column?: number
}

/** What an event-driven graph's SDL says. */
export interface EventGraph {
  /** A plain Federation 2 subgraph: without the directives of events, whose entities have what the events carry. */
  document: DocumentNode
  /** By field name. */
  subscriptions: ReadonlyMap<string, EventSubscription>
  publications: ReadonlyMap<string, EventPublication>
  problems: readonly EventGraphProblem[]
}

/** Whether an SDL declares fields that are fed by events or publish them. */
export const isEventDriven = (document: DocumentNode): boolean => {
  let found = false
  visit(document, {
    Directive: ({ name }) => {
      found ||= name.value.startsWith('edfs__') || name.value === filterName
    },
  })
  return found
}

/**
 * Reads an event-driven graph: an SDL without resolvers, whose subscription fields say by `@edfs__kafkaSubscribe` which
 * topics feed them and whose mutation fields say by `@edfs__kafkaPublish` where they publish.
 * https://cosmo-docs.wundergraph.com/federation/event-driven-federated-subscriptions/composition-rules
 */
export const readEventGraph = (document: DocumentNode): EventGraph => {
  const problems: EventGraphProblem[] = []
  const types = typesOf(document)
  const keyName = federationNames(document).directive('key')
  const subscriptions = new Map<string, EventSubscription>()
  const publications = new Map<string, EventPublication>()
  const report: Report = (node, message) => {
    const start = node.loc?.startToken
    problems.push({ message, code: 'INVALID_EVENT_GRAPH', ...start && { line: start.line, column: start.column } })
  }

  for (const node of document.definitions) {
    if (node.kind !== Kind.OBJECT_TYPE_DEFINITION && node.kind !== Kind.OBJECT_TYPE_EXTENSION) continue
    const name = node.name.value
    for (const field of node.fields ?? []) {
      const reader = new FieldReader(name, field, types, report)
      if (name === types.roots.subscription) {
        const subscription = reader.subscription()
        if (subscription) subscriptions.set(field.name.value, subscription)
      } else if (name === types.roots.mutation) {
        const publication = reader.publication()
        if (publication) publications.set(field.name.value, publication)
      } else reader.plain(name === types.roots.query)
    }
    for (const directive of node.directives ?? []) {
      if (directive.name.value !== keyName || isUnresolvable(directive)) continue
      report(directive, `"${name}" is an entity of an event-driven graph, which nothing resolves: `
        + `its @${keyName} needs "resolvable: false".`)
    }
  }
  return { document: plainSubgraph(document), subscriptions, publications, problems }
}

const isUnresolvable = (key: ConstDirectiveNode): boolean => {
  const value = argumentOf(key, 'resolvable')
  return value?.kind === Kind.BOOLEAN && !value.value
}
