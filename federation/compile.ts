import { createHash } from 'node:crypto'
import {
  parse, print, Kind, type DocumentNode, type FieldNode, type FragmentDefinitionNode, type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql'
import { sourcesOf } from './known-entities.ts'
import type {
  BatchFetchNode, FetchNode, FetchRewrite, FlattenNodePathSegment, PlanNode, RequiresSelection,
} from './plan.ts'
import { interfaceOf, renameOutput } from './rewrites.ts'
import type { SupergraphTypes } from './schema.ts'
import { fieldOf, operationShape, type Shape } from './shape.ts'

/** A plan node with everything precomputed that does not depend on a request. */
export type Step = RootFetch | EntityFetch | Sequence | Parallel | MutationFields | Condition | Subscription

export interface Call {
  service: string
  text: string
  /** Equal for equal texts, and shorter. */
  id: string
  document: DocumentNode
  operation: 'query' | 'mutation' | 'subscription'
  /** Names of the client's variables that this call needs. */
  variables: readonly string[]
}

export interface RootFetch {
  kind: 'root'
  call: Call
  shape: Shape
  /** Internal aliases of the planner and the response keys that they stand for. */
  aliases: ReadonlyMap<string, string>
}

export interface EntityFetch {
  kind: 'entities'
  call: Call
  groups: readonly EntityGroup[]
}

/** The entities of one `_entities` field: where they are, how to ask for them, what comes back. */
export interface EntityGroup {
  responseKey: string
  /** The variable that takes the representations. */
  variable: string
  paths: readonly Path[]
  requires: readonly RequiresSelection[]
  inputRewrites: readonly FetchRewrite[]
  shape: Shape
  aliases: ReadonlyMap<string, string>
  /** Equal for groups, of whatever plan, that give an entity the same answer where their variables are the same. */
  id: string
  /** The same, where another group of this plan has it, too, or root fields may bring what it asks for. */
  cacheKey: string | undefined
  /** Where root fields may have brought what it asks for. */
  sources: readonly Path[]
}

export interface Sequence { kind: 'sequence', steps: readonly Step[] }
export interface Parallel { kind: 'parallel', steps: readonly Step[] }
/**
 * A mutation's root fields, each with its own steps; they run in the order in which the request's variables select
 * them.
 */
export interface MutationFields { kind: 'fields', byKey: ReadonlyMap<string, Step> }
export interface Condition { kind: 'condition', variable: string, then: Step | undefined, otherwise: Step | undefined }
export interface Subscription { kind: 'subscription', fetch: RootFetch }

/** A way from the response's root to objects: a field, every item of a list, or only values of some types. */
export type Path = readonly PathSegment[]
export type PathSegment = { field: string } | { types: readonly string[] } | 'item'

/** @throws Error when the planner hands out a node that this executor does not know. */
export const compilePlan = (node: PlanNode, types: SupergraphTypes): Step | undefined => {
  const step = compile(node, [], types)
  const fetches = step ? fetchesOf(step) : []
  const roots = fetches.filter((fetch) => fetch.kind === 'root')
  const entities = fetches.filter((fetch) => fetch.kind === 'entities')
  const counts = Map.groupBy(entities.flatMap(({ groups }) => groups), ({ cacheKey }) => cacheKey)
  for (const { call, groups } of entities) {
    for (const group of groups) {
      group.sources = sourcesOf(call, group, roots)
      if (group.sources.length === 0 && counts.get(group.cacheKey)?.length === 1) group.cacheKey = undefined
    }
  }
  return step
}

const fetchesOf = (step: Step): readonly (RootFetch | EntityFetch)[] => {
  switch (step.kind) {
    case 'root':
    case 'entities': return [step]
    case 'sequence':
    case 'parallel': return step.steps.flatMap(fetchesOf)
    case 'fields': return [...step.byKey.values()].flatMap(fetchesOf)
    case 'condition': return [step.then, step.otherwise].flatMap((child) => child ? fetchesOf(child) : [])
    case 'subscription': return []
  }
}

const compile = (node: PlanNode, path: Path, types: SupergraphTypes): Step | undefined => {
  switch (node.kind) {
    case 'Fetch':
      return node.requires ? entityFetch(node, path, types) : rootFetch(node, path, types)
    case 'BatchFetch':
      return batchFetch(node, types)
    case 'Flatten':
      return compile(node.node, [...path, ...compilePath(node.path)], types)
    case 'Sequence':
    case 'Parallel': {
      const steps = node.nodes.flatMap((child) => compile(child, path, types) ?? [])
      return steps.length < 2 ? steps[0] : { kind: node.kind === 'Sequence' ? 'sequence' : 'parallel', steps }
    }
    case 'Condition':
      return {
        kind: 'condition',
        variable: node.condition,
        then: node.ifClause ? compile(node.ifClause, path, types) : undefined,
        otherwise: node.elseClause ? compile(node.elseClause, path, types) : undefined,
      }
    case 'Subscription':
      return { kind: 'subscription', fetch: rootFetch({ ...node.primary, operationKind: 'subscription' }, path, types) }
    case 'Defer':
      throw new Error('The plan has a Defer node; deferred delivery is not supported.')
  }
}

const compilePath = (path: readonly FlattenNodePathSegment[]): Path =>
  path.map((segment) =>
    segment === '@' ? 'item' : 'Field' in segment ? { field: segment.Field } : { types: segment.TypeCondition })

const callOf = (node: FetchNode | BatchFetchNode, types: SupergraphTypes): Call => {
  const document = parse(node.operation, { noLocation: true })
  // Where requirements of one type nest, the planner (0.0.38) can lose a selection: the answer would be wrong.
  const unselected = types.unselected(document)
  if (unselected !== undefined) {
    throw new Error(`The plan asks "${node.serviceName}" for "${unselected}" without a selection.`)
  }
  return {
    service: node.serviceName,
    text: node.operation,
    id: digest(node.operation),
    document,
    operation: node.operationKind ?? 'query',
    variables: node.variableUsages ?? [],
  }
}

const rootFetch = (node: FetchNode, path: Path, types: SupergraphTypes): RootFetch => {
  if (path.length > 0) throw new Error('The plan has a fetch below the root that needs no entity.')
  const call = callOf(node, types)
  const shape = operationShape(call.document)
  return { kind: 'root', call, shape, aliases: renameOutput(shape, node.outputRewrites ?? []) }
}

const entityFetch = (node: FetchNode, path: Path, types: SupergraphTypes): EntityFetch => {
  const call = callOf(node, types)
  return {
    kind: 'entities',
    call,
    groups: [entityGroup(call, {
      alias: '_entities',
      representationsVariableName: 'representations',
      paths: [path],
      requires: node.requires ?? [],
      inputRewrites: node.inputRewrites,
      outputRewrites: node.outputRewrites,
    })],
  }
}

const batchFetch = (node: BatchFetchNode, types: SupergraphTypes): EntityFetch => {
  const call = callOf(node, types)
  return {
    kind: 'entities',
    call,
    groups: node.entityBatch.aliases.map((alias) =>
      entityGroup(call, { ...alias, paths: alias.paths.map(compilePath) })),
  }
}

interface GroupSource {
  alias: string
  representationsVariableName: string
  paths: readonly Path[]
  requires: readonly RequiresSelection[]
  inputRewrites?: readonly FetchRewrite[]
  outputRewrites?: readonly FetchRewrite[]
}

const entityGroup = (call: Call, source: GroupSource): EntityGroup => {
  const shape = fieldOf(operationShape(call.document), source.alias)?.child ?? []
  const requires = inOneOrder(source.requires)
  const id = digest([
    call.service, JSON.stringify([requires, source.inputRewrites]), selectionText(call.document, source.alias),
  ].join('\n'))
  return {
    responseKey: source.alias,
    variable: source.representationsVariableName,
    paths: source.paths,
    requires: widened(requires, source.inputRewrites ?? []),
    inputRewrites: source.inputRewrites ?? [],
    shape,
    aliases: renameOutput(shape, source.outputRewrites ?? []),
    id,
    cacheKey: id,
    sources: [],
  }
}

/** Collisions cannot be made on purpose: what has the same digest gets the same answers. */
const digest = (text: string): string => createHash('sha256').update(text).digest('base64')

/**
 * Where an interface object is asked, the planner (0.0.38) may name only those of the interface's types that the
 * operation mentions, and leave out the others. Asked by the same fields, all of them are meant.
 */
const widened = (
  requires: readonly RequiresSelection[], rewrites: readonly FetchRewrite[],
): readonly RequiresSelection[] => {
  const wide = rewrites.map(interfaceOf).find((name) => name !== undefined)
  const [first, ...others] = requires
  if (wide === undefined || first?.kind !== 'InlineFragment') return requires
  const selections = JSON.stringify(first.selections)
  const alike = others.every((other) =>
    other.kind === 'InlineFragment' && JSON.stringify(other.selections) === selections)
  return alike ? [...requires, { ...first, typeCondition: wide }] : requires
}

/** So that what is asked by the same fields is asked by the same representation, whatever order the planner found them in. */
const inOneOrder = (requires: readonly RequiresSelection[]): readonly RequiresSelection[] => {
  const [fragment] = requires
  if (requires.length !== 1 || fragment?.kind !== 'InlineFragment') return requires
  const { selections } = fragment
  if (!selections.every((field) => field.kind === 'Field' && !field.alias && !field.selections?.length)) return requires
  return [{ ...fragment, selections: selections.toSorted((one, other) => one.kind === 'Field' && other.kind === 'Field' && one.name < other.name ? -1 : 1) }]
}

/** The entity selection with the fragments it may use, without the names of alias and variable. */
const selectionText = (document: DocumentNode, key: string): string => {
  const operation = document.definitions.find((node): node is OperationDefinitionNode =>
    node.kind === Kind.OPERATION_DEFINITION)
  const field = operation?.selectionSet.selections.find((node): node is FieldNode =>
    node.kind === Kind.FIELD && (node.alias ?? node.name).value === key)
  const fragments = document.definitions.filter((node): node is FragmentDefinitionNode =>
    node.kind === Kind.FRAGMENT_DEFINITION)
  return [field?.selectionSet && fieldsInOneOrder(field.selectionSet), ...fragments].map((node) => node ? print(node) : '').join('\n')
}

/** Plain fields of a type may be asked for in any order: the answer is the same. */
const fieldsInOneOrder = (set: SelectionSetNode): SelectionSetNode => ({
  ...set,
  selections: set.selections.map((node) => node.kind !== Kind.INLINE_FRAGMENT ? node : {
    ...node, selectionSet: { ...node.selectionSet, selections: node.selectionSet.selections.toSorted((one, other) => print(one) < print(other) ? -1 : 1) },
  }),
})
