import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import {
  deadLetterRecord, listDeadLetters, resubmit, resubmitParked, showDeadLetter,
} from '../../events/dead-letters.ts'
import { partitionKey, type EventLog } from '../../events/log.ts'
import { parseEvent } from '../../events/parse.ts'
import { readRetained } from '../../events/read-up-to.ts'
import { ingestedTopics, partitionOf, topicNames, topicSpecs } from '../../events/topics.ts'
import { take } from './contract.ts'
import { examples } from './examples.ts'
import { temporaryLog } from './temporary-log.ts'

const topics = topicNames('t')
const NOW = Date.parse('2026-03-01T12:00:00Z')
const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))

/** A log, and what ingest does with its bad records: each goes to dead letters. */
async function room(t: TestContext) {
  let now = NOW
  const { log } = await temporaryLog(t, { clock: () => now++ })
  await log.ensureTopics(topicSpecs(topics))
  const refuse = async (key: string | null, value: Uint8Array | null, topic = topics.livestreams): Promise<string> => {
    const [at] = await log.append([{ topic, key, value, ...(key === null && { partition: 1 }) }])
    const [record] = await take(log, { [partitionKey(topic, at!.partition)]: at!.offset }, 1)
    const parsed = parseEvent(value ?? new Uint8Array(), { appendedAt: record!.appendedAt, key })
    assert.ok(!parsed.ok)
    await log.append([deadLetterRecord(record!, parsed, NOW + 5_000, topics)])
    return `${topic}/${at!.partition}/${at!.offset}`
  }
  return { log, refuse }
}

const domainEnds = (log: EventLog) => log.ends(ingestedTopics(topics))

describe('a dead letter', () => {
  test('keeps the untouched bytes, whatever they are, with reason and place', async (t) => {
    const { log, refuse } = await room(t)
    const value = Uint8Array.from({ length: 256 }, (_, i) => i)
    const id = await refuse('livestream:ls-1', value)
    const [at, partition] = [id.split('/').at(-1), partitionOf('livestream:ls-1', 4)]
    const letter = await showDeadLetter(log, topics, id)
    assert.deepEqual(Buffer.from(letter!.value!), Buffer.from(value))
    const { value: _, ...rest } = letter!
    assert.deepEqual(rest, {
      id, kind: 'rejected', reason: 'MALFORMED_JSON', message: 'expected UTF-8, got bytes that are none', topic: 't.livestreams',
      partition, offset: Number(at), key: 'livestream:ls-1', appendedAt: NOW, rejectedAt: NOW + 5_000, bytes: 256,
    })
    assert.deepEqual((await listDeadLetters(log, topics)).letters, [rest])
    assert.equal(await showDeadLetter(log, topics, 't.livestreams/0/999'), null)
  })

  test('of no bytes, of no key, and of more bytes than are copied', async (t) => {
    const { log, refuse } = await room(t)
    const none = await refuse('livestream:ls-1', null)
    assert.equal((await showDeadLetter(log, topics, none))!.value, null)
    const keyless = await refuse(null, bytes(examples.BidPlaced))
    assert.equal((await showDeadLetter(log, topics, keyless))!.reason, 'SUBJECT_MISMATCH')
    const huge = bytes('x'.repeat((4 << 20) + 1))
    const large = await refuse('livestream:ls-1', huge)
    const letter = await showDeadLetter(log, topics, large)
    assert.equal(letter!.bytes, huge.length)
    assert.ok(huge.equals(letter!.value!), 'read from the record itself')
    for await (const batch of readRetained(log, [topics.deadLetters]))
      for (const record of batch) assert.ok(record.value!.length < 6 << 20)
  })

  test('refused twice is listed once', async (t) => {
    const { log, refuse } = await room(t)
    const id = await refuse('livestream:ls-1', bytes('no'))
    for await (const [record] of readRetained(log, [topics.deadLetters])) {
      await log.append([{ topic: record!.topic, partition: record!.partition, key: record!.key, value: record!.value }])
    }
    const page = await listDeadLetters(log, topics, { limit: 1 })
    assert.deepEqual(page.letters.map((letter) => letter.id), [id])
    assert.equal(page.next, undefined)
  })
})

