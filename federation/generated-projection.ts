import { isObjectType, type GraphQLObjectType } from 'graphql'
import { generate, quoted } from './generate.ts'
import type { Obj } from './merge.ts'
import { isOfScalar } from './scalars.ts'
import type { Selection, Selections, Slot } from './selection.ts'

/** What the generated code answers with where something is not as it should be: the slow way finds out what. */
export const unusual = Symbol('unusual')

export type GeneratedProjection = (data: Obj) => Obj | typeof unusual

/** Beyond so many fields, each counted for every type that an object may be of, no code is written. */
const maximumFields = 2_000

/**
 * Code that projects a tree in which nothing is wrong: every object is of a known type, every scalar of its own, and no null is
 * where none may be. Lists of scalars are taken as they are. Nothing where the code would be too long.
 */
export const generateProjection = (selections: Selections): GeneratedProjection | undefined => {
  const writer = new Writer(selections)
  const root = writer.object(selections.root)
  return root === undefined ? undefined
    : generate<GeneratedProjection>(`${writer.functions.join('\n')}\nreturn ${root}`, { unusual, enums: writer.enums, isArray: Array.isArray, isInteger: Number.isInteger })
}

const isId = ({ scalar }: Slot): boolean => scalar?.name === 'ID'

class Writer {
  readonly functions: string[] = []
  /** The values of enums, by the numbers that the code has for them. */
  readonly enums: ReadonlySet<string>[] = []
  readonly #selections: Selections
  #fields = 0
  #names = 0

  constructor(selections: Selections) {
    this.#selections = selections
  }

  /** The name of a function that projects an object; nothing when there is too much. */
  object(selection: Selection): string | undefined {
    const { type } = selection
    if (isObjectType(type)) return this.#ofType(selection, type)
    const cases: string[] = []
    for (const possible of this.#selections.typesOf(type)) {
      const name = this.#ofType(selection, possible)
      if (name === undefined) return undefined
      cases.push(`case ${quoted(possible.name)}: return ${name}(object)`)
    }
    return this.#function('object', `switch (object.__typename) { ${cases.join('; ')} }\nreturn unusual`)
  }

  #ofType(selection: Selection, type: GraphQLObjectType): string | undefined {
    const fields = this.#selections.fieldsOf(selection, type)
    if ((this.#fields += fields.length + 1) > maximumFields) return undefined
    const lines: string[] = []
    const properties: string[] = []
    for (const { key, source, slot } of fields) {
      if (!slot) {
        properties.push(`${quoted(key)}: ${quoted(type.name)}`)
        continue
      }
      const value = this.#name()
      const completion = this.#complete(slot, value)
      if (completion === undefined) return undefined
      lines.push(`let ${value} = object[${quoted(source)}]`, completion)
      properties.push(`${quoted(key)}: ${value}`)
    }
    return this.#function('object', `${lines.join('\n')}\nreturn { ${properties.join(', ')} }`)
  }

  /** Code that makes of a variable what clients get. */
  #complete(slot: Slot, value: string): string | undefined {
    const present = this.#present(slot, value)
    const absent = slot.nonNull ? 'return unusual' : `${value} = null`
    return present === undefined ? undefined : `if (${value} === null || ${value} === undefined) ${absent}\nelse { ${present} }`
  }

  #present(slot: Slot, value: string): string | undefined {
    if (slot.item) return this.#list(slot.item, value)
    if (slot.selection) {
      const name = this.object(slot.selection)
      return name === undefined ? undefined
        : `if (typeof ${value} !== 'object' || isArray(${value})) return unusual\n${value} = ${name}(${value})\nif (${value} === unusual) return unusual`
    }
    if (slot.values) return `if (!enums[${this.enums.push(slot.values) - 1}].has(${value})) return unusual`
    if (!slot.scalar) return ''
    const fits = isOfScalar(slot.scalar, value)
    // Servers in other languages send numbers, in all of their answers.
    return isId(slot) ? `if (!(${fits})) { if (!isInteger(${value})) return unusual; ${value} = String(${value}) }` : `if (!(${fits})) return unusual`
  }

  #list(slot: Slot, value: string): string | undefined {
    const [index, item, list] = [this.#name(), this.#name(), this.#name()]
    const isLeaf = !slot.item && !slot.selection && !slot.values && !isId(slot)
    const each = (action: string) => `for (let ${index} = 0; ${index} < ${value}.length; ${index}++) { let ${item} = ${value}[${index}]\n${action} }`
    const known = `if (!isArray(${value})) return unusual`
    if (isLeaf) {
      const fits = slot.scalar ? isOfScalar(slot.scalar, item) : `${item} !== undefined${slot.nonNull ? ` && ${item} !== null` : ''}`
      return `${known}\n${each(`if (!(${fits}${slot.scalar && !slot.nonNull ? ` || ${item} === null` : ''})) return unusual`)}`
    }
    const completion = this.#complete(slot, item)
    return completion === undefined ? undefined
      : `${known}\nconst ${list} = new Array(${value}.length)\n${each(`${completion}\n${list}[${index}] = ${item}`)}\n${value} = ${list}`
  }

  #function(parameter: string, body: string): string {
    const name = this.#name()
    this.functions.push(`function ${name}(${parameter}) {\n${body}\n}`)
    return name
  }

  #name(): string {
    return `_${this.#names++}`
  }
}
