import { GraphQLError, GraphQLScalarType } from 'graphql'
import { hash } from './random.ts'
import type { FieldSpec, ObjectSpec, World } from './world.ts'

/** Who asks, and how many mutations have run: both are part of every value, so that a mix-up shows. */
export interface Scope {
  name: string
  version: number
}

/** A value before its fields are asked for. */
interface Node {
  __typename: string
  id: string
  code?: string
  ref?: { id: string }
  /** What a representation brought, for computed fields. */
  required?: Record<string, unknown>
}

const colors = ['RED', 'GREEN', 'BLUE']

/**
 * The resolvers of one subgraph, or of the whole world when none is named. Values are pure functions of what is
 * asked.
 */
export const resolversOf = (world: World, subgraph?: string): Record<string, GraphQLScalarType | Record<string, unknown>> => {
  const resolvers: Record<string, GraphQLScalarType | Record<string, unknown>> = {
    JSON: new GraphQLScalarType({ name: 'JSON' }),
    Ref: keyResolvers,
    Query: fieldsOf(world, 'Query', world.queries, subgraph),
  }
  if (world.mutations.some(({ owners }) => subgraph === undefined || owners.includes(subgraph))) {
    resolvers.Mutation = fieldsOf(world, 'Mutation', world.mutations, subgraph)
  }
  for (const type of world.objects) {
    resolvers[type.name] = {
      ...fieldsOf(world, type.name, type.fields, undefined, subgraph),
      ...type.entity && keyResolvers,
      __resolveReference: (reference: Node) => referenced(type.name, reference),
    }
  }
  for (const { name, added, members, objectIn } of world.interfaces) {
    const addedFields = fieldsOf(world, name, added, undefined)
    if (subgraph !== undefined && objectIn === subgraph) {
      resolvers[name] = { ...addedFields, ...keyResolvers, __resolveReference: (reference: Node) => referenced(name, reference) }
      continue
    }
    resolvers[name] = {
      __resolveReference: (reference: Node) => {
        const node = referenced(name, reference)
        return { ...node, __typename: typeOfId(world, node.id)?.name }
      },
    }
    if (subgraph === undefined) for (const member of members) Object.assign(resolvers[member]!, addedFields)
  }
  return resolvers
}

const keyResolvers = { id: ({ id }: Node) => id, code: ({ id }: Node) => `c${id}`, ref: ({ id }: Node) => ({ id }) }

const referenced = (typeName: string, reference: Node): Node => ({
  __typename: typeName, id: reference.id ?? reference.code?.slice(1) ?? reference.ref?.id, required: { ...reference },
})

const typeOfId = (world: World, id: string): ObjectSpec | undefined => world.objects.find(({ index }) => id.startsWith(`${index}-`))

const fieldsOf = (
  world: World, typeName: string, fields: readonly FieldSpec[], owner: string | undefined, asker?: string,
): Record<string, unknown> => Object.fromEntries(fields
  .filter(({ owners }) => owner === undefined || owners.includes(owner))
  .map((field) => [field.name, (node: Node | undefined, args: object, scope: Scope) => {
    if (asker !== undefined && field.overridden === asker) throw new Error('The overridden field was asked.')
    if (typeName === 'Mutation') scope.version++
    const value = () => resolve(world, typeName, node, field, args, scope, asker)
    // Some values come at once and some later: the order of arrival must not matter.
    return hash(`${typeName}.${field.name}`) % 3 === 0 ? Promise.resolve().then(value) : value()
  }]))

const resolve = (
  world: World, typeName: string, node: Node | undefined, field: FieldSpec, args: object, scope: Scope, asker: string | undefined,
): unknown => {
  const basis = basisOf(world, typeName, node?.id ?? '', field.name, args, scope)
  const needed = field.requires.map((requirement) => asker === undefined
    ? requiredValue(world, typeName, node!, requirement, scope)
    : broughtValue(node!, requirement))
  const text = field.requires.length > 0 ? `${basis} ${canonical(needed)}` : basis
  if (hash(`fault ${text}`) % 1000 < field.faults) {
    if (hash(`kind ${text}`) % 2 === 0) throw new GraphQLError(`No ${field.name} of ${node?.id ?? 'nothing'}.`)
    return null
  }
  return valueOf(world, field.type, text, asker)
}

const basisOf = (world: World, typeName: string, id: string, field: string, args: object, scope: Scope): string =>
  `${world.seed} ${scope.name} ${scope.version} ${typeName} ${id} ${field} ${canonical(args)}`

/** The required values as their owners would give them. */
const requiredValue = (
  world: World, typeName: string, node: Node, requirement: FieldSpec['requires'][number], scope: Scope,
): unknown => {
  const fieldValue = (owner: string, of: Node, name: string, args: object): unknown => {
    const field = world.objects.find((type) => type.name === owner)!.fields.find((one) => one.name === name)!
    return resolve(world, owner, of, field, args, scope, undefined)
  }
  const { name, argument, child } = requirement
  const value = fieldValue(typeName, node, name, argument === undefined ? {} : { n: argument })
  if (child === undefined) return value
  const each = (one: unknown): unknown => {
    if (one === null) return null
    if (Array.isArray(one)) return one.map(each)
    const target = one as Node
    return { [child]: fieldValue(target.__typename, target, child, {}) }
  }
  return each(value)
}

/** The required values as the representation brought them. */
const broughtValue = (node: Node, { name, child }: FieldSpec['requires'][number]): unknown => {
  if (!node.required || !(name in node.required)) throw new Error(`The representation lacks ${name}.`)
  const strip = (one: unknown): unknown => {
    if (one === null || child === undefined) return one
    if (Array.isArray(one)) return one.map(strip)
    return { [child]: (one as Record<string, unknown>)[child] }
  }
  return strip(node.required[name])
}

const valueOf = (world: World, type: string, basis: string, asker: string | undefined): unknown => {
  const number = hash(basis)
  if (type.endsWith('!')) return nonNull(world, type.slice(0, -1), basis, asker)
  if (number % 7 === 0) return null
  return nonNull(world, type, basis, asker)
}

const nonNull = (world: World, type: string, basis: string, asker: string | undefined): unknown => {
  const number = hash(`${basis} value`)
  if (type.startsWith('[')) {
    return Array.from({ length: number % 4 }, (_, index) => valueOf(world, type.slice(1, -1), `${basis} ${index}`, asker))
  }
  switch (type) {
    case 'Int': return number % 1000
    case 'Float': return (number % 1000) / 8
    case 'String': return `s${number}"\\\n`
    case 'Boolean': return number % 2 === 0
    case 'ID': return String(number)
    case 'Color': return colors[number % 3]
    case 'JSON': return [{ a: number, list: [null, { b: 'x' }] }, [number], 'text', number][number % 4]
    default: return nodeOf(world, type, number, asker)
  }
}

const nodeOf = (world: World, type: string, number: number, asker: string | undefined): Node => {
  const abstract = world.interfaces.find(({ name }) => name === type)
  const members = abstract?.members ?? world.unions.find(({ name }) => name === type)?.members
  const name = members ? members[number % members.length]! : type
  const spec = world.objects.find((one) => one.name === name)!
  const id = `${spec.index}-${hash(`id ${number}`) % (spec.entity ? 5 : 1_000_000)}`
  return { __typename: abstract?.objectIn !== undefined && abstract.objectIn === asker ? type : name, id }
}

/** Equal for arguments that mean the same, whatever the order of their fields. */
const canonical = (value: unknown): string => {
  if (value === undefined) return ''
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonical).join()}]`
  return `{${Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, one]) => `${key}:${canonical(one)}`).join()}}`
}
