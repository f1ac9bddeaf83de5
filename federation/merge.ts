import { generate, quoted } from './generate.ts'
import type { Shape } from './shape.ts'
import type { SupergraphTypes } from './schema.ts'

export type Obj = Record<string, unknown>

export const isObject = (value: unknown): value is Obj =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

type Merge = (target: Obj, source: Obj) => void

/**
 * Copies an answer into the response tree. Answers are never adopted: they may be frozen or shared by the subgraph,
 * and one entity may go to several places, whose later fetches must not meet.
 */
export const mergeObject = (target: Obj, source: Obj, shape: Shape, types: SupergraphTypes): void =>
  mergerOf(shape, types)(target, source)

/** Shapes belong to plans of one supergraph. */
const mergers = new WeakMap<Shape, Merge>()

/** {@link mergeObject} for one shape: for many objects, leaner. */
export const mergerOf = (shape: Shape, types: SupergraphTypes): Merge => {
  let merger = mergers.get(shape)
  if (!merger) {
    const functions: string[] = []
    const name = writeMerge(shape, functions)
    mergers.set(shape, merger = generate<Merge>(`${functions.join('\n')}\nreturn merge${name}`, { types, isArray: Array.isArray, isObject }))
  }
  return merger
}

/** Writes how objects of this shape are merged, made and put in place of what is there. @returns the functions' number */
const writeMerge = (shape: Shape, functions: string[]): number => {
  const number = functions.push('') - 1
  const fields = shape.map(({ key, into, child, typename }, index) => {
    const target = `target[${quoted(typename ? '__typename' : into)}]`
    const nested = child && writeMerge(child, functions)
    return {
      into: quoted(typename ? '__typename' : into),
      value: `value${index}`,
      read: `const value${index} = source[${quoted(key)}]`,
      // A null does not hide what another subgraph knows; a concrete type's name is never replaced by the interface's name
      // that an interface object answers with.
      merge: nested !== undefined ? `${target} = put${nested}(${target}, value${index})`
        : typename ? `if (${target} === undefined || (typeof value${index} === 'string' && types.isObject(value${index}))) ${target} = value${index}`
        : `if (value${index} !== null || ${target} === undefined) ${target} = value${index}`,
      made: nested === undefined ? `value${index}` : `put${nested}(undefined, value${index})`,
    }
  })
  const reads = fields.map(({ read }) => read).join('\n')
  // An object is made at once where nothing of it is missing, and no two fields go to one place.
  const whole = new Set(fields.map(({ into }) => into)).size === fields.length
  functions[number] = `
function merge${number}(target, source) {
  ${reads}
  ${fields.map(({ value, merge }) => `if (${value} !== undefined) { ${merge} }`).join('\n')}
}
function make${number}(source) {
  ${whole ? `${reads}
  if (${['true', ...fields.map(({ value }) => `${value} !== undefined`)].join(' && ')}) return { ${fields.map(({ into, made }) => `${into}: ${made}`).join(', ')} }` : ''}
  const target = {}
  merge${number}(target, source)
  return target
}
function put${number}(existing, incoming) {
  if (incoming === null || typeof incoming !== 'object') return existing ?? incoming
  if (isArray(incoming)) {
    const list = isArray(existing) ? existing : []
    for (let index = 0; index < incoming.length; index++) list[index] = put${number}(list[index], incoming[index])
    return list
  }
  if (!isObject(existing)) return make${number}(incoming)
  merge${number}(existing, incoming)
  return existing
}`
  return number
}
