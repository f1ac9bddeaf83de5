import {
  buildASTSchema, GraphQLError, GraphQLList, GraphQLNonNull, GraphQLObjectType, GraphQLScalarType, GraphQLSchema,
  GraphQLString, GraphQLUnionType, isInterfaceType, isObjectType, isScalarType, isUnionType, Kind, parse,
  valueFromASTUntyped, type ConstDirectiveNode, type DefinitionNode, type DocumentNode, type GraphQLFieldConfigMap,
  type GraphQLNamedType, type GraphQLInterfaceType, type GraphQLResolveInfo,
} from 'graphql'
import { codes } from './errors.ts'
import { federationDefinitions, federationNames } from './federation-spec.ts'

/**
 * Resolvers by type: fields as functions or `{ resolve, subscribe }`; `__resolveReference` for entities;
 * `__resolveType` for interfaces and unions; `__isTypeOf` for objects; a `GraphQLScalarType` for a custom scalar. A
 * field without a resolver is the property of that name: a computed one needs a resolver.
 */
export type SubgraphResolvers = Record<string, GraphQLScalarType | Record<string, unknown>>

/**
 * Builds the executable schema of a Federation v2 (or v1) subgraph: the federation directives its `@link` imports,
 * `_service` and, for entities that can be resolved here, `_entities`. `sdl` is what `_service` tells, if not the type
 * definitions.
 * @throws Error for SDL that does not parse, and for resolvers of types and fields that the SDL does not have.
 */
export const buildSubgraph = (
  { typeDefs, resolvers = {}, sdl = typeDefs }: { typeDefs: string, resolvers?: object, sdl?: string },
): GraphQLSchema => {
  const document = parse(typeDefs)
  const names = federationNames(document)
  const base = buildASTSchema(
    { kind: Kind.DOCUMENT, definitions: [...standalone(withQuery(document)), ...federationDefinitions(document)] },
    { assumeValidSDL: true },
  )
  const known = resolvers as SubgraphResolvers
  attach(base, known)
  const entities = entityTypes(base, names.directive('key'))
  return federated(base, entities, names.directive('key'), known, sdl)
}

/** Extensions of types that the document does not define are definitions: the type's home is another subgraph. */
const standalone = (document: DocumentNode): DefinitionNode[] => {
  const defined = new Set<string>()
  for (const node of document.definitions) {
    if ('name' in node && node.name && node.kind.endsWith('TypeDefinition')) defined.add(node.name.value)
  }
  return document.definitions.map((node) => {
    if (!node.kind.endsWith('TypeExtension') || !('name' in node) || !node.name) return node
    if (defined.has(node.name.value)) return node
    defined.add(node.name.value)
    return { ...node, kind: node.kind.replace('Extension', 'Definition') } as DefinitionNode
  })
}

/** Every subgraph has a query type: `_service` needs one. */
const withQuery = (document: DocumentNode): DocumentNode => {
  const has = document.definitions.some((node) =>
    (node.kind === Kind.OBJECT_TYPE_DEFINITION || node.kind === Kind.OBJECT_TYPE_EXTENSION)
      && node.name.value === 'Query'
    || (node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION)
      && node.operationTypes?.some(({ operation }) => operation === 'query'))
  if (has) return document
  return { ...document, definitions: [...document.definitions, ...parse('type Query { _: Boolean }').definitions] }
}

const attach = (schema: GraphQLSchema, resolvers: SubgraphResolvers): void => {
  for (const [typeName, entries] of Object.entries(resolvers)) {
    const type = schema.getType(typeName)
    if (!type) throw new Error(`Resolvers are given for "${typeName}", which the SDL does not define.`)
    if (entries instanceof GraphQLScalarType) {
      if (!isScalarType(type)) {
        throw new Error(`A scalar is given for "${typeName}", which the SDL does not define as a scalar.`)
      }
      const { serialize, parseValue, parseLiteral } = entries
      Object.assign(type, { serialize, parseValue, parseLiteral })
      continue
    }
    for (const [name, value] of Object.entries(entries)) attachOne(type, name, value)
  }
}

const attachOne = (type: GraphQLNamedType, name: string, value: unknown): void => {
  if (name === '__resolveReference') return
  if (name === '__resolveType' && (isInterfaceType(type) || isUnionType(type))) {
    type.resolveType = value as typeof type.resolveType
  } else if (name === '__isTypeOf' && isObjectType(type)) {
    type.isTypeOf = value as typeof type.isTypeOf
  } else {
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined
    if (!field) throw new Error(`A resolver is given for "${type.name}.${name}", which the SDL does not define.`)
    if (typeof value === 'function') field.resolve = value as typeof field.resolve
    else Object.assign(field, value)
  }
}

/** Object types with a key by which this subgraph resolves them. */
const entityTypes = (schema: GraphQLSchema, keyName: string): GraphQLObjectType[] => {
  const isEntity = (type: GraphQLNamedType): type is GraphQLObjectType => isObjectType(type)
    && [type.astNode, ...type.extensionASTNodes].some((node) => node?.directives?.some((directive) =>
      directive.name.value === keyName && isResolvable(directive)))
  return Object.values(schema.getTypeMap()).filter(isEntity)
}

