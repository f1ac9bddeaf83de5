import { Compile, type Validator } from 'typebox/compile'
import type { TSchema } from 'typebox'
import { parseTime } from './time.ts'
import { DateTime } from './types/fields.ts'
import { eventTypes, type EventData, type EventType } from './vocabulary.ts'

/** Where something is wrong in an event: a JSON pointer into it, and what was expected there and came instead. */
export interface Fault {
  pointer: string
  expected: string
  came: string
}

/** The first thing that is wrong with the data of an event of this type; `null` when it is right. */
export function faultOf(type: EventType, data: unknown): Fault | null {
  const { validator, times } = (compiled[type] ??= compile(type))
  if (!validator.Check(data)) return firstError(validator, data)
  for (const name of times) {
    const value = (data as Record<string, unknown>)[name]
    if (value !== undefined && parseTime(value as string) === null) {
      return { pointer: `/data/${name}`, expected: 'an existing RFC 3339 time', came: describe(value) }
    }
  }
  return type === 'EmbeddingComputed' ? vectorFault(data as EventData<'EmbeddingComputed'>) : null
}

interface Compiled {
  validator: Validator
  /** Properties that hold a time: a pattern alone lets the 30th of February pass. */
  times: string[]
}

/** Compiled on first use: a gateway validates few types, and compiling all takes milliseconds. */
const compiled: Partial<Record<EventType, Compiled>> = {}

const { pattern: timePattern } = DateTime as { pattern?: string }

function compile(type: EventType): Compiled {
  const schema = eventTypes[type].data as TSchema & { properties: Record<string, { pattern?: string }> }
  return {
    validator: Compile(schema),
    times: Object.keys(schema.properties).filter((name) => schema.properties[name]?.pattern === timePattern),
  }
}

/** Squares of smaller numbers are none that a 32-bit float has, in which indexes calculate. */
const SMALLEST = 1e-15

function vectorFault({ dimensions, vector }: EventData<'EmbeddingComputed'>): Fault | null {
  const fault = (expected: string, came: string): Fault => ({ pointer: '/data/vector', expected, came })
  if (vector.length !== dimensions) return fault(`as many numbers as dimensions says, ${dimensions}`, `${vector.length}`)
  // The cosine of a vector without a direction is undefined.
  if (!vector.some((value) => Math.abs(value) >= SMALLEST)) return fault(`a number other than 0 (${SMALLEST} at least)`, 'none')
  return null
}

function firstError(validator: Validator, data: unknown): Fault {
  const [error] = validator.Errors(data)
  if (!error) return { pointer: '/data', expected: 'data of this type', came: describe(data) }
  const { requiredProperties } = error.params as { requiredProperties?: string[] }
  if (requiredProperties) {
    const pointer = `/data${error.instancePath}/${requiredProperties[0]}`
    return { pointer, expected: 'a value, since it is required', came: 'nothing' }
  }
  const expected = error.message.replace(/^must /, 'it to ')
  return { pointer: `/data${error.instancePath}`, expected, came: describe(at(data, error.instancePath)) }
}

const at = (data: unknown, pointer: string): unknown =>
  pointer.split('/').slice(1).reduce<unknown>((value, name) =>
    (value as Record<string, unknown> | undefined)?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], data)

/** A value in a few words. Never the text itself: it may be somebody's message or secret. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (typeof value === 'string') return `a text of ${value.length} characters`
  if (Array.isArray(value)) return `a list of ${value.length}`
  return typeof value === 'object' ? 'an object' : `${typeof value} ${String(value)}`
}
