import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { domainTopics, ingestedTopics, partitionOf, topicNames, topicSpecs } from '../../events/topics.ts'

test('the partition is FNV-1a (32 bits) of the UTF-8 key, as published', () => {
  // Test vectors of the hash's authors, http://www.isthe.com/chongo/src/fnv/test_fnv.c
  for (const [key, hash] of [['', 0x811c9dc5], ['a', 0xe40c292c], ['b', 0xe70c2de5], ['foobar', 0xbf9cf968]] as const) {
    assert.equal(partitionOf(key, 2 ** 32), hash)
    assert.equal(partitionOf(key, 7), hash % 7)
  }
})

test('keys beyond ASCII are hashed by their bytes', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 1_000 }), (key, partitions) => {
    let hash = 0x811c9dc5n
    for (const byte of Buffer.from(key)) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn
    assert.equal(partitionOf(key, partitions), Number(hash % BigInt(partitions)))
  }))
})

test('a prefix renames every topic, and every topic has a specification', () => {
  const topics = topicNames('try')
  assert.deepEqual(topicSpecs(topics).map(({ name }) => name).sort(), Object.values(topics).sort())
  assert.ok(Object.values(topics).every((name) => name.startsWith('try.')))
  assert.deepEqual(ingestedTopics(topics), [...domainTopics(topics), 'try.rekeyed'])
  assert.equal(topicSpecs(topics).find(({ name }) => name === 'try.state')?.compacted, true)
})
