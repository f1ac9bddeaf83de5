import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseConstValue } from 'graphql'
import fc from 'fast-check'
import { compileFilter, type EventFilter } from '../../../federation/edfs/filter.ts'

const compiled = (condition: string): { filter: EventFilter, problems: string[], paths: string[], templates: string[] } => {
  const problems: string[] = []
  const paths: string[] = []
  const templates: string[] = []
  const filter = compileFilter(parseConstValue(condition), {
    problem: (message) => problems.push(message),
    fieldPath: (path, where) => paths.push(`${where} ${path.join('.')}`),
    template: (_, where) => templates.push(where),
  })
  return { filter, problems, paths, templates }
}

const passes = (condition: string, event: Record<string, unknown>, args: Record<string, unknown> = {}): boolean => {
  const { filter, problems } = compiled(condition)
  assert.deepEqual(problems, [])
  const bound = filter(args)
  return typeof bound === 'boolean' ? bound : bound(event)
}

test('IN compares scalars by their text', () => {
  const condition = '{ IN: { fieldPath: "id", values: [1, "two", 3.50, true, ENUM] } }'
  for (const id of [1, '1', 'two', 3.5, '3.5', true, 'true', 'ENUM']) assert.equal(passes(condition, { id }), true, String(id))
  for (const id of [2, '3.50', 'Two', false, null, undefined, {}, []]) assert.equal(passes(condition, { id }), false, String(id))
  assert.equal(passes(condition, {}), false)
  assert.equal(passes('{ IN: { fieldPath: "id", values: ["undefined"] } }', {}), false)
  assert.equal(passes('{ IN: { fieldPath: "id", values: "one" } }', { id: 'one' }), true, 'one value is a list of one')
  assert.equal(passes('{ IN: { fieldPath: "id", values: [null] } }', { id: null }), true)
  assert.equal(passes('{ IN: { fieldPath: "id", values: [null] } }', { id: 'null' }), false)
  assert.equal(passes('{ IN: { fieldPath: "id", values: ["null"] } }', { id: null }), false)
})

test('IN follows paths, through lists to each item', () => {
  const condition = '{ IN: { fieldPath: "a.b", values: [1] } }'
  assert.equal(passes(condition, { a: { b: 1 } }), true)
  assert.equal(passes(condition, { a: [{ b: 2 }, { b: [3, 1] }] }), true)
  for (const a of [{ b: 2 }, [], [{ b: [] }], 1, null, [[2]]]) assert.equal(passes(condition, { a }), false, JSON.stringify(a))
  assert.equal(passes('{ IN: { fieldPath: "constructor.name", values: ["Object"] } }', {}), false)
})

test('IN takes arguments, lists of them and texts around them', () => {
  const args = { id: '7', ids: [1, 2], in: { on: true } }
  assert.equal(passes('{ IN: { fieldPath: "id", values: ["{{ args.id }}"] } }', { id: 7 }, args), true)
  assert.equal(passes('{ IN: { fieldPath: "id", values: ["{{ args.ids }}"] } }', { id: '2' }, args), true)
  assert.equal(passes('{ IN: { fieldPath: "id", values: ["x-{{ args.ids }}"] } }', { id: 'x-1' }, args), true)
  assert.equal(passes('{ IN: { fieldPath: "id", values: [9, "{{ args.id }}"] } }', { id: 9 }, args), true)
  assert.equal(passes('{ IN: { fieldPath: "id", values: ["{{ args.in.on }}"] } }', { id: true }, args), true)
  assert.equal(passes('{ IN: { fieldPath: "id", values: ["{{ args.id }}"] } }', { id: '{{ args.id }}' }, args), false)
})

test('a filter whose arguments are missing is known to pass nothing, or goes on without them', () => {
  const one = '{ IN: { fieldPath: "id", values: ["{{ args.id }}"] } }'
  assert.equal(compiled(one).filter({}), false)
  assert.equal(compiled(one).filter({ id: null }), false)
  assert.equal(compiled(`{ AND: [${one}, { IN: { fieldPath: "x", values: [1] } }] }`).filter({}), false)
  assert.equal(compiled(`{ OR: [${one}, { IN: { fieldPath: "x", values: ["{{ args.x }}"] } }] }`).filter({}), false)
  assert.equal(compiled(`{ NOT: ${one} }`).filter({}), true)
  assert.equal(passes(`{ OR: [${one}, { IN: { fieldPath: "x", values: ["{{ args.x }}"] } }] }`, { x: 1 }, { x: 1 }), true)
})

