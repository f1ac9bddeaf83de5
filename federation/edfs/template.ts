/** A text with places for arguments: `employeeUpdated.{{ args.id }}`. */
export interface Template {
  /** Texts, and paths from the field's arguments in between. */
  parts: readonly (string | readonly string[])[]
}

export class TemplateError extends Error {
  override name = 'TemplateError'
}

/**
 * Reads a template.
 * @throws TemplateError for braces that hold no argument
 */
export const parseTemplate = (text: string): Template => {
  const parts: (string | string[])[] = []
  let rest = text
  while (rest !== '') {
    const start = rest.indexOf('{{')
    const before = start < 0 ? rest : rest.slice(0, start)
    if (before.includes('}}')) throw new TemplateError(`"${text}" has "}}" without "{{" before it`)
    if (before !== '') parts.push(before)
    if (start < 0) break
    const end = rest.indexOf('}}', start)
    if (end < 0) throw new TemplateError(`"${text}" has "{{" without "}}" after it`)
    const inside = rest.slice(start + 2, end)
    if (!/^\s*args(\.[_A-Za-z]\w*)+\s*$/.test(inside)) {
      throw new TemplateError(`"{{${inside}}}" names no argument; expected {{ args.name }} or {{ args.name.field }}`)
    }
    parts.push(inside.trim().split('.').slice(1))
    rest = rest.slice(end + 2)
  }
  return { parts }
}

/** The paths of the arguments that a template needs. */
export const argumentsOf = ({ parts }: Template): (readonly string[])[] =>
  parts.filter((part): part is readonly string[] => typeof part !== 'string')

/** The value at a path into the arguments; undefined where there is none. */
export const argumentAt = (args: Record<string, unknown>, path: readonly string[]): unknown =>
  path.reduce<unknown>((value, key) =>
    typeof value === 'object' && value !== null && Object.hasOwn(value, key)
      ? (value as Record<string, unknown>)[key]
      : undefined, args)

/**
 * Every text that a template stands for: an argument that is a list stands for each of its items, one that is missing
 * or null for nothing.
 */
export const textsOf = ({ parts }: Template, args: Record<string, unknown>): string[] =>
  parts.reduce<string[]>((texts, part) => {
    const items = typeof part === 'string' ? [part] : scalars(argumentAt(args, part))
    return texts.flatMap((text) => items.map((item) => text + item))
  }, [''])

const scalars = (value: unknown): string[] => {
  if (Array.isArray(value)) return value.flatMap(scalars)
  return value === undefined || value === null ? [] : [String(value)]
}
