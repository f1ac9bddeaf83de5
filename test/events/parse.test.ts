import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { MAX_EVENT_BYTES, parseEvent, type ParseContext, type ParkReason, type RejectReason } from '../../events/parse.ts'
import { parsePublished, toRecord } from '../../events/serialize.ts'
import { partitionOf, topicNames } from '../../events/topics.ts'
import { eventTypes, type DomainEventType } from '../../events/vocabulary.ts'
import { examples } from './examples.ts'

const bytes = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value))
const NOW = Date.parse('2026-03-01T12:00:00Z')
const context: ParseContext = { appendedAt: NOW }
const parse = (value: unknown, more: Partial<ParseContext> = {}) => parseEvent(bytes(value), { ...context, ...more })
const bid = () => structuredClone(examples.BidPlaced)
const changed = (change: Record<string, unknown>) => ({ ...bid(), ...change })
const withData = (data: Record<string, unknown>) => ({ ...bid(), data: { ...bid().data, ...data } })

function refused(parsed: ReturnType<typeof parseEvent>, reason: RejectReason | ParkReason, message: RegExp): string {
  assert.ok(!parsed.ok, 'expected a refusal')
  assert.equal(parsed.reason, reason)
  assert.match(parsed.message, message)
  return parsed.message
}

describe('an event that is right', () => {
  for (const [type, example] of Object.entries(examples)) {
    test(`${type} passes, as bytes and as a value`, () => {
      const key = example.subject
      const partition = { number: partitionOf(key, 16), count: 16 }
      const expected = { ok: true, event: example, key, time: Date.parse(example.time) }
      assert.deepEqual(parse(example, { key, partition }), expected)
      assert.deepEqual(parseEvent(example, context), expected)
    })
  }

  test('every type that producers write has an example here', () => {
    assert.deepEqual(Object.keys(examples).sort(), Object.keys(eventTypes).filter((type) => type !== 'FeedServed').sort())
  })

  test('what is not known is kept, in the envelope and in the data', () => {
    const event = { ...withData({ mood: { is: ['good'] } }), traceparent: '00-abc-01', partitionkey: 'x' }
    const parsed = parse(event)
    assert.ok(parsed.ok)
    assert.deepEqual(parsed.event, event)
  })

  test('the content type may be any JSON, and the schema may be unnamed, somebody else\'s or a known version', () => {
    for (const datacontenttype of ['application/json', 'application/json; charset=utf-8', 'application/cloudevents+json']) {
      assert.ok(parse(changed({ datacontenttype })).ok)
    }
    for (const dataschema of ['urn:freshet:event:BidPlaced:1', 'urn:freshet:event:BidPlaced:1.7', 'https://example.com/bid.json']) {
      assert.ok(parse(changed({ dataschema })).ok)
    }
  })
})