/** The fields at the top of each key by which this subgraph resolves an entity. */
const keysOf = (type: GraphQLObjectType, keyName: string): string[][] =>
  [type.astNode, ...type.extensionASTNodes].flatMap((node) => node?.directives ?? [])
    .filter((directive) => directive.name.value === keyName && isResolvable(directive))
    .flatMap((directive): string[][] => {
      const fields = directive.arguments?.find(({ name }) => name.value === 'fields')?.value
      if (fields?.kind !== Kind.STRING) return []
      const [selection] = parse(`{ ${fields.value} }`).definitions
      return selection?.kind !== Kind.OPERATION_DEFINITION ? []
        : [selection.selectionSet.selections.flatMap((one) => one.kind === Kind.FIELD ? [one.name.value] : [])]
    })

const isResolvable = (key: ConstDirectiveNode): boolean => {
  const value = key.arguments?.find(({ name }) => name.value === 'resolvable')?.value
  return value === undefined || valueFromASTUntyped(value) !== false
}

const anyScalar = new GraphQLScalarType({
  name: '_Any', description: 'The representation of an entity: its type name and key.',
})

const serviceType = new GraphQLObjectType({ name: '_Service', fields: { sdl: { type: GraphQLString } } })

interface Representation {
  __typename?: unknown
  [field: string]: unknown
}

const asError = (error: unknown): Error => error instanceof Error ? error : new Error(String(error))

const isPromise = <T>(value: T | Promise<T>): value is Promise<T> => value instanceof Promise

const federated = (
  schema: GraphQLSchema, entities: readonly GraphQLObjectType[], keyName: string, resolvers: SubgraphResolvers, sdl: string,
): GraphQLSchema => {
  const config = schema.toConfig()
  const query = schema.getQueryType()
  if (!query) throw new Error('A subgraph needs a query type; the schema definition names none.')
  // The type of an entity object, for the union: kept aside, because resolvers may return shared or frozen objects.
  const typeOf = new WeakMap<object, string>()
  const entity = new GraphQLUnionType({
    name: '_Entity',
    types: [...entities],
    resolveType: (value: object & Representation) =>
      typeof value.__typename === 'string' ? concrete(value.__typename) : typeOf.get(value),
  })
  const keys = new Map(entities.map((type) => [type.name, keysOf(type, keyName)]))
  const concrete = (name: string): string | undefined => entities.find((type) => type.name === name)?.name

  const known = (
    value: unknown, type: GraphQLObjectType | GraphQLInterfaceType, context: unknown, info: GraphQLResolveInfo,
  ): unknown => {
    if (typeof value !== 'object' || value === null) return null
    // An object that tells its type by itself needs no entry, which would cost more than resolving it.
    if (isObjectType(type)) {
      if (typeof (value as Representation).__typename !== 'string' && typeOf.get(value) !== type.name) typeOf.set(value, type.name)
    } else if (!('__typename' in value)) {
      const resolved = type.resolveType?.(value, context, info, type)
      if (isPromise(resolved)) {
        return resolved.then((name) => {
          if (name !== undefined) typeOf.set(value, name)
          return value
        })
      }
      if (typeof resolved === 'string') typeOf.set(value, resolved)
    }
    return value
  }

  const resolveOne = (representation: Representation, context: unknown, info: GraphQLResolveInfo): unknown => {
    const name = representation.__typename
    const type = typeof name === 'string' ? schema.getType(name) : undefined
    if (!(isObjectType(type) && entities.includes(type)) && !isInterfaceType(type)) {
      const given = typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : name === undefined ? name : `no text (${typeof name})`
      throw new GraphQLError(
        `The representation's __typename is ${given}; expected an entity of this subgraph (${entities.join(', ')}).`,
        { extensions: { code: codes.badInput } },
      )
    }
    const ways = keys.get(type.name) ?? []
    if (ways.length > 0 && !ways.some((way) => way.every((field) => representation[field] !== undefined && representation[field] !== null))) {
      throw new GraphQLError(
        `The representation of "${type.name}" has none of its keys: ${ways.map((way) => `"${way.join(' ')}"`).join(' or ')}.`,
        { extensions: { code: codes.badInput } },
      )
    }
    const own = resolvers[type.name]
    const reference = own && !(own instanceof GraphQLScalarType) ? own.__resolveReference : undefined
    const value: unknown = typeof reference === 'function' ? reference(representation, context, info) : representation
    if (isPromise(value)) return value.then((settled) => known(settled, type, context, info))
    return known(value, type, context, info)
  }

  /** A failure is the failure of its entity alone: an Error in its place, as graphql-jit 0.8 misplaces what rejects in a list. */
  const resolveEach = (representation: Representation, context: unknown, info: GraphQLResolveInfo): unknown => {
    try {
      const value = resolveOne(representation, context, info)
      return isPromise(value) ? value.catch(asError) : value
    } catch (error) {
      return asError(error)
    }
  }

  const fields: GraphQLFieldConfigMap<unknown, unknown> = { ...query.toConfig().fields }
  if (entities.length > 0) {
    fields._entities = {
      type: new GraphQLNonNull(new GraphQLList(entity)),
      args: { representations: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(anyScalar))) } },
      resolve: (_source, args: { representations?: Representation[] }, context, info) => {
        const values = (args.representations ?? []).map((representation) => resolveEach(representation, context, info))
        return values.some(isPromise) ? Promise.all(values) : values
      },
    }
  }
  fields._service = { type: new GraphQLNonNull(serviceType), resolve: () => ({ sdl }) }
  const replaced = new GraphQLObjectType({ ...query.toConfig(), fields })
  return new GraphQLSchema({
    ...config,
    query: replaced,
    types: config.types.filter((type) => type !== query),
    assumeValid: false,
  })
}
