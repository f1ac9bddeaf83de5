import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { argumentsOf, parseTemplate, TemplateError, textsOf } from '../../../federation/edfs/template.ts'

const texts = (template: string, args: Record<string, unknown>) => textsOf(parseTemplate(template), args)

test('a template stands for its text with the arguments in it', () => {
  assert.deepEqual(texts('plain', {}), ['plain'])
  assert.deepEqual(texts('a.{{ args.id }}.b', { id: 7 }), ['a.7.b'])
  assert.deepEqual(texts('{{args.x}}{{  args.in.y  }}', { x: true, in: { y: 'z' } }), ['truez'])
  assert.deepEqual(argumentsOf(parseTemplate('{{ args.in.y }}-{{ args.x }}')), [['in', 'y'], ['x']])
})

test('a list stands for each of its items, what is missing or null for nothing', () => {
  assert.deepEqual(texts('{{ args.ids }}', { ids: [1, '2', null] }), ['1', '2'])
  assert.deepEqual(texts('{{ args.a }}/{{ args.b }}', { a: [1, 2], b: [3, 4] }), ['1/3', '1/4', '2/3', '2/4'])
  for (const args of [{}, { id: null }, { id: [] }, Object.create({ id: 1 }) as object]) {
    assert.deepEqual(texts('x{{ args.id }}', args as Record<string, unknown>), [])
  }
  assert.deepEqual(texts('{{ args.id.deeper }}', { id: 'text' }), [])
})

test('braces that hold no argument are refused', () => {
  for (const text of ['{{', '}}', 'a {{ args.id', 'args.id }}', '{{ }}', '{{ args }}', '{{ args. }}', '{{ id }}', '{{ args.a-b }}', '{{ {{ args.id }} }}']) {
    assert.throws(() => parseTemplate(text), TemplateError, text)
  }
})

test('text without braces is itself, whatever it is', () => {
  fc.assert(fc.property(fc.string().filter((text) => !/\{\{|\}\}/.test(text)), (text) => {
    assert.deepEqual(texts(text, {}), [text])
  }))
})
