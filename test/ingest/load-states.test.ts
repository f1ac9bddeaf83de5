import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogRecord } from '../../events/log.ts'
import { encodeEntityState } from '../../ingest/entity-state-codec.ts'
import { newEntityState } from '../../ingest/entity-state.ts'
import { ShardStatesLoader } from '../../ingest/load-states.ts'
import { joinHead, splitHead, stateKey } from '../../ingest/state-records.ts'
import type { StateHead } from '../../ingest/state-records.ts'

let offset = 0
const record = (name: string, value: Uint8Array): LogRecord =>
  ({ topic: 'freshet.state', partition: 0, offset: offset++, key: stateKey(name), value, appendedAt: 0 })
const text = (value: unknown) => Buffer.from(JSON.stringify(value))
const withHead = (head: StateHead, body: Uint8Array) => joinHead(text(head), body)

test('what a state includes is said by its head, which many share, or formerly by itself', () => {
  const loader = new ShardStatesLoader()
  const body = encodeEntityState(newEntityState('user:a'), { positions: {}, sequence: 3 })
  loader.take(record('user:a', withHead({ epoch: 1, checkpoint: 1, includes: { 'freshet.users/0': 5 } }, body)))
  loader.take(record('user:b', withHead({ epoch: 1, checkpoint: 1, includes: { 'freshet.users/0': 5 } }, body)))
  loader.take(record('user:c', withHead({ epoch: 1, checkpoint: 1, includes: { 'freshet.users/0': 7 } }, body)))
  loader.take(record('user:d', withHead({ epoch: 1, checkpoint: 1 }, text({ v: 1, q: 3, p: { 'freshet.users/0': 9 }, r: [0, 0, 0, 0] }))))
  const { entities } = loader.end()
  assert.deepEqual([...entities].map(([entity, { positions }]) => [entity, positions['freshet.users/0']]),
    [['user:a', 5], ['user:b', 5], ['user:c', 7], ['user:d', 9]])
})

test('a head is read anew where one byte of it differs, its length included', () => {
  const heads: StateHead[] = [
    { epoch: 1, checkpoint: 11 }, { epoch: 1, checkpoint: 11 }, { epoch: 1, checkpoint: 12 }, { epoch: 2, checkpoint: 12 }, { epoch: 2, checkpoint: 123 },
    { epoch: 2, checkpoint: 12 }, { epoch: 2, checkpoint: 12, includes: {} },
  ]
  for (const head of heads) {
    const { head: read, body } = splitHead(record('user:a', withHead(head, text('the body'))))
    assert.deepEqual(read, head)
    assert.equal(Buffer.from(body).toString(), '"the body"')
  }
})

test('a record that is its head alone has no body, whatever came before', () => {
  const marker = { epoch: 1, checkpoint: 1 }
  splitHead(record('user:a', withHead(marker, text(1))))
  const { head, body } = splitHead(record('checkpoint', text(marker)))
  assert.deepEqual([head, body.length], [marker, 0])
})
