import {
  getNamedType, getNullableType, isAbstractType, isCompositeType, isEnumType, isInputObjectType, isInterfaceType,
  isListType, isNonNullType, isObjectType, parse, validate, type DocumentNode, type GraphQLCompositeType,
  type GraphQLField, type GraphQLInputType, type GraphQLSchema,
} from 'graphql'
import type { Random } from './random.ts'

export interface Operation {
  document: DocumentNode
  text: string
  variables: Record<string, unknown>
  mutation: boolean
}

/** A random valid operation over the schema: fragments, aliases, arguments, variables and conditions of every kind. */
export const createOperation = (schema: GraphQLSchema, random: Random, mutation: boolean): Operation => {
  for (;;) {
    const text = new OperationText(schema, random, mutation)
    const document = parse(text.print())
    // Random aliases may conflict; such an operation is not a case.
    if (validate(schema, document).length === 0) return { document, text: text.print(), variables: text.variables, mutation }
  }
}

/** Those by which the world's types are found, and of which more is required than of others. */
const fieldsThatMatter = ['id', 'code', 'ref', 'f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'cI0', 'cI1', 'xI0']
/** What planners and executors name things, and what JavaScript finds in every object. */
const namesThatMatter = [
  '__typename', '_internal_qp_alias_0', '_required_0', '_required_1', '_alias_0', '_key_id', '_key___typename', '_entities', '_e0',
  'representations', '_x', 'kind', 'constructor', 'toString', 'then', 'length',
]

class OperationText {
  readonly variables: Record<string, unknown> = {}
  /** How many fields get the name of something else, as an alias that a planner or an executor might need for itself. */
  readonly #misnamed: number
  readonly #schema: GraphQLSchema
  readonly #random: Random
  readonly #definitions: string[] = []
  readonly #fragments: string[] = []
  readonly #text: string
  #budget = 60
  #names = 0

  constructor(schema: GraphQLSchema, random: Random, mutation: boolean) {
    this.#schema = schema
    this.#random = random
    this.#misnamed = random.chance(0.25) ? 0.4 : 0.03
    const root = mutation ? schema.getMutationType() : schema.getQueryType()
    if (!root) throw new Error('The schema has no such root type.')
    const selection = this.#selection(root, 4 + random.below(2), true)
    const variables = this.#definitions.length > 0 ? `(${this.#definitions.join(', ')})` : ''
    this.#text = [`${mutation ? 'mutation' : 'query'} Case${variables} ${selection}`, ...this.#fragments].join('\n')
  }

  print(): string {
    return this.#text
  }

  #selection(type: GraphQLCompositeType, depth: number, root = false): string {
    const parts: string[] = []
    const fields = isAbstractType(type) && !isInterfaceType(type) ? [] : Object.values(type.getFields())
    for (let count = 1 + this.#random.below(root ? 3 : 5); count > 0 && fields.length > 0; count--) {
      const part = this.#field(this.#random.pick(fields), depth)
      if (part) parts.push(part)
    }
    if (isAbstractType(type)) {
      for (const member of this.#random.some(this.#schema.getPossibleTypes(type), 0.6)) {
        parts.push(this.#fragment(member.name, this.#selection(member, depth - 1)))
      }
    } else if (!root && isObjectType(type) && this.#random.chance(0.1)) {
      const wide = [type.name, ...type.getInterfaces().map(({ name }) => name)]
      const condition = this.#schema.getType(this.#random.pick(wide))
      if (isCompositeType(condition)) parts.push(this.#fragment(condition.name, this.#selection(condition, depth - 1)))
    }
    if (parts.length === 0 || this.#random.chance(0.15)) {
      const alias = this.#random.chance(this.#misnamed) ? this.#misnomer() : this.#random.chance(0.8) ? '' : 'kind: '
      parts.push(`${alias}__typename`)
    }
    return `{ ${parts.join(' ')} }`
  }

  #field(field: GraphQLField<unknown, unknown>, depth: number): string | undefined {
    const type = getNamedType(field.type)
    if (isCompositeType(type) && (depth <= 0 || this.#budget <= 0)) return undefined
    this.#budget--
    const args = field.args.filter((argument) => isNonNullType(argument.type) || this.#random.chance(0.6))
      .map(({ name, type: input }) => `${name}: ${this.#value(input, 2)}`)
    const alias = this.#alias(args.length > 0)
    return `${alias}${field.name}${args.length > 0 ? `(${args.join(', ')})` : ''}${this.#condition(0.06)}`
      + (isCompositeType(type) ? ` ${this.#selection(type, depth - 1)}` : '')
  }

  /** Mostly names of their own; sometimes those of something else. */
  #alias(needed: boolean): string {
    if (this.#random.chance(this.#misnamed)) return this.#misnomer()
    return this.#random.chance(needed ? 0.8 : 0.1) ? `a${this.#names++}: ` : ''
  }

  #misnomer(): string {
    return `${this.#random.pick(this.#random.chance(0.7) ? fieldsThatMatter : namesThatMatter)}: `
  }

  #fragment(condition: string, selection: string): string {
    if (this.#random.chance(0.6)) return `... on ${condition}${this.#condition(0.1)} ${selection}`
    const name = `F${this.#names++}`
    this.#fragments.push(`fragment ${name} on ${condition} ${selection}`)
    return `...${name}${this.#condition(0.1)}`
  }

  #condition(probability: number): string {
    if (!this.#random.chance(probability)) return ''
    const value = this.#random.chance(0.5) ? this.#random.pick(['true', 'false']) : this.#variable('Boolean!', this.#random.chance(0.5))
    return ` @${this.#random.pick(['skip', 'include'])}(if: ${value})`
  }

  #value(type: GraphQLInputType, depth: number): string {
    if (this.#random.chance(0.35)) return this.#variable(String(type), this.#json(type, depth))
    return this.#literal(type, depth)
  }

  #literal(type: GraphQLInputType, depth: number): string {
    const nullable = getNullableType(type)
    if (!isNonNullType(type) && this.#random.chance(0.1)) return 'null'
    if (isInputObjectType(nullable)) {
      const fields = this.#random.some(Object.values(nullable.getFields()), depth > 0 ? 0.5 : 0)
      return `{${fields.map(({ name, type: inner }) => `${name}: ${this.#value(inner, depth - 1)}`).join(', ')}}`
    }
    if (isListType(nullable)) {
      if (this.#random.chance(0.2)) return this.#literal(nullable.ofType, 0)
      return `[${[1, 2].slice(this.#random.below(3)).map(() => this.#value(nullable.ofType, 0)).join(', ')}]`
    }
    const json = this.#json(nullable, depth)
    return isEnumType(nullable) && json !== null ? String(json) : JSON.stringify(json)
  }

  #json(type: GraphQLInputType, depth: number): unknown {
    if (isNonNullType(type)) return this.#nonNullJson(type.ofType, depth)
    return this.#random.chance(0.1) ? null : this.#nonNullJson(type, depth)
  }

  #nonNullJson(type: GraphQLInputType, depth: number): unknown {
    if (isListType(type)) return [1, 2].slice(this.#random.below(3)).map(() => this.#json(type.ofType, 0))
    if (isEnumType(type)) return this.#random.pick(type.getValues()).name
    if (isInputObjectType(type)) {
      const fields = this.#random.some(Object.values(type.getFields()), depth > 0 ? 0.5 : 0)
      return Object.fromEntries(fields.map(({ name, type: inner }) => [name, this.#json(inner, depth - 1)]))
    }
    return String(type) === 'Int' ? this.#random.below(4) : `v${this.#random.below(3)}`
  }

  #variable(type: string, value: unknown): string {
    const name = `v${this.#names++}`
    const nullable = !type.endsWith('!')
    this.#definitions.push(`$${name}: ${type}`)
    if (!nullable || this.#random.chance(0.85)) this.variables[name] = value
    return `$${name}`
  }
}
