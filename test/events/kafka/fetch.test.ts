import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Connection } from '../../../events/kafka/client.ts'
import { FetchSession } from '../../../events/kafka/fetch.ts'
import type { FetchedPartition, FetchRequest } from '../../../events/kafka/wire/fetch.ts'
import type { FetchedBatch } from '../../../events/kafka/wire/record-batch.ts'
import type { Logger } from '../../../events/kafka.ts'
import type { LogRecord } from '../../../events/log.ts'

const logger: Logger = { info: () => {}, warn: () => {}, error: () => {} }

interface Asked extends Pick<FetchRequest, 'partitions'> {
  answer(response: FetchedPartition[]): void
  fail(error: Error): void
}

/** A cluster whose brokers answer when the test says so. */
class SlowCluster {
  readonly asked: { node: string; request: Asked }[] = []
  #wake: () => void = () => {}

  connection(): Connection {
    return {
      broker: async (node: string) => ({
        fetch: ({ partitions }: FetchRequest) => new Promise((answer, fail) => {
          this.asked.push({ node, request: { partitions, answer, fail } })
          this.#wake()
        }),
      }),
    } as unknown as Connection
  }

  async request(index: number): Promise<Asked> {
    while (this.asked.length <= index) await new Promise<void>((resolve) => { this.#wake = resolve })
    return this.asked[index]!.request
  }
}

const batch = (offsets: number[]): FetchedBatch => ({
  firstOffset: offsets[0]!, lastOffset: offsets.at(-1)!, producerId: -1, producerEpoch: 0, firstSequence: 0, isTransactional: false,
  records: offsets.map((offset) => ({ topic: 't', partition: 0, offset, key: null, value: Buffer.from(String(offset)), appendedAt: 1 })),
})
const response = (offsets: number[], { partition = 0, highWatermark = 100 } = {}): FetchedPartition[] => [{
  topic: 't', partition, highWatermark, lastStableOffset: -1, abortedTransactions: [], bytes: offsets.length,
  batches: offsets.length === 0 ? [] : [{ ...batch(offsets), records: batch(offsets).records.map((record) => ({ ...record, partition })) }],
}]
/** Lets everything run that waits for nothing outside. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

const open = (leaders: Record<string, string>, signal = new AbortController().signal) => {
  const cluster = new SlowCluster()
  const positions = new Map(Object.keys(leaders).map((key) => [key, 0]))
  return { cluster, positions, session: new FetchSession(cluster.connection(), positions, new Map(Object.entries(leaders)), signal, logger) }
}

/** The next answer that has records; goes on as a reader does. */
async function nextRecords(session: FetchSession): Promise<LogRecord[]> {
  for (;;) {
    const records = await session.next()
    if (records.length > 0) return records
  }
}

describe('fetching', () => {
  test('one answer is fetched ahead and no more, however long nobody asks for the next batch', async () => {
    const { cluster, session } = open({ 't/0': '1' })
    const first = session.next()
    ;(await cluster.request(0)).answer(response([0, 1]))
    assert.deepEqual((await first).map(({ offset }) => offset), [0, 1])
    const ahead = await cluster.request(1)
    assert.equal(ahead.partitions[0]!.offset, 2)
    ahead.answer(response([2]))
    for (let i = 0; i < 10; i++) await settled()
    assert.equal(cluster.asked.length, 2)
    assert.deepEqual((await session.next()).map(({ offset }) => offset), [2])
    assert.equal((await cluster.request(2)).partitions[0]!.offset, 3)
  })

  test('a broker that does not answer holds up no other', async () => {
    const { cluster, session } = open({ 't/0': '1', 't/1': '2' })
    const first = session.next()
    await cluster.request(1)
    cluster.asked.find(({ node }) => node === '2')!.request.answer(response([0], { partition: 1 }))
    assert.deepEqual((await first).map(({ partition }) => partition), [1])
    const second = session.next()
    await cluster.request(2)
    assert.deepEqual(cluster.asked.map(({ node }) => node).sort(), ['1', '2', '2'])
    cluster.asked[2]!.request.answer(response([1], { partition: 1 }))
    assert.deepEqual((await second).map(({ offset }) => offset), [1])
  })

  test('records before the position, which a broker sends because it sends whole batches, are left out', async () => {
    const { cluster, session, positions } = open({ 't/0': '1' })
    positions.set('t/0', 5)
    const next = session.next()
    ;(await cluster.request(0)).answer(response([3, 4, 5, 6]))
    assert.deepEqual((await next).map(({ offset }) => offset), [5, 6])
  })

  test('empty answers below the end are asked for alone and with room for any batch, then passed over, not asked for for ever', async () => {
    const { cluster, session, positions } = open({ 't/0': '1', 't/1': '1' })
    const next = nextRecords(session)
    for (const index of [0, 1]) (await cluster.request(index)).answer(response([], { highWatermark: 7 }))
    const alone = await cluster.request(2)
    assert.deepEqual(alone.partitions, [{ topic: 't', partition: 0, offset: 0, maxBytes: 100 << 20 }])
    alone.answer(response([], { highWatermark: 7 }))
    const after = await cluster.request(3)
    assert.deepEqual(new Map(after.partitions.map(({ partition, offset }) => [partition, offset])), new Map([[0, 7], [1, 0]]))
    assert.equal(positions.get('t/0'), 7)
    after.answer(response([7]))
    assert.deepEqual((await next).map(({ offset }) => offset), [7])
  })

  test('an empty answer at the end is no reason to pass over anything', async () => {
    const { cluster, session, positions } = open({ 't/0': '1' })
    const next = nextRecords(session)
    for (let index = 0; index < 5; index++) (await cluster.request(index)).answer(response([], { highWatermark: 0 }))
    assert.equal((await cluster.request(5)).partitions[0]!.maxBytes, 2 << 20)
    assert.equal(positions.get('t/0'), 0)
    cluster.asked[5]!.request.answer(response([0]))
    assert.equal((await next).length, 1)
  })

  test('an abort ends the wait at once; a failure is thrown as it is', async () => {
    const stop = new AbortController()
    const { session } = open({ 't/0': '1' }, stop.signal)
    const next = session.next()
    stop.abort()
    assert.deepEqual(await next, [])
    const failing = open({ 't/0': '1' })
    const failed = failing.session.next()
    ;(await failing.cluster.request(0)).fail(new Error('Closed connection'))
    await assert.rejects(failed, /Closed connection/)
  })
})
