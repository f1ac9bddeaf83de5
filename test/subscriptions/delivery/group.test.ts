import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Client, cutOf, decode, encode, History, Replica, settle } from './world.ts'

const happen = (replica: Replica, keys: readonly number[]): void => {
  for (const key of keys) {
    replica.history.add(0, key)
    replica.advance(0)
  }
}

const numbers = ({ received }: Client): (number | undefined)[] => received.splice(0).map(({ data }) => data?.event?.n)

async function joined(policy: Client['policy'], buffer = 1_000, options: ConstructorParameters<typeof Replica>[1] = {}): Promise<{ replica: Replica; client: Client }> {
  const replica = new Replica(new History(1), options)
  const client = new Client(policy, buffer)
  await client.join(replica.group, { kind: 'now' })
  await settle(replica)
  client.received.length = 0
  return { replica, client }
}

/** The next write is taken, and none after it. */
const stall = async (client: Client, replica: Replica): Promise<void> => {
  client.stalled = true
  happen(replica, [9])
  await settle(replica)
  client.received.length = 0
}

describe('a slow subscriber', () => {
  test('that conflates gets the latest of each key in their order, with cursors behind which nothing is missing', async () => {
    for (const keep of [{ count: 100, bytes: 1e6 }, { count: 1, bytes: 1e6 }]) {
      const { replica, client } = await joined('CONFLATE', 1, { keep })
      await stall(client, replica)
      happen(replica, [1, 2, 1, 3, 1, 2])
      await settle(replica)
      client.resume()
      const cursors = client.received.map(({ extensions: { cursor } }) => decode(cursor as string)['changes/0']?.next)
      assert.deepEqual([numbers(client), cursors], [[4, 5, 6], [5, 6, 7]])
      assert.equal(replica.conflated.count, 3)
    }
  })

  test('that conflates gets no more than that when another one of its connection is the first to be written to', async () => {
    for (const keep of [{ count: 100, bytes: 1e6 }, { count: 1, bytes: 1e6 }]) {
      const { replica, client } = await joined('CONFLATE', 1, { keep })
      await new Client('CONFLATE', 1, client.connection).join(replica.group, { kind: 'now' })
      await settle(replica)
      await stall(client, replica)
      happen(replica, [1, 2, 1, 3, 1, 2])
      await settle(replica)
      client.resume()
      assert.deepEqual([numbers(client), replica.errors], [[4, 5, 6, 4, 5, 6], []])
      assert.equal(replica.conflated.count, 6)
    }
  })

  test('that is to be disconnected is, although it never reads again; what it had is in the error', async () => {
    const { replica, client } = await joined('DISCONNECT', 3)
    await stall(client, replica)
    happen(replica, [1, 1, 1])
    await settle(replica)
    assert.equal(client.ended, undefined)
    happen(replica, [1])
    await settle(replica)
    assert.deepEqual(client.ended, { code: 'SUBSCRIBER_TOO_SLOW', cursor: 'changes/0:1' })
    assert.deepEqual(client.received, [])
  })

  test('that buffers gets what waited, or is told how many were dropped and since when', async () => {
    const { replica, client } = await joined('BUFFER', 3)
    await stall(client, replica)
    happen(replica, [1, 2, 1])
    await settle(replica)
    client.resume()
    assert.deepEqual(numbers(client), [1, 2, 3])
    await stall(client, replica)
    happen(replica, [1, 2, 1, 1])
    await settle(replica)
    client.resume()
    await settle(replica)
    const [state, ...rest] = client.received
    assert.deepEqual(rest, [])
    assert.deepEqual(state?.extensions.gap, { reason: 'BUFFER', missed: { from: 'changes/0:5', count: 4 } })
    assert.equal(state?.data?.state?.['0-1'], 8)
    assert.equal(replica.dropped.count, 4)
  })

  test('holds nobody up, and costs no more memory than what is kept for all', async () => {
    const { replica, client } = await joined('BUFFER', 10_000, { keep: { count: 4, bytes: 50_000 } })
    const quick = new Client('BUFFER')
    await quick.join(replica.group, { kind: 'now' })
    await settle(replica)
    quick.received.length = 0
    await stall(client, replica)
    quick.received.length = 0
    let most = 0
    for (let n = 0; n < 300; n++) {
      happen(replica, [n % 3])
      await settle(replica)
      most = Math.max(most, replica.budget.used)
    }
    assert.equal(quick.received.length, 300)
    // A payload that is larger than all that is kept stays until the next one.
    assert.ok(most < 250_000, `${most} bytes`)
    client.resume()
    await settle(replica)
    assert.equal(client.received[0]?.extensions.gap?.missed.count, 300)
  })
})

