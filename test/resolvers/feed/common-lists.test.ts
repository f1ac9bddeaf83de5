import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCommonLists } from '../../../resolvers/feed/common-lists.ts'
import type { IndexPage } from '../../../search/entity-index.ts'

test('a list is asked once while it is remembered, again afterwards, and apart from others', async () => {
  let now = 0
  let asked = 0
  const lists = createCommonLists({ ttlMs: 500, clock: () => now })
  const ask = () => Promise.resolve<IndexPage>({ hits: [], hasNextPage: ++asked > 100 })
  await Promise.all([lists('a', ask), lists('a', ask), lists('b', ask)])
  assert.equal(asked, 2)
  now = 499
  await lists('a', ask)
  assert.equal(asked, 2)
  now = 500
  await lists('a', ask)
  assert.equal(asked, 3)
})

test('a failure is not remembered', async () => {
  const lists = createCommonLists({ ttlMs: 500, clock: () => 0 })
  await assert.rejects(lists('a', () => Promise.reject(new Error('away'))), /away/)
  const page: IndexPage = { hits: [], hasNextPage: false }
  assert.equal(await lists('a', () => Promise.resolve(page)), page)
})
