import { GraphQLError, GraphQLScalarType, Kind, valueFromASTUntyped } from 'graphql'
import { parseTime } from '../events/time.ts'

function parseMoment(value: unknown): number {
  const time = typeof value === 'string' ? parseTime(value) : null
  if (time === null)
    throw new GraphQLError(`DateTime must be a moment with a zone in RFC 3339, as in "2026-01-31T18:00:00Z".`, {
      extensions: { code: 'BAD_USER_INPUT' },
    })
  return time
}

/** Milliseconds since the epoch inside, RFC 3339 in UTC outside. */
export const DateTime = new GraphQLScalarType<number, string>({
  name: 'DateTime',
  description: 'A moment in RFC 3339, always in UTC with milliseconds: `2026-01-31T18:00:00.000Z`.',
  serialize: (value) => {
    if (typeof value !== 'number' || !Number.isFinite(value))
      throw new GraphQLError('DateTime must be given as milliseconds since the epoch by its resolver.')
    return new Date(value).toISOString()
  },
  parseValue: parseMoment,
  parseLiteral: (node) => parseMoment(node.kind === Kind.STRING ? node.value : undefined),
})

export const Json = new GraphQLScalarType<unknown, unknown>({
  name: 'JSON',
  description: 'Any JSON value.',
  parseValue: finite,
  parseLiteral: (node, variables) => finite(valueFromASTUntyped(node, variables)),
})

/** Nobody has checked how deep the value is, so there is no recursion. */
function finite(value: unknown): unknown {
  const left = [value]
  while (left.length > 0) {
    const each = left.pop()
    if (typeof each === 'number' && !Number.isFinite(each))
      throw new GraphQLError(`JSON takes numbers from ${-Number.MAX_VALUE} to ${Number.MAX_VALUE}; what is beyond them cannot be kept.`, { extensions: { code: 'BAD_USER_INPUT' } })
    if (typeof each === 'object' && each !== null) for (const child of Array.isArray(each) ? each as unknown[] : Object.values(each)) left.push(child)
  }
  return value
}

/** Checked where it is used: one that does not fit is answered with a gap notice, not refused. */
export const Cursor = new GraphQLScalarType<string, string>({
  name: 'Cursor',
  description: 'Where a subscription stands: opaque, from `extensions.cursor` of a payload. Bring it back as `after`, to any replica.',
  serialize: parseCursor,
  parseValue: parseCursor,
  parseLiteral: (node) => parseCursor(node.kind === Kind.STRING ? node.value : undefined),
})

function parseCursor(value: unknown): string {
  if (typeof value !== 'string')
    throw new GraphQLError('Cursor must be a text, as payloads have it in `extensions.cursor`.', { extensions: { code: 'BAD_USER_INPUT' } })
  return value
}