describe('subscribers of equal subscriptions', () => {
  test('who join at once share one run, one state and what they missed', async () => {
    const history = new History(1)
    const replica = new Replica(history)
    happen(replica, [1, 2, 3])
    const clients = Array.from({ length: 50 }, () => new Client())
    await Promise.all(clients.map((client, index) =>
      client.join(replica.group, index % 2 ? { kind: 'now' } : { kind: 'after', cut: cutOf([1]) })))
    await settle(replica)
    assert.deepEqual(replica.runs.sort(), ['missed', 'snapshot', 'stream'])
    for (const [index, client] of clients.entries()) assert.equal(client.received.length, index % 2 ? 1 : 2)
    happen(replica, [1])
    await settle(replica)
    for (const client of clients) assert.equal(client.received.at(-1)?.data?.event?.n, 3)
  })

  test('who come with a cursor from beyond the end of the log are told of a gap, and go on from the state; a replica that is behind goes on', async () => {
    const history = new History(1)
    const [replica, ahead] = [new Replica(history), new Replica(history)]
    happen(replica, [1])
    const [lost, early] = [new Client(), new Client()]
    await lost.join(replica.group, { kind: 'after', cut: cutOf([100]) })
    history.add(0, 1)
    history.add(0, 1)
    await early.join(replica.group, { kind: 'after', cut: cutOf([2]) })
    await settle(replica, ahead)
    assert.deepEqual(lost.received.map(({ data, extensions: { gap, cursor } }) => [data?.state, gap?.reason, cursor]), [[{ '0-1': 0 }, 'CURSOR', 'changes/0:1']])
    assert.deepEqual(early.received, [])
    lost.received.length = 0
    for (let n = 0; n < 2; n++) replica.advance(0)
    await settle(replica)
    assert.deepEqual([numbers(lost), numbers(early)], [[1, 2], [2]])
  })

  test('are told where they begin where there is no state, once, unless they know', async () => {
    const replica = new Replica(new History(1))
    happen(replica, [1])
    const [stated, known, since] = [new Client(), new Client(), new Client()]
    await stated.join(replica.group, { kind: 'now' })
    await known.join(replica.group, { kind: 'after', cut: cutOf([1]) })
    await since.join(replica.group, { kind: 'since', time: 1 })
    await settle(replica)
    assert.deepEqual([stated.begun, known.begun, since.begun], [[], [], ['changes/0:1']])
    happen(replica, [1])
    await settle(replica)
    assert.deepEqual([numbers(since), since.begun.length], [[1], 1])
  })

  test('who catch up wait for nobody who reads slowly', async () => {
    const { replica } = await joined('BUFFER', 1_000, { keep: { count: 1, bytes: 1 } })
    happen(replica, Array.from({ length: 60 }, () => 1))
    await settle(replica)
    const [slow, quick] = [new Client(), new Client()]
    slow.stalled = true
    await slow.join(replica.group, { kind: 'after', cut: cutOf([0]) })
    await settle(replica)
    assert.ok(slow.received.length < 60)
    await quick.join(replica.group, { kind: 'after', cut: cutOf([1]) })
    await settle(replica)
    assert.equal(quick.received.length, 59)
    slow.resume()
    await settle(replica)
    assert.equal(slow.received.length, 60)
  })

  test('who are shown the state wait for nobody whose connection takes nothing', async () => {
    const { replica, client } = await joined('BUFFER', 1_000, { inParts: true })
    happen(replica, [1, 2, 3, 4])
    await stall(client, replica)
    const slow = new Client('BUFFER', 1_000, client.connection)
    await slow.join(replica.group, { kind: 'now' })
    await settle(replica)
    const quick = new Client()
    await quick.join(replica.group, { kind: 'now' })
    await settle(replica)
    const state = [{ '0-1': 0 }, { '0-2': 1 }, { '0-3': 2 }, { '0-4': 3 }, { '0-9': 4 }].map((part) => ({ state: part }))
    assert.deepEqual(quick.received.map(({ data }) => data), state)
    client.resume()
    await settle(replica)
    assert.deepEqual(client.received.map(({ data }) => data), state)
  })

  test('who come back find what they missed in memory', async () => {
    const { replica, client } = await joined('BUFFER')
    happen(replica, [1, 1, 1])
    await settle(replica)
    const { cursor } = client.received[0]!.extensions
    const again = new Client()
    await again.join(replica.group, { kind: 'after', cut: decode(cursor as string) })
    assert.deepEqual(numbers(again), [1, 2])
    assert.deepEqual(replica.runs, ['stream', 'snapshot'])
  })

  for (const polled of [true, false]) test(`end with why their source can give no more, each at its own cursor, ${polled ? '' : 'not '}polled`, async () => {
    const { replica, client } = await joined('BUFFER', 1_000, { polled })
    // It comes with more than this gateway has read.
    const ahead = new Client()
    for (let n = 0; n < 9; n++) replica.history.add(0, 1)
    await ahead.join(replica.group, { kind: 'after', cut: cutOf([9]) })
    await settle(replica)
    replica.advance(0)
    replica.breakOff()
    await settle(replica)
    assert.deepEqual(client.ended, { code: 'LOST', cursor: client.received.at(-1)?.extensions.cursor })
    assert.deepEqual([ahead.received, ahead.ended], [[], { code: 'LOST', cursor: encode(cutOf([9])) }])
    assert.equal(replica.running, false)
  })

  test('end with the last payload of a source without positions', async () => {
    const { replica, client } = await joined('BUFFER', 1_000, { positioned: false })
    happen(replica, [1])
    replica.breakOff()
    await settle(replica)
    assert.deepEqual(client.received.map(({ errors }) => errors?.[0]?.extensions.code), [undefined, 'LOST'])
    assert.deepEqual(client.ended, { code: undefined, cursor: undefined })
    assert.equal(replica.running, false)
  })

  test('whoever comes when the source has ended is not let in: another group begins for them', async () => {
    for (const positioned of [true, false]) {
      const { replica, client } = await joined('BUFFER', 1_000, { positioned })
      const { group } = replica
      replica.breakOff()
      await settle(replica)
      assert.ok(client.ended)
      const late = new Client()
      await late.join(group, { kind: 'now' })
      assert.deepEqual([late.subscriber, late.received, late.ended], [undefined, [], undefined])
      assert.notEqual(replica.group, group)
    }
  })

  test('who are still being shown the state, or what they missed, are told the last word too', async () => {
    for (const start of [{ kind: 'now' }, { kind: 'after', cut: cutOf([0]) }] as const) {
      const { replica } = await joined('BUFFER', 1_000, { keep: { count: 1, bytes: 1e6 } })
      happen(replica, [1, 2, 3])
      await settle(replica)
      const late = new Client()
      await late.join(replica.group, start)
      replica.breakOff()
      await settle(replica)
      assert.equal(late.received.length, start.kind === 'now' ? 1 : 3)
      assert.deepEqual(late.ended, { code: 'LOST', cursor: late.received.at(-1)?.extensions.cursor })
    }
  })

  for (const polled of [true, false]) test(`are told when something breaks that all of them share, and others go on, ${polled ? '' : 'not '}polled`, async () => {
    const { replica, client } = await joined('BUFFER', 1_000, { polled })
    const sound = await joined('BUFFER', 1_000, { polled })
    const broken = await joined('BUFFER', 1_000, { polled })
    happen(replica, [1])
    await settle(replica)
    replica.spoil()
    // One whose connection breaks in the middle of a write.
    broken.client.torn = true
    happen(broken.replica, [1])
    happen(sound.replica, [1])
    await settle(replica, sound.replica, broken.replica)
    assert.deepEqual(numbers(client), [0])
    assert.deepEqual(client.ended, { code: 'INTERNAL_SERVER_ERROR', cursor: encode(cutOf([1])) })
    assert.equal(broken.client.ended?.code, 'INTERNAL_SERVER_ERROR')
    assert.deepEqual([replica, broken.replica].map(({ errors, running }) => [(errors[0] as Error).message, running]), [['spoilt', false], ['torn', false]])
    assert.deepEqual([numbers(sound.client), sound.client.ended], [[0], undefined])
  })

  for (const polled of [true, false]) test(`have no more made for them than may wait to be handed out, ${polled ? '' : 'not '}polled`, async () => {
    const { replica, client } = await joined('BUFFER', 1_000, { polled, keep: { count: 0, bytes: 0 } })
    happen(replica, Array.from({ length: 200 }, () => 1))
    let most = 0
    while (client.received.length < 200) {
      await new Promise((resolve) => setImmediate(resolve))
      most = Math.max(most, replica.budget.used)
      replica.turns.shift()?.()
      most = Math.max(most, replica.budget.used)
    }
    assert.deepEqual(numbers(client), Array.from({ length: 200 }, (_, n) => n))
    // The limit, and the payload that went beyond it.
    assert.ok(most > 64 * 1024 && most < (256 + 72) * 1024, `${most} bytes`)
  })

  test('of one connection are written to together', async () => {
    const { replica, client } = await joined('BUFFER')
    const others = Array.from({ length: 5 }, () => new Client('BUFFER', 1_000, client.connection))
    await Promise.all(others.map((each) => each.join(replica.group, { kind: 'now' })))
    await settle(replica)
    client.writes = 0
    happen(replica, [1, 1, 1])
    await settle(replica)
    assert.equal(client.writes, 1)
    assert.equal(numbers(client).filter((n) => n === 2).length, 6)
  })
})
