import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import type { Plan } from '../../federation/plans.ts'
import { SharedOperations } from '../../federation/shared-operations.ts'
import type { SubgraphTransport } from '../../federation/types.ts'
import { Writes } from '../../federation/writes.ts'

const transport: SubgraphTransport = {
  forwarded: (headers = {}) => headers, execute: () => ({}), subscribe: () => Promise.reject(new Error('not here')),
}
const plan = { step: { kind: 'root', call: { service: 'a' } } } as Plan
const request = { document: parse('{ a }'), sharing: { key: 'k' } }

test('knows while a query runs that it does, for its scope only, and nothing of it afterwards', async () => {
  const operations = new SharedOperations(new Map([['a', transport]]), new Writes())
  const key = operations.key(plan, { n: 1 }, request)!
  const others = [operations.key(plan, { n: 1 }, { ...request, sharing: { key: 'l' } })!,
    operations.key(plan, { n: 1 }, { ...request, headers: { a: '1' } })!]
  const { promise, resolve } = Promise.withResolvers<{ data: null }>()
  const running = operations.run(plan, key, request, () => promise)
  assert.ok(operations.isRunning(plan, key, request) && operations.isCrowded(plan, key))
  const different = operations.key(plan, { n: 2 }, request)!
  assert.ok(!operations.isRunning(plan, different, request) && operations.isCrowded(plan, different))
  for (const other of others) assert.ok(!operations.isRunning(plan, other, request) && !operations.isCrowded(plan, other))
  resolve({ data: null })
  assert.deepEqual(await running, { data: null })
  assert.ok(!operations.isRunning(plan, key, request) && !operations.isCrowded(plan, key))
})

test('has no key for queries without one, without calls, or over subgraphs that are not connected', () => {
  const operations = new SharedOperations(new Map([['a', transport]]), new Writes())
  assert.equal(operations.key(plan, {}, { document: request.document }), undefined)
  assert.equal(operations.key({ ...plan, step: undefined }, {}, request), undefined)
  assert.equal(new SharedOperations(new Map(), new Writes()).key(plan, {}, request), undefined)
})
