import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEventReader } from '../../../federation/edfs/event.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('what is no event is reported, the first, the tenth and the hundredth time, and skipped', () => {
  const problems: string[] = []
  const read = createEventReader({ maxBytes: 30, report: ({ message }) => problems.push(message) })
  assert.deepEqual(read('one', bytes('{"id":1}')), { id: 1 })
  assert.equal(read('one', null), null)
  for (const text of ['{"id":', '[]', 'null', '"text"', `{"id":"${'x'.repeat(30)}"}`, '{]', '1', '2', '3', '4', '5'])
    assert.equal(read('one', bytes(text)), null)
  assert.equal(read('two', new Uint8Array([0xff, 0x22])), null)
  assert.equal(read('three', bytes(`{"id":"${'x'.repeat(30)}"}`)), null)
  const hint = 'Expected {"__typename": "…", …key fields}.'
  assert.deepEqual(problems, [
    `An event of the topic "one" was skipped: it is no valid JSON. ${hint}`,
    `An event of the topic "one" was skipped: it is no JSON object. ${hint} 10 of this topic were skipped so far.`,
    `An event of the topic "two" was skipped: it is no valid JSON. ${hint}`,
    `An event of the topic "three" was skipped: it has more than 30 bytes. ${hint}`,
  ])
})
