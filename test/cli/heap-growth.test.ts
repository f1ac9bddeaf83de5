import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createHeapGrowth, roomToReturn, type HeapGrowth } from '../../cli/heap-growth.ts'

/** What it says after so many collections, each so many ms after the one before. */
const collections = (growth: HeapGrowth, from: number, count: number, apartMs: number): number => {
  let said = NaN
  for (let number = 1; number <= count; number++) said = growth(from + number * apartMs)
  return said
}

test('a heap that is seldom collected stays bounded', () => {
  assert.equal(collections(createHeapGrowth(50), 0, 100, 500), 50)
})

test('one that is collected all the time is left to V8, until that collects rarely', () => {
  const growth = createHeapGrowth(50)
  assert.equal(collections(growth, 0, 10, 90), 0)
  assert.equal(collections(growth, 1_000, 100, 600), 0)
  assert.equal(collections(growth, 61_000, 10, 1_500), 50)
  assert.equal(collections(growth, 76_000, 100, 700), 50, 'and does not go to and fro between the two')
})

test('a few collections in a row say nothing yet', () => {
  const growth = createHeapGrowth(50)
  assert.equal(collections(growth, 0, 4, 10), 50)
  assert.equal(collections(growth, 5_000, 10, 2_000), 50)
})

test('those who are connected have room to come back, a thousand of them as much again as a small heap; it has an end', () => {
  const mebibyte = 1024 ** 2
  assert.equal(roomToReturn(0, 60 * mebibyte), 0)
  assert.equal(roomToReturn(1_024, 48 * mebibyte), 100)
  assert.equal(roomToReturn(10_000, 64 * mebibyte), 100)
  assert.equal(roomToReturn(10_000, 640 * mebibyte), 10)
})
