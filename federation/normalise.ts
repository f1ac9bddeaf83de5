import {
  GraphQLError, Kind, print, TypeInfo, visit, visitWithTypeInfo, type ArgumentNode, type DocumentNode, type FieldNode,
  type FragmentDefinitionNode, type GraphQLSchema, type OperationDefinitionNode,
  type VariableDefinitionNode,
} from 'graphql'
import { codes } from './errors.ts'
import { Lifted, type LiftedValue } from './lift.ts'
import { keyOf, reachable, simplified, withRootFields, type Operation } from './simplify.ts'
import type { SupergraphTypes } from './schema.ts'

/** One operation of a client's document, in the form under which its plan is kept. */
export interface NormalisedOperation extends Operation {
  /** Equal for operations that differ in names, literals of arguments, layout and unused definitions only. */
  text: string
  /** The document for the planner: no introspection. Absent when nothing but introspection is left. */
  forPlanner: DocumentNode | undefined
  /** The operation reduced to `__schema` and `__type`, when it asks for them. */
  introspection: DocumentNode | undefined
  /** Arguments that became variables: their values, or what to work them out from where they contain variables. */
  lifted: ReadonlyMap<string, LiftedValue>
  /** Response keys that were renamed for the planner → the client's. */
  renamed: ReadonlyMap<string, string>
}

const renamedPrefix = '_key_'

/**
 * Brings an operation into the form in which it is planned: literals of arguments become variables; response keys
 * that could meet a field that the planner adds on its own (keys, requirements) get names of their own, as do those that
 * JavaScript's objects inherit: nothing is there before it is fetched.
 */
export const normalise = (
  document: DocumentNode, operation: OperationDefinitionNode, schema: GraphQLSchema, types: SupergraphTypes,
): NormalisedOperation => {
  const literals = new Lifted(operation)
  const renamed = new Map<string, string>()
  const rewritten = rewrite(reachable(document, operation), schema, types, literals, renamed)
  const main = rewritten.definitions[0] as OperationDefinitionNode
  const fragments = new Map<string, FragmentDefinitionNode>()
  for (const node of rewritten.definitions) {
    if (node.kind === Kind.FRAGMENT_DEFINITION) fragments.set(node.name.value, node)
  }
  const lifted: OperationDefinitionNode = {
    ...main, name: undefined, variableDefinitions: [...usedOf(main, fragments), ...literals.definitions],
    // Those of a whole operation are its caller's to execute.
    directives: [],
  }
  const whole: DocumentNode = { kind: Kind.DOCUMENT, definitions: [lifted, ...fragments.values()] }
  const planned = withRootFields(simplified({ operation: lifted, fragments }), ({ name }) =>
    !name.value.startsWith('__'))
  const introspective = withRootFields({ operation: lifted, fragments }, ({ name }) =>
    name.value === '__schema' || name.value === '__type')
  return {
    text: print(whole),
    operation: lifted,
    fragments,
    forPlanner: planned,
    introspection: introspective,
    lifted: literals.values,
    renamed,
  }
}

/** Variables that some selection uses. */
const usedOf = (
  { variableDefinitions = [], directives, selectionSet }: OperationDefinitionNode, fragments: ReadonlyMap<string, FragmentDefinitionNode>,
): readonly VariableDefinitionNode[] => {
  // Validation has seen to it that each is used somewhere.
  if (!directives?.length) return variableDefinitions
  const used = new Set<string>()
  for (const node of [selectionSet, ...fragments.values()]) visit(node, { Variable: ({ name }) => void used.add(name.value) })
  return variableDefinitions.filter(({ variable }) => used.has(variable.name.value))
}

const rewrite = (
  document: DocumentNode, schema: GraphQLSchema, types: SupergraphTypes, literals: Lifted, renamed: Map<string, string>,
): DocumentNode => {
  const info = new TypeInfo(schema)
  return visit(document, visitWithTypeInfo(info, {
    Field: {
      enter: (node) => {
        const key = keyOf(node)
        if (key === '__proto__') {
          throw new GraphQLError('The response key "__proto__" cannot be answered with; choose another alias.', {
            extensions: { code: codes.badInput },
          })
        }
        // What asks for the schema is answered as it is written.
        if (info.getParentType()?.name.startsWith('__')) return undefined
        // The planner takes `name: name` and `name` for two fields.
        if (!isTaken(node, key, types)) {
          return node.alias?.value === node.name.value ? { ...node, alias: undefined } : undefined
        }
        renamed.set(renamedPrefix + key, key)
        return { ...node, alias: { kind: Kind.NAME, value: renamedPrefix + key } }
      },
    },
    Directive: () => false,
    VariableDefinition: () => false,
    Argument: {
      enter: (node) => {
        const type = info.getArgument()?.type
        const value = type && literals.lift(node.value, type)
        return value ? { ...node, value } satisfies ArgumentNode : undefined
      },
    },
  }))
}

/** Whether the planner might use this response key for a field of its own, or JavaScript finds it in every object. */
const isTaken = (node: FieldNode, key: string, types: SupergraphTypes): boolean => {
  const name = node.name.value
  if (key in Object.prototype) return true
  return key === name ? types.requiredWithArguments.has(name) : key.startsWith('_') || types.fieldNames.has(key)
}

/** A document for each root field of the operation by its response key, in the order in which they are written. */
export const perRootField = (normalised: NormalisedOperation): Map<string, DocumentNode> => {
  const operation = simplified(normalised)
  const keys = new Set<string>()
  withRootFields(operation, (field) => {
    if (!field.name.value.startsWith('__')) keys.add(keyOf(field))
    return true
  })
  const documents = new Map<string, DocumentNode>()
  for (const key of keys) {
    const document = withRootFields(operation, (field) => keyOf(field) === key)
    if (document) documents.set(key, document)
  }
  return documents
}
