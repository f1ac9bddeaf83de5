import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import Type, { type TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { incompatibilities, type JsonSchema } from '../../events/compatibility.ts'

const faults = (before: TSchema, after: TSchema) => incompatibilities(before as JsonSchema, after as JsonSchema)
const { Object: object, Optional: optional, String: string, Integer: integer, Number: number, Array: array, Boolean: boolean } = Type

describe('a compatible change', () => {
  const changes: [string, TSchema, TSchema][] = [
    ['none', object({ a: string() }), object({ a: string() })],
    ['a new optional field', object({ a: string() }), object({ a: string(), b: optional(number()) })],
    ['a field that is optional now', object({ a: string() }), object({ a: optional(string()) })],
    ['wider bounds', object({ a: string({ minLength: 2, maxLength: 5 }) }), object({ a: string({ minLength: 1, maxLength: 9 }) })],
    ['no bounds any more', object({ a: integer({ minimum: 1, maximum: 5 }) }), object({ a: integer() })],
    ['numbers for whole numbers', object({ a: integer() }), object({ a: number() })],
    ['no pattern any more', object({ a: string({ pattern: '^x' }) }), object({ a: string() })],
    ['one more value', object({ a: string({ enum: ['x'] }) }), object({ a: string({ enum: ['x', 'y'] }) })],
    ['longer lists of wider items', array(string({ maxLength: 1 }), { maxItems: 1 }), array(string({ maxLength: 2 }), { maxItems: 2 })],
    ['other words', object({ a: string() }, { description: 'x' }), object({ a: string({ title: 'y' }) })],
  ]
  for (const [name, before, after] of changes) test(name, () => assert.deepEqual(faults(before, after), []))
})

describe('a change that breaks what was promised is named by its place', () => {
  const changes: [string, TSchema, TSchema, RegExp][] = [
    ['a field taken away', object({ a: optional(string()) }), object({}), /^\/data\/a: was taken away/],
    ['a new required field', object({}), object({ a: string() }), /^\/data\/a: is required now/],
    ['an optional field that is required now', object({ a: optional(string()) }), object({ a: string() }), /^\/data\/a: is required now/],
    ['another type', object({ a: string() }), object({ a: number() }), /^\/data\/a: the type was "string" and is "number"/],
    ['whole numbers for numbers', object({ a: number() }), object({ a: integer() }), /^\/data\/a: the type was "number"/],
    ['a higher minimum', object({ a: integer({ minimum: 0 }) }), object({ a: integer({ minimum: 1 }) }), /'minimum' was 0 and is 1/],
    ['a new maximum', object({ a: integer() }), object({ a: integer({ maximum: 1 }) }), /'maximum' was not set and is 1/],
    ['shorter texts', object({ a: string({ maxLength: 9 }) }), object({ a: string({ maxLength: 8 }) }), /'maxLength' was 9 and is 8/],
    ['longer texts', object({ a: string() }), object({ a: string({ minLength: 1 }) }), /'minLength' was not set/],
    ['another pattern', object({ a: string({ pattern: 'x' }) }), object({ a: string({ pattern: 'y' }) }), /the pattern is "y" now/],
    ['a value less', object({ a: string({ enum: ['x', 'y'] }) }), object({ a: string({ enum: ['y'] }) }), /\["x"\] is not allowed any more/],
    ['only some values', object({ a: string() }), object({ a: string({ enum: ['y'] }) }), /only \["y"\] is allowed now/],
    ['no unknown fields', object({}), object({}, { additionalProperties: false }), /refused now/],
    ['shorter lists', array(string(), { maxItems: 2 }), array(string(), { maxItems: 1 }), /^\/data: 'maxItems'/],
    ['narrower items', array(object({ a: optional(string()) })), array(object({ a: string() })), /^\/data\/\*\/a: is required now/],
    ['no repetition', array(string()), array(string(), { uniqueItems: true }), /repeated items/],
    ['a keyword beyond these', object({}), object({}, { not: { required: ['a'] } }), /'not' was added/],
    ['a name with a slash', object({ 'a/b': string() }), object({}), /^\/data\/a~1b: was taken away/],
  ]
  for (const [name, before, after, fault] of changes) {
    test(name, () => {
      const found = faults(before, after)
      assert.equal(found.length, 1, found.join('\n'))
      assert.match(found[0]!, fault)
    })
  }
})

// A schema of two fields, as numbers: what kind each is, whether it is optional, and its bounds.
const field = fc.record({
  kind: fc.constantFrom('string', 'integer', 'number', 'boolean', 'list'), optional: fc.boolean(),
  low: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }), high: fc.option(fc.integer({ min: 3, max: 6 }), { nil: undefined }),
})
type Field = typeof field extends fc.Arbitrary<infer T> ? T : never

function schemaOf({ kind, optional: isOptional, low, high }: Field): TSchema {
  const defined = (bounds: Record<string, number | undefined>) => Object.fromEntries(Object.entries(bounds).filter(([, value]) => value !== undefined))
  const schema: TSchema = kind === 'string' ? string(defined({ minLength: low, maxLength: high }))
    : kind === 'integer' ? integer(defined({ minimum: low, maximum: high }))
    : kind === 'number' ? number(defined({ minimum: low, maximum: high }))
    : kind === 'boolean' ? boolean() : array(string(), defined({ minItems: low, maxItems: high }))
  return isOptional ? optional(schema) : schema
}

const anyValue = fc.oneof(
  fc.string({ maxLength: 8 }), fc.integer({ min: -2, max: 8 }), fc.double({ min: -2, max: 8, noNaN: true }), fc.boolean(),
  fc.array(fc.string(), { maxLength: 8 }), fc.constant(undefined))

test('a change without a fault refuses nothing that was valid', () => {
  let compatible = 0
  fc.assert(fc.property(field, field, fc.record({ a: field, key: fc.constantFrom('kind', 'optional', 'low', 'high') }),
    fc.array(fc.record({ a: anyValue, b: anyValue }), { minLength: 20, maxLength: 20 }), (a, b, change, values) => {
      const changed = { ...a, [change.key]: change.a[change.key as keyof Field] }
      const [before, after] = [object({ a: schemaOf(a), b: schemaOf(b) }), object({ a: schemaOf(changed), b: schemaOf(b) })]
      if (faults(before, after).length > 0) return
      compatible++
      const [old, now] = [Compile(before), Compile(after)]
      for (const { a: one, b: two } of values) {
        const value = { ...(one !== undefined && { a: one }), ...(two !== undefined && { b: two }) }
        if (old.Check(value)) assert.ok(now.Check(value), `${JSON.stringify(value)} was valid`)
      }
    }), { numRuns: 300 })
  assert.ok(compatible > 50, `${compatible} changes were compatible`)
})