describe('the list', () => {
  test('comes in pages that together hold each letter once', async (t) => {
    const { log, refuse } = await room(t)
    const ids: string[] = []
    for (let i = 0; i < 23; i++) ids.push(await refuse(`livestream:ls-${i}`, bytes(`bad ${i}`)))
    const seen: string[] = []
    let page = await listDeadLetters(log, topics, { limit: 5 })
    const sizes = [page.letters.length]
    seen.push(...page.letters.map(({ id }) => id))
    while (page.next) {
      page = await listDeadLetters(log, topics, { limit: 5, from: page.next })
      sizes.push(page.letters.length)
      seen.push(...page.letters.map(({ id }) => id))
    }
    assert.deepEqual(sizes, [5, 5, 5, 5, 3])
    assert.deepEqual(seen.sort(), ids.sort())
  })

  test('passes over what is no letter', async (t) => {
    const { log, refuse } = await room(t)
    await log.append([bytes('{'), bytes('3'), bytes('{"entry":"other"}'), null].map((value) => ({ topic: topics.deadLetters, key: 'x', value })))
    const id = await refuse('livestream:ls-1', bytes('no'))
    assert.deepEqual((await listDeadLetters(log, topics)).letters.map((letter) => letter.id), [id])
  })
})

describe('sending again', () => {
  const early = { ...examples.BidPlaced, time: new Date(NOW + 120_000).toISOString() }

  test('appends the untouched bytes under the key of the subject, once it would pass, and the list says so', async (t) => {
    const { log, refuse } = await room(t)
    const value = bytes(` ${JSON.stringify(early)} `)
    const id = await refuse('livestream:wrong-key', value)
    const before = await domainEnds(log)
    const tooEarly = await resubmit(log, topics, id, { now: NOW })
    assert.ok(!tooEarly.ok)
    assert.equal(tooEarly.reason, 'FAR_FUTURE')
    assert.deepEqual(await domainEnds(log), before)

    const sent = await resubmit(log, topics, id, { now: NOW + 90_000 })
    assert.ok(sent.ok)
    assert.equal(sent.partition, partitionOf(early.subject, 4))
    const [record] = await take(log, { [partitionKey(sent.topic, sent.partition)]: sent.offset }, 1)
    assert.equal(record!.key, early.subject)
    assert.ok(value.equals(record!.value!))
    const { letters: [letter] } = await listDeadLetters(log, topics)
    assert.equal(letter!.resubmittedAt, NOW + 90_000)
    assert.equal((await showDeadLetter(log, topics, id))!.resubmittedAt, NOW + 90_000)
    assert.deepEqual((await listDeadLetters(log, topics, { waitingOnly: true })).letters, [])
  })

  test('takes edited bytes, and refuses ones that are still wrong', async (t) => {
    const { log, refuse } = await room(t)
    const id = await refuse('livestream:ls-42', bytes('{"half":'))
    for (const edited of [undefined, bytes('{"half":"')]) {
      const refused = await resubmit(log, topics, id, { now: NOW, ...(edited && { edited }) })
      assert.ok(!refused.ok)
      assert.equal(refused.reason, 'MALFORMED_JSON')
      assert.match(refused.message, /^It would be refused again\./)
    }
    const edited = bytes(examples.BidPlaced)
    const sent = await resubmit(log, topics, id, { now: NOW, edited })
    assert.ok(sent.ok)
    const [record] = await take(log, { [partitionKey(sent.topic, sent.partition)]: sent.offset }, 1)
    assert.ok(edited.equals(record!.value!))
  })

  test('an id that is none', async (t) => {
    const { log } = await room(t)
    const refused = await resubmit(log, topics, 'nowhere/0/0', { now: NOW })
    assert.ok(!refused.ok)
    assert.equal(refused.reason, 'NOT_FOUND')
  })

  test('after an upgrade, parked events that are understood now are sent once', async (t) => {
    const { log, refuse } = await room(t)
    await refuse('livestream:ls-1', bytes('no'))
    const unknown = await refuse('livestream:ls-42', bytes({ ...examples.BidPlaced, type: 'RaidStarted' }))
    assert.equal(await resubmitParked(log, topics, { now: NOW }), 0)
    // What an older version parked: bytes that this one understands.
    const [at] = await log.append([{ topic: topics.livestreams, key: 'livestream:ls-42', value: bytes(examples.BidPlaced) }])
    const record = { topic: topics.livestreams, partition: at!.partition, offset: at!.offset, key: 'livestream:ls-42', appendedAt: NOW,
      value: bytes(examples.BidPlaced) }
    const letter = deadLetterRecord(record, { ok: false, parked: true, reason: 'UNKNOWN_TYPE', message: '' }, NOW, topics)
    await log.append([letter, letter]) // as after a crash
    const before = await domainEnds(log)
    assert.equal(await resubmitParked(log, topics, { now: NOW }), 1)
    assert.equal(await resubmitParked(log, topics, { now: NOW }), 0)
    const key = partitionKey(topics.livestreams, at!.partition)
    assert.deepEqual(await domainEnds(log), { ...before, [key]: before[key]! + 1 })
    const waiting = (await listDeadLetters(log, topics, { waitingOnly: true })).letters
    assert.deepEqual(waiting.filter(({ kind }) => kind === 'parked').map(({ id }) => id), [unknown])
  })
})
