import type { FetchNodePathSegment, FetchRewrite, KeyRenamer, ValueSetter } from './plan.ts'
import type { Obj } from './merge.ts'
import { isObject } from './merge.ts'
import type { SupergraphTypes } from './schema.ts'
import { fieldOf, type Shape } from './shape.ts'

const setterOf = (rewrite: FetchRewrite): ValueSetter | undefined =>
  'ValueSetter' in rewrite ? rewrite.ValueSetter : 'setValueTo' in rewrite ? rewrite : undefined

const renamerOf = (rewrite: FetchRewrite): KeyRenamer | undefined =>
  'KeyRenamer' in rewrite ? rewrite.KeyRenamer : undefined

/** The interface under whose name a rewrite makes a representation go out. */
export const interfaceOf = (rewrite: FetchRewrite): string | undefined => {
  const setter = setterOf(rewrite)
  const [first, second] = setter?.path ?? []
  const applies = first && 'TypenameEquals' in first && second && 'Key' in second && second.Key === '__typename'
  return applies && first.TypenameEquals.includes(setter?.setValueTo ?? '') ? setter?.setValueTo : undefined
}

/** Applies a fetch's input rewrites to a representation: interface objects are asked for under the interface's name. */
export const rewriteInput = (representation: Obj, rewrites: readonly FetchRewrite[], types: SupergraphTypes): void => {
  for (const rewrite of rewrites) {
    const setter = setterOf(rewrite)
    if (setter) setValue(representation, setter.path, 0, setter.setValueTo, types)
  }
}

const setValue = (
  value: unknown, path: readonly FetchNodePathSegment[], index: number, to: string, types: SupergraphTypes,
): void => {
  if (Array.isArray(value)) {
    for (const item of value) setValue(item, path, index, to, types)
    return
  }
  const segment = path[index]
  if (!segment || !isObject(value)) return
  if ('TypenameEquals' in segment) {
    const name = value.__typename
    if (typeof name === 'string' && segment.TypenameEquals.some((condition) => types.matches(condition, name))) {
      setValue(value, path, index + 1, to, types)
    }
  } else if (index === path.length - 1) {
    if (value[segment.Key] !== undefined) value[segment.Key] = to
  } else {
    setValue(value[segment.Key], path, index + 1, to, types)
  }
}

/**
 * Builds a fetch's output rewrites into the shape by which its answer is copied, and returns which internal alias
 * stands for which response key, for the paths of errors. Type conditions on the way need no check: an internal
 * alias is unique within its fetch and is selected under just those conditions.
 */
export const renameOutput = (shape: Shape, rewrites: readonly FetchRewrite[]): ReadonlyMap<string, string> => {
  const aliases = new Map<string, string>()
  for (const rewrite of rewrites) {
    const renamer = renamerOf(rewrite)
    if (!renamer) continue
    const keys = renamer.path.flatMap((segment) => 'Key' in segment ? [segment.Key] : [])
    let at: Shape | undefined = shape
    for (const key of keys.slice(0, -1)) at = fieldOf(at, key)?.child
    const last = keys.at(-1)
    const field = last === undefined ? undefined : fieldOf(at, last)
    if (!field || last === undefined) continue
    field.into = renamer.renameKeyTo
    aliases.set(last, renamer.renameKeyTo)
  }
  return aliases
}
