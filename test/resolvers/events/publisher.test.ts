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
    { type: 'UserProfileChanged', subject: 'user:a', data: { name: 'B', unknown: 1 }, id: 'given', source: 'shop', time: '2027-01-15T08:59:59.995+01:00', dataschema: 'urn:freshet:event:UserProfileChanged:1' },
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
    { specversion: '1.0', id: 'given', source: 'shop', time: '2027-01-15T08:59:59.995+01:00', type: 'UserProfileChanged', subject: 'user:a', data: { name: 'B', unknown: 1 }, dataschema: 'urn:freshet:event:UserProfileChanged:1' },
  ])
})

test('appends nothing where nothing is accepted', async () => {
  const log = { id: 'log', append: () => assert.fail('nothing is to be appended') }
  const publisher = createPublisher({ log: log as never, topics: topicNames(), clock: () => now, newId: () => 'id' })
  assert.equal((await publisher.publish([{ type: 'UserSneezed', subject: 'user:a', data: {} }])).token, null)
})

test('judges each event for itself, whatever stands in "time" and "data"', async (t) => {
  const { log } = await temporaryLog(t)
  const topics = topicNames()
  await log.ensureTopics(topicSpecs(topics))
  const publisher = createPublisher({ log, topics, clock: () => now, newId: () => 'id' })
  const event = { type: 'UserRegistered', subject: 'user:a', data: { name: 'A' } } as const
  const times = ['yesterday', '', '2026-02-30T00:00:00Z', '2026-01-31T18:00:00', 1_700_000_000_000, true, ['2026-01-31T18:00:00Z'], {}]
  const data = [null, undefined, 7, 'text', true, []]
  const refused = [...times.map((time) => ({ ...event, time })), ...data.map((each) => ({ ...event, data: each }))]
  const { results, token } = await publisher.publish(refused.flatMap((each) => [each, { ...event, time: null }]))
  assert.deepEqual(
    results.map(({ accepted, code }) => [accepted, code]),
    [...times.map(() => 'INVALID_ENVELOPE'), ...data.map(() => 'INVALID_DATA')].flatMap((code) => [[false, code], [true, null]]))
  assert.equal(results[0]?.message, "/time: expected an existing RFC 3339 time, as in '2026-01-31T12:00:00.000Z', got a text of 9 characters")
  assert.deepEqual(Object.values(decodeToken(String(token), log.id) ?? {}), [refused.length])
})