describe('an event that is wrong', () => {
  test('bytes that are no JSON are told without being quoted', () => {
    for (const text of ['', 'secret', '{"a":1', '{"a": secret}', '[1,2', '\u0000', '{"a":1}{"b":2}', '\ufeff{}']) {
      assert.doesNotMatch(refused(parse(text), 'MALFORMED_JSON', /expected one JSON object/), /secret/)
    }
    refused(parseEvent(Uint8Array.of(0x7b, 0xff, 0x7d), context), 'MALFORMED_JSON', /expected UTF-8/)
  })

  test('JSON that is no object', () => {
    for (const [text, came] of [['null', 'null'], ['[1]', 'a list of 1'], ['"x"', 'a text of 1'], ['3', 'number 3']]) {
      refused(parse(text), 'INVALID_ENVELOPE', new RegExp(`expected a JSON object, got ${came}`))
    }
  })

  test('1 MiB passes, a byte more is oversized', () => {
    const padded = (size: number) => {
      const event = { ...bid(), padding: '' }
      event.padding = 'x'.repeat(size - bytes(event).length)
      return event
    }
    assert.ok(parse(padded(MAX_EVENT_BYTES)).ok)
    refused(parse(padded(MAX_EVENT_BYTES + 1)), 'OVERSIZED', /at most 1048576 bytes, got 1048577/)
    const topics = topicNames()
    assert.ok(parsePublished(padded(MAX_EVENT_BYTES), topics, context).ok)
    refused(parsePublished(padded(MAX_EVENT_BYTES + 1), topics, context), 'OVERSIZED', /got 1048577/)
  })

  test('each attribute of the envelope is named', () => {
    const wrong: [string, unknown, RegExp][] = [
      ['specversion', '0.3', /'1\.0', got a text of 3/], ['specversion', undefined, /got nothing/],
      ['id', '', /1 to 512/], ['id', 7, /got number 7/], ['source', undefined, /got nothing/], ['source', 'x'.repeat(513), /513/],
      ['type', null, /got null/], ['subject', 'ls-1', /'livestream:ls-42'/], ['subject', undefined, /got nothing/],
      ['subject', 'livestream:a b', /entity/], ['subject', ['livestream:1'], /a list of 1/],
      ['time', '2026-03-01', /RFC 3339/], ['time', '2026-02-30T00:00:00Z', /existing/], ['time', 1_700_000_000, /got number/],
      ['datacontenttype', 'text/plain', /application\/json/], ['dataschema', 4, /got number 4/],
      ['dataschema', 'urn:freshet:event:ChatPosted:1', /'urn:freshet:event:BidPlaced:1'/],
    ]
    for (const [name, value, message] of wrong) {
      assert.match(refused(parse(changed({ [name]: value })), 'INVALID_ENVELOPE', message), new RegExp(`^/${name}: expected `))
    }
  })

  test('data is told by JSON pointer, with what was expected and what came, and no texts from inside', () => {
    const secret = 'my secret words'
    const cases: [Record<string, unknown>, RegExp][] = [
      [withData({ amount: -1 }), /^\/data\/amount: expected .*>= 0.*got number -1$/],
      [withData({ amount: 1.5 }), /^\/data\/amount: expected .*integer.*1\.5$/],
      [withData({ userId: undefined }), /^\/data\/userId: expected a value, since it is required, got nothing$/],
      [withData({ currency: secret }), /^\/data\/currency: expected .*pattern.*got a text of 15 characters$/],
      [changed({ data: undefined }), /^\/data: expected .*object.*got nothing$/],
      [changed({ data: [secret] }), /^\/data: expected .*object.*got a list of 1$/],
      [{ ...examples.EmbeddingComputed, data: { model: 'm', dimensions: 3, vector: [1, 2] } },
        /^\/data\/vector: expected as many numbers as dimensions says, 3, got 2$/],
      [{ ...examples.EmbeddingComputed, data: { model: 'm', dimensions: 3, vector: [0, -0, 0] } },
        /^\/data\/vector: expected a number other than 0 \(1e-15 at least\), got none$/],
      [{ ...examples.EmbeddingComputed, data: { model: 'm', dimensions: 1, vector: [1e-60] } }, /^\/data\/vector: expected a number other than 0/],
      [{ ...examples.EmbeddingComputed, data: { model: 'm', dimensions: 2, vector: [1, 'x'] } }, /^\/data\/vector\/1: .*number.*text of 1/],
      [{ ...examples.EmbeddingComputed, data: { model: 'm', dimensions: 2, vector: [1, null] } }, /^\/data\/vector\/1: .*null/],
      [{ ...examples.LivestreamScheduled, data: { ...examples.LivestreamScheduled.data, scheduledFor: '2026-02-30T10:00:00Z' } },
        /^\/data\/scheduledFor: expected an existing RFC 3339 time/],
    ]
    for (const [event, message] of cases) assert.doesNotMatch(refused(parse(event), 'INVALID_DATA', message), /secret/)
    const infinite = JSON.stringify(examples.EmbeddingComputed).replace(/"vector":\[[^\]]*\]/, '"vector":[1e999,0,0]')
    refused(parse(infinite), 'INVALID_DATA', /^\/data\/vector\/0: .*got number Infinity/)
  })

  test('a subject of the wrong kind, another record key, another seller than the subject', () => {
    refused(parse(changed({ subject: 'user:u1' })), 'SUBJECT_MISMATCH', /expected a livestream for BidPlaced, got a user/)
    refused(parse(bid(), { key: 'livestream:other' }), 'SUBJECT_MISMATCH', /expected the key of the record/)
    refused(parse(bid(), { key: null }), 'SUBJECT_MISMATCH', /key of the record \(null\)/)
    const follow = { ...examples.SellerFollowed, subject: 'seller:other' }
    refused(parse(follow), 'SUBJECT_MISMATCH', /\/data\/sellerId/)
    assert.ok(parse({ ...follow, subject: `seller:${examples.SellerFollowed.data.sellerId}` }).ok)
  })

  test('a record that another hash has put into the wrong partition', () => {
    const right = partitionOf(bid().subject, 16)
    refused(parse(bid(), { partition: { number: (right + 1) % 16, count: 16 } }), 'WRONG_PARTITION', new RegExp(`expected partition ${right} `))
  })

  test('the future is judged against the append time and may be 60 s ahead, or as set', () => {
    const at = (ms: number) => changed({ time: new Date(NOW + ms).toISOString() })
    assert.ok(parse(at(60_000)).ok)
    refused(parse(at(60_001)), 'FAR_FUTURE', /at most 60000 ms after .*2026-03-01T12:00:00\.000Z.* got 60001 ms/)
    assert.ok(parse(at(60_001), { futureMs: 60_001 }).ok)
    assert.ok(parse(at(60_001), { appendedAt: NOW + 1 }).ok)
  })

  test('an unknown type and a newer schema are parked, not rejected', () => {
    const unknown = parse(changed({ type: 'RaidStarted\u001b[31m' }))
    refused(unknown, 'UNKNOWN_TYPE', /'RaidStarted\?\[31m'/)
    assert.equal(!unknown.ok && unknown.parked, true)
    for (const name of ['toString', '__proto__', 'constructor']) refused(parse(changed({ type: name })), 'UNKNOWN_TYPE', /does not know/)
    const newer = parse(changed({ dataschema: 'urn:freshet:event:BidPlaced:2', data: 'whatever' }))
    refused(newer, 'UNSUPPORTED_VERSION', /BidPlaced up to 1, the event has 2/)
    assert.equal(!newer.ok && newer.parked, true)
  })

  test('what only Freshet writes is accepted from nobody', () => {
    refused(parse(changed({ type: 'FeedServed' })), 'INVALID_ENVELOPE', /written by Freshet itself/)
  })

  test('nesting beyond 32 levels is refused, however deep', () => {
    const nested = (levels: number) => `${JSON.stringify(bid()).slice(0, -1)},"x":${'['.repeat(levels)}${']'.repeat(levels)}}`
    assert.ok(parse(nested(31)).ok)
    refused(parse(nested(32)), 'INVALID_ENVELOPE', /at most 32 levels/)
    refused(parse(nested(500_000)), 'INVALID_ENVELOPE', /at most 32 levels/)
  })

  test('messages stay short, whatever comes', () => {
    const parsed = parse(changed({ type: 'x'.repeat(512) }))
    assert.ok(!parsed.ok && parsed.message.length <= 500)
  })
})

