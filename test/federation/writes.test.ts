import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'
import { Writes } from '../../federation/writes.ts'

test('a key needs what was written under it, and under no key', () => {
  const writes = new Writes()
  assert.equal(writes.of('a'), 0)
  writes.answered('a')
  writes.answered('b')
  assert.deepEqual([writes.of('a'), writes.of('b'), writes.of('c'), writes.count], [1, 2, 0, 2])
  writes.answered(undefined)
  assert.deepEqual([writes.of('a'), writes.of('c')], [3, 3])
  assert.equal(writes.happened(), 4)
  assert.equal(writes.of('a'), 3)
})

test('what is forgotten is assumed of everybody: nobody ever needs less than was written', () => {
  const keys = fc.constantFrom('a', 'b', 'c', 'd', 'e')
  fc.assert(fc.property(fc.array(fc.option(keys, { nil: undefined }), { maxLength: 40 }), (written) => {
    const writes = new Writes(2)
    const last = new Map<string | undefined, number>()
    for (const key of written) {
      writes.answered(key)
      last.set(key, writes.count)
      for (const one of ['a', 'b', 'c', 'd', 'e', 'f']) {
        assert.ok(writes.of(one) >= Math.max(last.get(one) ?? 0, last.get(undefined) ?? 0))
        assert.ok(writes.of(one) <= writes.count)
      }
    }
  }), { numRuns: 200, seed: 1 })
})

test('a mutation is answered once those know who answer the same clients, whether it went well or not', async () => {
  const typeDefs = 'type Query { a: Int } type Mutation { add: Int!, fail: Int! }'
  const schema = buildSubgraph({ typeDefs, resolvers: { Mutation: { add: () => 1, fail: () => { throw new Error('no') } } } })
  const told: (string | undefined)[] = []
  const known = Promise.withResolvers<void>()
  const writes = new Writes(undefined, (key) => {
    told.push(key)
    return known.promise
  })
  await using engine = closing(createEngine({
    supergraphSdl: composeSubgraphs([{ name: 'a', url: 'http://localhost/a', typeDefs }]).supergraphSdl,
    subgraphs: new Map([['a', inProcessSubgraph({ schema })]]), writes,
  }))
  let answered = 0
  const mutations = ['mutation { add }', 'mutation { fail }'].map(async (query) => {
    const { data } = await engine.execute({ document: parse(query), context: {}, sharing: { key: 'ada' } })
    answered++
    return data
  })
  while (told.length < 2) await new Promise(setImmediate)
  assert.deepEqual([told, answered, writes.count], [['ada', 'ada'], 0, 2])
  known.resolve()
  assert.deepEqual(await Promise.all(mutations), [{ add: 1 }, null])
})

const closing = <T extends { close(): Promise<void> }>(engine: T): T & AsyncDisposable =>
  Object.assign(engine, { [Symbol.asyncDispose]: () => engine.close() })
