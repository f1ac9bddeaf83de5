import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConstValue } from 'graphql'
import fc from 'fast-check'
import { compileFilter } from '../../federation/edfs/filter.ts'
import { Audience, type Listener } from '../../subscriptions/audience.ts'

type Event = Record<string, unknown>

interface Named extends Listener<Event> {
  name: string
}

const listener = (name: string, condition: string): Named => {
  const bound = compileFilter(parseConstValue(condition), { problem: assert.fail, fieldPath: () => {}, template: () => {} })({})
  assert.ok(typeof bound !== 'boolean')
  return { name, wants: bound }
}

const called = (audience: Audience<Event, Named>, event: Event): string[] => {
  const names: string[] = []
  audience.forEach(event, ({ name }) => names.push(name))
  return names
}

test('an event asks only those whose filter names what it has', () => {
  const audience = new Audience<Event, Listener<Event>>()
  let asked = 0
  for (let id = 0; id < 1_000; id++) {
    const { wants } = listener('', `{ IN: { fieldPath: "id", values: ["${id}"] } }`)
    audience.add({ wants: Object.assign((event: Event) => {
      asked++
      return wants(event)
    }, { within: wants.within }) })
  }
  let found = 0
  audience.forEach({ id: 7 }, () => found++)
  assert.deepEqual([found, asked], [1, 1])
})

test('who has left is not found, and who shares its texts still is', () => {
  const audience = new Audience<Event, Named>()
  const [one, other] = [listener('one', '{ IN: { fieldPath: "id", values: [1, 2] } }'), listener('other', '{ IN: { fieldPath: "id", values: [2] } }')]
  audience.add(one)
  audience.add(other)
  assert.deepEqual(called(audience, { id: [1, 2] }), ['one', 'other'], 'each once')
  audience.delete(one)
  audience.delete(one)
  assert.deepEqual([called(audience, { id: 1 }), called(audience, { id: 2 }), audience.size], [[], ['other'], 1])
})

test('finds exactly those whose filter passes, whatever the filters and events are', () => {
  const scalar = fc.constantFrom('1', '"a"', '"b"', 'null', 'true')
  const within = fc.tuple(fc.constantFrom('x', 'y', 'y.z'), fc.array(scalar, { minLength: 1, maxLength: 3 }))
    .map(([path, values]) => `{ IN: { fieldPath: "${path}", values: [${values.join()}] } }`)
  const condition = fc.letrec<{ any: string }>((tie) => ({
    any: fc.oneof({ maxDepth: 3 }, within, fc.tuple(fc.constantFrom('AND', 'OR'), fc.array(tie('any'), { minLength: 1, maxLength: 3 }))
      .map(([name, items]) => `{ ${name}: [${items.join()}] }`), tie('any').map((inner) => `{ NOT: ${inner} }`)),
  })).any
  const leaf = fc.constantFrom<unknown>(1, 'a', 'b', null, true, undefined)
  const value = fc.oneof(leaf, fc.array(leaf, { maxLength: 3 }), fc.record({ z: leaf }), fc.array(fc.record({ z: leaf }), { maxLength: 3 }))
  fc.assert(fc.property(fc.array(condition, { maxLength: 6 }), fc.array(fc.record({ x: value, y: value }), { maxLength: 6 }), (conditions, events) => {
    const audience = new Audience<Event, Named>()
    const listeners = conditions.map((text, index) => listener(String(index), text))
    for (const each of listeners) audience.add(each)
    for (const event of events)
      assert.deepEqual(called(audience, event).sort(), listeners.filter(({ wants }) => wants(event)).map(({ name }) => name).sort())
    for (const each of listeners) audience.delete(each)
    for (const event of events) assert.deepEqual(called(audience, event), [])
  }))
})
