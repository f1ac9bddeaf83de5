import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogRecord } from '../../../events/log.ts'
import { domainTopics, topicNames, topicSpecs } from '../../../events/topics.ts'
import { createPublisher } from '../../../resolvers/events/publisher.ts'
import { decodeToken } from '../../../resolvers/events/token.ts'
import { temporaryLog } from '../../events/temporary-log.ts'

const now = 1_800_000_000_000

test('appends what is accepted in the order given, with what was left out filled in', async (t) => {
  const { log } = await temporaryLog(t)
  const topics = topicNames()
  await log.ensureTopics(topicSpecs(topics))
  let ids = 0
  const publisher = createPublisher({ log, topics, clock: () => now, newId: () => `new-${++ids}` })
  const { results, token } = await publisher.publish([
    { type: 'UserRegistered', subject: 'user:a', data: { name: 'A' } },
    { type: 'UserRegistered', subject: 'user:a', data: {} },
    { type: 'UserProfileChanged', subject: 'user:a', data: { name: 'B', unknown: 1 }, id: 'given', source: 'shop', time: now - 5, dataschema: 'urn:freshet:event:UserProfileChanged:1' },
  ])
  assert.deepEqual(results.map(({ accepted, id, code }) => [accepted, id, code]), [[true, 'new-1', null], [false, 'new-2', 'INVALID_DATA'], [true, 'given', null]])
  const ends = decodeToken(String(token), log.id)
  assert.deepEqual(ends, Object.fromEntries(Object.entries(await log.ends(domainTopics(topics))).filter(([, end]) => end > 0)))

  const done = new AbortController()
  const records: LogRecord[] = []
  for await (const batch of log.read({ from: await log.starts([topics.users]), signal: done.signal })) if (records.push(...batch) === 2) done.abort()
  assert.deepEqual(records.map(({ key }) => key), ['user:a', 'user:a'])
  assert.deepEqual(records.map(({ value }) => JSON.parse(Buffer.from(value as Uint8Array).toString()) as unknown), [
    { specversion: '1.0', id: 'new-1', source: 'freshet:publish', time: new Date(now).toISOString(), type: 'UserRegistered', subject: 'user:a', data: { name: 'A' } },
    { specversion: '1.0', id: 'given', source: 'shop', time: new Date(now - 5).toISOString(), type: 'UserProfileChanged', subject: 'user:a', data: { name: 'B', unknown: 1 }, dataschema: 'urn:freshet:event:UserProfileChanged:1' },
  ])
})

test('appends nothing where nothing is accepted', async () => {
  const log = { id: 'log', append: () => assert.fail('nothing is to be appended') }
  const publisher = createPublisher({ log: log as never, topics: topicNames(), clock: () => now, newId: () => 'id' })
  assert.equal((await publisher.publish([{ type: 'UserSneezed', subject: 'user:a', data: {} }])).token, null)
})