describe('properties of parsing', () => {
  test('any bytes and any JSON are judged without an exception', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (input) => parseEvent(input, context).ok === false))
    fc.assert(fc.property(fc.jsonValue(), (value) => parseEvent(value, context).ok === false))
  })

  test('an event with one value replaced by any other is judged without an exception, and kept whole where it passes', () => {
    const types = Object.keys(examples) as DomainEventType[]
    fc.assert(fc.property(fc.constantFrom(...types), fc.nat(), fc.jsonValue(), fc.boolean(), (type, which, value, inData) => {
      const event = structuredClone(examples[type]) as unknown as Record<string, unknown>
      const target = inData ? event.data as Record<string, unknown> : event
      const names = Object.keys(target)
      if (names.length > 0) target[names[which % names.length]!] = value
      const parsed = parse(event)
      if (parsed.ok) assert.deepEqual(parsed.event, JSON.parse(JSON.stringify(event)))
    }), { numRuns: 500 })
  })

  test('what was serialised is parsed to the same', () => {
    for (const example of Object.values(examples)) {
      const record = toRecord(example, topicNames('x'))
      assert.equal(record.topic, `x.${eventTypes[example.type].topic}`)
      const parsed = parseEvent(record.value, { ...context, key: record.key })
      assert.deepEqual(parsed.ok && parsed.event, example)
    }
  })
})