test('a filter bound to one set of arguments is not changed by another', () => {
  const { filter } = compiled('{ IN: { fieldPath: "id", values: [0, "{{ args.id }}"] } }')
  const [one, two] = [filter({ id: 1 }), filter({ id: 2 })]
  assert.ok(typeof one === 'function' && typeof two === 'function')
  assert.deepEqual([one({ id: 1 }), one({ id: 2 }), two({ id: 1 }), two({ id: 2 })], [true, false, false, true])
})

test('AND, OR and NOT are those of logic', () => {
  type Tree = { in: [string, number[]] } | { not: Tree } | { and: Tree[] } | { or: Tree[] }
  const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
    tree: fc.oneof({ maxDepth: 4 },
      fc.record({ in: fc.tuple(fc.constantFrom('a', 'b'), fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 })) }),
      fc.record({ not: tie('tree') }),
      fc.record({ and: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) }),
      fc.record({ or: fc.array(tie('tree'), { minLength: 1, maxLength: 3 }) })),
  }))
  const written = (node: Tree): string => {
    if ('in' in node) return `{ IN: { fieldPath: "${node.in[0]}", values: [${node.in[1].map((value) => `"{{ args.v${value} }}"`).join(', ')}] } }`
    if ('not' in node) return `{ NOT: ${written(node.not)} }`
    return 'and' in node ? `{ AND: [${node.and.map(written).join(', ')}] }` : `{ OR: [${node.or.map(written).join(', ')}] }`
  }
  const meant = (node: Tree, event: Record<string, number>, given: number): boolean => {
    if ('in' in node) return node.in[1].some((value) => value < given && value === event[node.in[0]])
    if ('not' in node) return !meant(node.not, event, given)
    return 'and' in node ? node.and.every((child) => meant(child, event, given)) : node.or.some((child) => meant(child, event, given))
  }
  fc.assert(fc.property(tree, fc.record({ a: fc.nat(3), b: fc.nat(3) }), fc.nat(4), (node, event, given) => {
    const args = Object.fromEntries(Array.from({ length: given }, (_, value) => [`v${value}`, value]))
    assert.equal(passes(written(node), event, args), meant(node, event, given))
  }), { numRuns: 500 })
})

test('each part of a condition that is wrong is told with its place', () => {
  for (const [condition, problem] of [
    ['1', '"condition" must be an object with AND, OR, NOT or IN.'],
    ['{}', '"condition" must have exactly one of AND, OR, NOT and IN.'],
    ['{ IN: { fieldPath: "a", values: [1] }, NOT: {} }', '"condition" must have exactly one of AND, OR, NOT and IN.'],
    ['{ OUT: 1 }', '"condition" has "OUT"; expected AND, OR, NOT or IN.'],
    ['{ AND: [] }', '"condition.AND" must have at least one condition.'],
    ['{ OR: [{ NOT: 1 }] }', '"condition.OR[0].NOT" must be an object with AND, OR, NOT or IN.'],
    ['{ IN: [1] }', '"condition.IN" must be {fieldPath: "…", values: […]}.'],
    ['{ IN: { field: "a", value: [1] } }', '"condition.IN" must have "fieldPath" and "values".'],
    ['{ IN: { fieldPath: "", values: [1] } }', '"condition.IN.fieldPath" must be field names joined by dots.'],
    ['{ IN: { fieldPath: "a..b", values: [1] } }', '"condition.IN.fieldPath" must be field names joined by dots.'],
    ['{ IN: { fieldPath: "a", values: [] } }', '"condition.IN.values" must have at least one value.'],
    ['{ IN: { fieldPath: "a", values: [1, {b: 1}] } }', '"condition.IN.values[1]" must be a scalar or a template.'],
    ['{ IN: { fieldPath: "a", values: ["{{ id }}"] } }', '"condition.IN.values[0]" is no template: "{{ id }}" names no argument; expected {{ args.name }} or {{ args.name.field }}.'],
  ] as const) assert.deepEqual(compiled(condition).problems, [problem], condition)
  const { paths, templates } = compiled('{ AND: [{ IN: { fieldPath: "a.b", values: [1] } }, { NOT: { IN: { fieldPath: "c", values: ["{{ args.x }}"] } } }] }')
  assert.deepEqual(paths, ['condition.AND[0].IN.fieldPath a.b', 'condition.AND[1].NOT.IN.fieldPath c'])
  assert.deepEqual(templates, ['condition.AND[1].NOT.IN.values[0]'])
})
