import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { parse, type ExecutionResult } from 'graphql'
import type { Brought, Wanted } from '../../federation/batch.ts'
import type { Call, EntityGroup } from '../../federation/compile.ts'
import { Lane, laneKey, Lanes } from '../../federation/lanes.ts'
import type { SubgraphRequest, SubgraphTransport } from '../../federation/types.ts'

const call = (id: string): Call =>
  ({ service: 'a', text: id, id, document: parse('{ a }'), operation: 'query', variables: [] })

const group = (id: string, field: string): EntityGroup => ({
  id, responseKey: field, variable: `of_${field}`, paths: [], requires: [], inputRewrites: [], shape: [], aliases: new Map(),
  cacheKey: undefined, sources: [],
})

const wanted = (of: EntityGroup, ...ids: string[]): Wanted =>
  ({ group: of, keys: ids, representations: ids.map((id) => ({ id })) })

/** Answers each entity with the field and call that brought it. */
const open = () => {
  const requests: SubgraphRequest[] = []
  const transport: SubgraphTransport = {
    execute: async (request) => {
      requests.push(request)
      const data = Object.fromEntries(Object.entries(request.variables ?? {}).map(([name, entities]) =>
        [name.slice(3), (entities as { id: string }[]).map(({ id }) => ({ id, by: `${request.query} ${name}` }))]))
      return { data } satisfies ExecutionResult
    },
    subscribe: () => Promise.reject(new Error('not here')),
  }
  let emptied = 0
  const lane = new Lane(transport, { context: undefined }, new Lanes(), () => { emptied++ })
  return { lane, requests, emptied: () => emptied }
}

const request = { query: '', context: undefined, kind: 'query' } as const
const values = (brought: readonly Brought[]) => brought.map(({ part, positions, outcome }) =>
  [part, positions, 'answers' in outcome ? outcome.answers?.map(({ value }) => (value as { by: string }).by) : outcome])

test('an entity is found in another call under another field, and in two fields of one call', async () => {
  const { lane, requests, emptied } = open()
  const first = lane.entities(call('one'), [wanted(group('g', 'x'), '1'), wanted(group('g', 'y'), '2')], request, 0)
  const second = lane.entities(call('two'), [wanted(group('g', 'z'), '1', '2', '3')], request, 0)
  assert.deepEqual(values(await first), [[0, [0], ['one of_x']], [1, [0], ['one of_y']]])
  assert.deepEqual(values(await second), [[0, [0], ['one of_x']], [0, [1], ['one of_y']], [0, [2], ['two of_z']]])
  assert.deepEqual(requests.map(({ variables }) => variables), [
    { of_x: [{ id: '1' }], of_y: [{ id: '2' }] }, { of_z: [{ id: '3' }] },
  ])
  assert.equal(emptied(), 1, 'nothing is kept')
})

/** Calls wait until the test answers them. */
const held = () => {
  const answers: ((value: string) => void)[] = []
  const transport: SubgraphTransport = {
    execute: ({ variables }) => new Promise((resolve) => {
      answers.push((by) => resolve({ data: { x: (variables?.of_x as object[]).map(() => ({ by })) } }))
    }),
    subscribe: () => Promise.reject(new Error('not here')),
  }
  const lanes = new Lanes()
  const lane = new Lane(transport, { context: undefined }, lanes)
  return { lane, lanes, answers, ask: (since: number, ...ids: string[]) => lane.entities(call('one'), [wanted(group('g', 'x'), ...ids)], request, since) }
}

test('an entity that is answered is not joined while others of its subgraph are under way', async () => {
  const { answers, ask } = held()
  const slow = ask(0, 'other')
  await turn()
  for (const by of ['first', 'second']) {
    const quick = ask(0, '1')
    await turn()
    answers.at(-1)!(by)
    assert.deepEqual(values(await quick), [[0, [0], [by]]])
  }
  answers[0]!('slow')
  await slow
  assert.equal(answers.length, 3)
})

test('an older call that ends leaves the newer one to be joined', async () => {
  const { answers, ask, lanes } = held()
  const before = ask(0, '1')
  await turn()
  lanes.writes.answered('a')
  const after = ask(1, '1')
  await turn()
  answers[0]!('old')
  assert.deepEqual(values(await before), [[0, [0], ['old']]])
  const joined = ask(1, '1')
  await turn()
  assert.equal(answers.length, 2)
  answers[1]!('new')
  for (const brought of await Promise.all([after, joined])) assert.deepEqual(values(brought), [[0, [0], ['new']]])
})

test('groups that ask for something else have entities of their own', async () => {
  const { lane, requests } = open()
  await Promise.all(['g', 'h'].map((id) => lane.entities(call(id), [wanted(group(id, 'x'), '1')], request, 0)))
  assert.equal(requests.length, 2)
})

test('lane keys are equal for equal headers only', () => {
  assert.equal(laneKey('k', { a: '1', b: '2' }), laneKey('k', { b: '2', a: '1' }))
  const different = [laneKey('k', {}), laneKey('k', { a: '1' }), laneKey('k', { a: '12' }), laneKey('k","a', { 1: '' }), laneKey('l', { a: '1' })]
  assert.equal(new Set(different).size, different.length)
})
