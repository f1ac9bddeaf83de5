import { GraphQLError, isObjectType } from 'graphql'
import { codes, type ErrorLog, type PathKey } from './errors.ts'
import { isObject, type Obj } from './merge.ts'
import { coerced } from './scalars.ts'
import type { Selection, Selections, Slot } from './selection.ts'

/** Stands for a null that may not be: the parent becomes null in turn. */
const invalid = Symbol('invalid null')

/**
 * Completes a tree in which something may be wrong: what is not of its type becomes null with an error, and a null that may
 * not be makes its parent null, with an error unless one explains it already.
 *
 * @see https://spec.graphql.org/draft/#sec-Handling-Execution-Errors
 */
export const complete = (selections: Selections, data: Obj, errors: ErrorLog): Obj | null => {
  const completed = new Completion(selections, errors).object(selections.root, data)
  return completed === invalid ? null : completed as Obj
}

class Completion {
  readonly #selections: Selections
  readonly #errors: ErrorLog
  /** Where it is, in the client's response keys. */
  readonly #path: PathKey[] = []

  constructor(selections: Selections, errors: ErrorLog) {
    this.#selections = selections
    this.#errors = errors
  }

  object(selection: Selection, value: Obj): Obj | null | symbol {
    const type = this.#selections.runtimeType(selection, value)
    if (!type) return null
    const fields = this.#selections.fieldsOf(selection, type)
    // The call that would have told the type failed: which fields are missing cannot be known.
    if (selection.narrows && !isObjectType(type) && this.#errors.explains(this.#path)) return null
    const result: Obj = {}
    for (const field of fields) {
      if (!field.slot) {
        if (!isObjectType(type)) return null
        result[field.key] = type.name
        continue
      }
      this.#path.push(field.key)
      const completed = this.#value(field.slot, value[field.source], type.name, field.name)
      this.#path.pop()
      if (completed === invalid) return invalid
      result[field.key] = completed
    }
    return result
  }

  #value(slot: Slot, value: unknown, parent: string, name: string): unknown {
    const completed = this.#nullable(slot, value, parent, name)
    if (completed !== null) return completed
    if (!slot.nonNull) return null
    if (!this.#errors.explains(this.#path)) this.#report(`Cannot return null for non-nullable field ${parent}.${name}.`)
    return invalid
  }

  /** Null when it is null or became null; never {@link invalid}. */
  #nullable(slot: Slot, value: unknown, parent: string, name: string): unknown {
    if (value === null || value === undefined) return null
    if (slot.item) {
      if (!Array.isArray(value)) return this.#unexpected('a list', parent, name)
      const items: unknown[] = new Array(value.length)
      for (let index = 0; index < value.length; index++) {
        this.#path.push(index)
        const item = this.#value(slot.item, value[index], parent, name)
        this.#path.pop()
        if (item === invalid) return null
        items[index] = item
      }
      return items
    }
    if (slot.selection) {
      if (!isObject(value)) return this.#unexpected('an object', parent, name)
      const object = this.object(slot.selection, value)
      return object === invalid ? null : object
    }
    if (slot.values && !(typeof value === 'string' && slot.values.has(value))) {
      return this.#unexpected('a value of its enum', parent, name)
    }
    return slot.scalar ? coerced(slot.scalar, value) ?? this.#unexpected(`a value of ${slot.scalar.name}`, parent, name) : value
  }

  #unexpected(expected: string, parent: string, name: string): null {
    this.#report(`Expected ${expected} for field ${parent}.${name}; the subgraph answered something else.`)
    return null
  }

  #report(message: string): void {
    this.#errors.add(new GraphQLError(message, { path: [...this.#path], extensions: { code: codes.downstream } }))
  }
}
