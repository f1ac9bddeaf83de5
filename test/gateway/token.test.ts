import assert from 'node:assert/strict'
import { test } from 'node:test'
import { waitForToken } from '../../gateway/token.ts'
import { encodeToken } from '../../resolvers/events/token.ts'
import { ProgressWaits } from '../../search/progress-waits.ts'

const token = encodeToken([{ topic: 'engagements', partition: 0, offset: 4, appendedAt: 0 }], 'log-1')

/** A wait for the token, and how often the log was asked for its ends. */
function begin(view: ProgressWaits) {
  const asked = { times: 0, done: false }
  const staleness = { ends: () => {
    asked.times++
    return Promise.resolve({ 'engagements/0': 5 })
  } }
  const wait = waitForToken(token, { view, staleness, logId: 'log-1', timeoutMs: 60_000 }).then(() => { asked.done = true })
  return { asked, wait }
}

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

test('a token of events that are covered waits for what they had re-keyed, to sellers and people', async () => {
  const view = new ProgressWaits()
  view.advance({ 'engagements/0': 5 }, { 'rekeyed/2': 9 })
  const { asked, wait } = begin(view)
  await turn()
  assert.equal(asked.done, false)
  view.advance({ 'rekeyed/2': 9 }, {})
  await wait
  assert.equal(asked.times, 0)
})

test('a token of events that are not covered waits for them and for what they re-key', async () => {
  const view = new ProgressWaits()
  const { asked, wait } = begin(view)
  await turn()
  view.advance({ 'engagements/0': 5 }, { 'rekeyed/2': 9 })
  await turn()
  assert.equal(asked.done, false)
  view.advance({ 'rekeyed/2': 9 }, {})
  await wait
  assert.equal(asked.times, 1)
})

test('a token of events that are applied with all that they re-keyed waits for nothing', async () => {
  const view = new ProgressWaits()
  view.advance({ 'engagements/0': 5, 'rekeyed/2': 9 }, { 'rekeyed/2': 9 })
  const { asked, wait } = begin(view)
  await wait
  assert.equal(asked.times, 0)
})
