import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isLate, withoutCounts } from '../../ingest/lateness.ts'

test('an event is late when it is older than its append by more than the lateness', () => {
  assert.deepEqual([700, 699, 1_000, 2_000].map((time) => isLate(time, 1_000, 300)), [false, true, false, false])
})

test('a late event keeps what is last-write-wins and loses what is counted', () => {
  const follow = { follow: 's', following: true, at: 1, tie: 't' }
  assert.deepEqual(
    withoutCounts([
      { entity: 'livestream:l', fields: { status: 'LIVE' }, increments: [{ count: 'bids', at: 1, amount: 1 }] },
      { entity: 'user:u', increments: [follow, { viewer: 'u', at: 1 }] },
      { entity: 'user:v', tombstone: true },
    ]),
    [
      { entity: 'livestream:l', fields: { status: 'LIVE' } },
      { entity: 'user:u', increments: [follow] },
      { entity: 'user:v', tombstone: true },
    ],
  )
})
