import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import fc from 'fast-check'
import {
  LogUnavailableError, NoSuchTopicError, parsePartitionKey, partitionKey,
  type Appended, type Assignment, type EventLog, type LogRecord, type NewRecord, type Positions,
} from '../../events/log.ts'
import { partitionOf } from '../../events/topics.ts'

/** One log under test. Nothing else writes to the topics and groups that begin with `prefix`. */
export interface LogUnderTest {
  log: EventLog
  prefix: string
  /** A further handle on the same data. The suite closes `log` first, because an embedded log has one handle at a time. */
  reopen(options?: { partitions?: number }): Promise<EventLog>
  /** Closes everything that is still open and removes the data. */
  dispose(): Promise<void>
}

export type MakeLog = (options: { partitions: number }) => Promise<LogUnderTest>

const PARTITIONS = 3
const bytes = (text: string) => new TextEncoder().encode(text)
const text = (value: Uint8Array | null) => (value === null ? null : new TextDecoder().decode(value))
const numbered = (topic: string, from: number, to: number, keys = 7): NewRecord[] =>
  Array.from({ length: to - from }, (_, i) => ({ topic, key: `k${(from + i) % keys}`, value: bytes(`v${from + i}`) }))

/** Reads until `count` records have come, then ends the reader. */
export async function take(
  log: Pick<EventLog, 'read'>, from: Positions, count: number, maxRecords?: number,
): Promise<LogRecord[]> {
  const stop = new AbortController()
  const records: LogRecord[] = []
  for await (const batch of log.read({ from, signal: stop.signal, ...(maxRecords ? { maxRecords } : {}) })) {
    assert.ok(batch.length > 0, 'a batch is never empty')
    if (maxRecords) assert.ok(batch.length <= maxRecords, `at most ${maxRecords} records in a batch, got ${batch.length}`)
    records.push(...batch)
    if (records.length >= count) stop.abort()
  }
  return records
}

const byPartition = (records: readonly LogRecord[]): Record<string, LogRecord[]> => {
  const grouped: Record<string, LogRecord[]> = {}
  for (const record of records) (grouped[partitionKey(record.topic, record.partition)] ??= []).push(record)
  return grouped
}

/** What every `EventLog` promises. `runs`: how many random histories the model test tries. */
export function eventLogContract(name: string, makeLog: MakeLog, { runs = 20, timeout = 60_000 } = {}): void {
  describe(`${name} keeps the contract of the event log`, { timeout }, () => {
    let under: LogUnderTest
    let log: EventLog
    let topic: string

    beforeEach(async () => {
      under = await makeLog({ partitions: PARTITIONS })
      log = under.log
      topic = `${under.prefix}.things`
      await log.ensureTopics([{ name: topic }])
    })
    afterEach(() => under.dispose())

    const starts = () => log.starts([topic])

    describe('append and read', () => {
      test('records come back in the order of their partition, as acknowledged', async () => {
        const acknowledged: Appended[] = []
        const sent = numbered(topic, 0, 300)
        for (let i = 0; i < sent.length; i += 50) acknowledged.push(...(await log.append(sent.slice(i, i + 50))))
        assert.equal(acknowledged.length, 300)
        const expected = byPartition(sent.map((record, i) => ({ ...acknowledged[i]!, key: record.key, value: record.value })))
        const read = byPartition(await take(log, await starts(), 300))
        assert.deepEqual(Object.keys(read).sort(), Object.keys(expected).sort())
        for (const [partition, records] of Object.entries(read)) {
          assert.deepEqual(records.map(({ offset, key, appendedAt }) => ({ offset, key, appendedAt })),
            expected[partition]!.map(({ offset, key, appendedAt }) => ({ offset, key, appendedAt })))
          assert.deepEqual(records.map(({ value }) => text(value)), expected[partition]!.map(({ value }) => text(value)))
          assert.ok(records.every((record, i) => i === 0 || record.offset > records[i - 1]!.offset), 'offsets rise')
          const times = records.map(({ appendedAt }) => appendedAt)
          assert.deepEqual(times, times.toSorted((a, b) => a - b), 'append time never falls')
        }
      })

      test('the key decides the partition; an explicit partition overrides it', async () => {
        const keys = ['livestream:1', 'user:é', 'seller:日本', 'user:🦊']
        const acknowledged = await log.append([
          ...keys.map((key) => ({ topic, key, value: bytes(key) })),
          { topic, key: 'livestream:1', partition: 2, value: bytes('forced') },
          { topic, key: null, partition: 1, value: bytes('keyless') },
        ])
        const expected = [...keys.map((key) => partitionOf(key, PARTITIONS)), 2, 1]
        assert.deepEqual(acknowledged.map(({ partition }) => partition), expected)
        const read = await take(log, await starts(), 6)
        assert.deepEqual(new Set(read.map(({ key }) => key)), new Set([...keys, null]))
        assert.equal(text(read.find(({ key }) => key === null)!.value), 'keyless')
      })

      test('the records of one call stay together, however many calls there are at once', async () => {
        const calls = Array.from({ length: 40 }, (_, call) => numbered(topic, call * 10, call * 10 + 10, 5))
        const acknowledged = await Promise.all(calls.map((records) => log.append(records)))
        for (const call of acknowledged)
          for (let partition = 0; partition < PARTITIONS; partition++) {
            const offsets = call.filter((record) => record.partition === partition).map(({ offset }) => offset)
            assert.deepEqual(offsets, offsets.map((_, i) => offsets[0]! + i))
          }
        assert.equal(new Set(acknowledged.flat().map(({ partition, offset }) => `${partition}/${offset}`)).size, 400)
      })

      test('calls made in order are appended in order', async () => {
        await Promise.all(Array.from({ length: 100 }, (_, i) => log.append([{ topic, key: 'one', value: bytes(String(i)) }])))
        const read = await take(log, await starts(), 100)
        assert.deepEqual(read.map(({ value }) => Number(text(value))), Array.from({ length: 100 }, (_, i) => i))
      })

      test('one call may write to several topics, and nothing is an empty call', async () => {
        const other = `${under.prefix}.others`
        await log.ensureTopics([{ name: other }])
        assert.deepEqual(await log.append([]), [])
        const acknowledged = await log.append([
          { topic, key: 'a', value: bytes('1') },
          { topic: other, key: 'a', value: bytes('2') },
          { topic, key: 'a', value: bytes('3') },
        ])
        assert.deepEqual(acknowledged.map((record) => record.topic), [topic, other, topic])
        assert.equal(acknowledged[0]!.partition, acknowledged[1]!.partition)
        assert.deepEqual((await take(log, await log.starts([other]), 1)).map(({ value }) => text(value)), ['2'])
      })

      test('values are bytes: any byte, no byte and no value are three things', async () => {
        const every = Uint8Array.from({ length: 256 }, (_, i) => i)
        await log.append([
          { topic, key: 'k', value: every }, { topic, key: 'k', value: new Uint8Array(0) }, { topic, key: 'k', value: null },
        ])
        const [first, second, third] = await take(log, await starts(), 3)
        assert.deepEqual([...first!.value!], [...every])
        assert.equal(second!.value!.length, 0)
        assert.equal(third!.value, null)
      })

      test('a record of 1 MiB, and the larger dead letter of an oversized one, pass unchanged', async () => {
        for (const size of [1 << 20, 2 << 20]) {
          const from = await log.ends([topic])
          const value = Uint8Array.from({ length: size }, (_, i) => (i * 31) & 0xff)
          await log.append([{ topic, key: 'big', value }, { topic, key: 'big', value: bytes('after') }])
          const [big, after] = await take(log, from, 2)
          assert.ok(Buffer.from(big!.value!).equals(value))
          assert.equal(text(after!.value), 'after')
        }
      })
    })

    describe('positions', () => {
      test('a reader continues where another stopped, wherever in a batch that was', async () => {
        await log.append(numbered(topic, 0, 100))
        const positions: Record<string, number> = { ...(await starts()) }
        const seen: LogRecord[] = []
        while (seen.length < 100) {
          const [record] = await take(log, positions, 1, 1)
          seen.push(record!)
          positions[partitionKey(topic, record!.partition)] = record!.offset + 1
          if (seen.length >= 10) break
        }
        seen.push(...(await take(log, positions, 90, 7)))
        assert.equal(seen.length, 100)
        assert.equal(new Set(seen.map(({ value }) => text(value))).size, 100)
      })

      test('only the named partitions are read', async () => {
        await log.append(Array.from({ length: PARTITIONS * 5 }, (_, i) =>
          ({ topic, key: null, partition: i % PARTITIONS, value: bytes(`${i}`) })))
        const read = await take(log, { [partitionKey(topic, 1)]: 0 }, 5)
        assert.deepEqual(read.map(({ value }) => text(value)), ['1', '4', '7', '10', '13'])
      })

      test('starts and ends name every partition, and an end is where the next record goes', async () => {
        const all = Array.from({ length: PARTITIONS }, (_, partition) => partitionKey(topic, partition))
        assert.deepEqual(await starts(), Object.fromEntries(all.map((key) => [key, 0])))
        assert.deepEqual(await log.ends([topic]), Object.fromEntries(all.map((key) => [key, 0])))
        await log.append(numbered(topic, 0, 20))
        const ends = await log.ends([topic])
        const [next] = await log.append([{ topic, key: 'k0', value: bytes('next') }])
        assert.equal(next!.offset, ends[partitionKey(topic, next!.partition)])
        assert.deepEqual(Object.keys(ends).sort(), all)
        // Who waits until it has reached the ends relies on it.
        for (const [key, records] of Object.entries(byPartition(await take(log, await starts(), 20)))) {
          assert.ok(records.at(-1)!.offset >= ends[key]! - 1, `the last record before the end of ${key} can be read`)
        }
      })

      test('positionsAt gives the first record appended at or after a time', async () => {
        const history = await log.append([{ topic, key: 'k', value: bytes('0') }])
        const key = partitionKey(topic, history[0]!.partition)
        // The log's own clock has to move on twice; how long that takes is its affair.
        while (new Set(history.map(({ appendedAt }) => appendedAt)).size < 3) {
          history.push(...(await log.append([{ topic, key: 'k', value: bytes(String(history.length)) }])))
        }
        for (const time of new Set(history.map(({ appendedAt }) => appendedAt))) {
          const expected = history.find(({ appendedAt }) => appendedAt >= time)!.offset
          assert.equal((await log.positionsAt([topic], time))[key], expected)
        }
        assert.deepEqual(await log.positionsAt([topic], 0), await starts())
        assert.deepEqual(await log.positionsAt([topic], history.at(-1)!.appendedAt + 1), await log.ends([topic]))
      })
    })

    describe('waiting', () => {
      test('a waiting reader is woken by each append', async () => {
        const stop = new AbortController()
        const reader = log.read({ from: await log.ends([topic]), signal: stop.signal })[Symbol.asyncIterator]()
        for (let i = 0; i < 5; i++) {
          const next = reader.next()
          await log.append([{ topic, key: `k${i}`, value: bytes(String(i)) }])
          assert.deepEqual((await next).value?.map((record: LogRecord) => text(record.value)), [String(i)])
        }
        stop.abort()
        assert.equal((await reader.next()).done, true)
      })

      test('an abort ends a waiting reader, and one that never began, without an error', async () => {
        const stop = new AbortController()
        const reader = log.read({ from: await starts(), signal: stop.signal })[Symbol.asyncIterator]()
        const next = reader.next()
        stop.abort()
        assert.equal((await next).done, true)
        await log.append(numbered(topic, 0, 3))
        for await (const batch of log.read({ from: await starts(), signal: AbortSignal.abort() })) {
          assert.fail(`got ${batch.length} records`)
        }
      })

      test('two readers each see everything', async () => {
        const from = await starts()
        const both = Promise.all([take(log, from, 50), take(log, from, 50, 3)])
        await log.append(numbered(topic, 0, 50))
        const [one, two] = await both
        const offsets = (records: LogRecord[]) => records.map(({ partition, offset }) => `${partition}/${offset}`).sort()
        assert.deepEqual(offsets(one), offsets(two))
      })
    })

    describe('compacted topics', () => {
      test('who reads from the start ends with the last value of each key, tombstones included', async () => {
        const state = `${under.prefix}.state`
        await log.ensureTopics([{ name: state, compacted: true }])
        const expected = new Map<string, string>()
        for (let i = 0; i < 60; i++) {
          const key = `k${(i * 7) % 5}`
          const remove = i % 6 === 5
          if (remove) expected.delete(key)
          else expected.set(key, `v${i}`)
          await log.append([{ topic: state, key, value: remove ? null : bytes(`v${i}`) }])
        }
        // A marker behind it all in every partition tells the reader that it has seen everything.
        await log.append(Array.from({ length: PARTITIONS }, (_, partition) =>
          ({ topic: state, key: `end${partition}`, partition, value: bytes('end') })))
        const folded = new Map<string, string>()
        let markers = 0
        const stop = new AbortController()
        for await (const batch of log.read({ from: await log.starts([state]), signal: stop.signal }))
          for (const { key, value } of batch) {
            if (key!.startsWith('end')) markers++
            else if (value === null) folded.delete(key!)
            else folded.set(key!, text(value)!)
            if (markers === PARTITIONS) stop.abort()
          }
        assert.deepEqual(folded, expected)
      })

      test('who follows sees the tombstone', async () => {
        const state = `${under.prefix}.state`
        await log.ensureTopics([{ name: state, compacted: true }])
        await log.append([{ topic: state, key: 'k', value: bytes('1') }])
        const from = await log.ends([state])
        await log.append([{ topic: state, key: 'k', value: null }])
        const [seen] = await take(log, from, 1)
        assert.deepEqual([seen!.key, seen!.value], ['k', null])
      })
    })

    describe('life', () => {
      test('what was acknowledged is there after closing and opening again', async () => {
        const acknowledged = await log.append(numbered(topic, 0, 50))
        const [id, ends] = [log.id, await log.ends([topic])]
        await log.close()
        const again = await under.reopen()
        assert.equal(again.id, id)
        await again.ensureTopics([{ name: topic }])
        assert.deepEqual(await again.ends([topic]), ends)
        assert.equal((await take(again, await again.starts([topic]), 50)).length, acknowledged.length)
        const [next] = await again.append([{ topic, key: 'k0', value: bytes('next') }])
        assert.equal(next!.offset, ends[partitionKey(topic, next!.partition)])
        await again.close()
      })

      test('creating what exists changes nothing', async () => {
        await log.append(numbered(topic, 0, 5))
        const ends = await log.ends([topic])
        await log.ensureTopics([{ name: topic }, { name: topic }])
        assert.deepEqual(await log.ends([topic]), ends)
      })

      test('a topic that nobody has created is named, whatever is asked of it', async () => {
        const nowhere = `${under.prefix}.nowhere`
        const { signal } = new AbortController()
        const calls: Record<string, () => Promise<unknown>> = {
          append: () => log.append([{ topic: nowhere, key: 'a', value: bytes('1') }]),
          read: () => log.read({ from: { [partitionKey(nowhere, 0)]: 0 }, signal })[Symbol.asyncIterator]().next(),
          ends: () => log.ends([topic, nowhere]),
          join: () => log.join({ group: `${under.prefix}.of-nowhere`, topics: [nowhere], signal })[Symbol.asyncIterator]().next(),
        }
        const refusals = await Promise.all(Object.values(calls).map((call) => call().then(() => null, (error: unknown) => error)))
        for (const [at, name] of Object.keys(calls).entries()) {
          assert.ok(refusals[at] instanceof NoSuchTopicError, `${name}: ${String(refusals[at])}`)
          assert.equal(refusals[at].code, 'NO_SUCH_TOPIC')
          assert.equal(refusals[at].message, `There is no topic '${nowhere}' in the event log. Create it first (ensureTopics).`)
        }
      })

      test('a position of a partition that its topic does not have is refused', async () => {
        const reader = log.read({ from: { [partitionKey(topic, PARTITIONS)]: 0 }, signal: new AbortController().signal })
        await assert.rejects(reader[Symbol.asyncIterator]().next(), new RegExp(
          `^RangeError: expected positions of the ${PARTITIONS} partitions of .*, got one for .*/${PARTITIONS}$`))
      })

      test('a foreign partition count is refused', async () => {
        await log.append(numbered(topic, 0, 5))
        await log.close()
        await assert.rejects(async () => {
          const other = await under.reopen({ partitions: PARTITIONS + 1 })
          try {
            await other.ensureTopics([{ name: topic }])
          } finally {
            await other.close()
          }
        }, /partition/i)
      })

      test('a closed log says that it is unavailable, and ends its readers', async () => {
        const reader = log.read({ from: await starts(), signal: new AbortController().signal })[Symbol.asyncIterator]()
        const next = reader.next()
        await log.close()
        assert.equal((await next).done, true)
        await assert.rejects(log.append(numbered(topic, 0, 1)), LogUnavailableError)
        await log.close()
      })

      test('an append whose signal is aborted throws LogUnavailableError', async () => {
        await assert.rejects(log.append(numbered(topic, 0, 1), { signal: AbortSignal.abort() }), LogUnavailableError)
      })
    })

    describe('groups', () => {
      const join = (signal: AbortSignal, on: EventLog = log) =>
        on.join({ group: `${under.prefix}.group`, topics: [topic], signal })[Symbol.asyncIterator]()
      const own = (assignment: Assignment, positions: Positions): Positions =>
        Object.fromEntries(Object.entries(positions).filter(([key]) =>
          assignment.partitions.includes(parsePartitionKey(key).partition)))
      /** The next assignment that owns all partitions. */
      const untilAll = async (member: AsyncIterator<Assignment>): Promise<Assignment> => {
        for (;;) {
          const { value, done } = await member.next()
          assert.ok(!done, 'the iteration ended before this member owned all partitions')
          if (value.partitions.length === PARTITIONS) return value
        }
      }

      test('one member owns everything, reads it, and finds its commit after joining again, under a greater epoch', async () => {
        await log.append(numbered(topic, 0, 30))
        const stop = new AbortController()
        const member = join(stop.signal)
        const first = await untilAll(member)
        assert.deepEqual(first.partitions, [0, 1, 2])
        assert.deepEqual(first.committed, {})
        const read = await take(first, own(first, await starts()), 30)
        assert.equal(read.length, 30)
        const ends = await log.ends([topic])
        await first.commit(ends)
        stop.abort()
        assert.equal(first.signal.aborted, true)
        assert.equal((await member.next()).done, true)

        const again = new AbortController()
        const rejoined = join(again.signal)
        const second = await untilAll(rejoined)
        assert.deepEqual(second.committed, ends)
        assert.ok(second.epoch > first.epoch, `epoch ${second.epoch} after ${first.epoch}`)
        again.abort()
        assert.equal((await rejoined.next()).done, true)
      })

      test('epochs go on rising when the log is opened again', async () => {
        const stop = new AbortController()
        const first = await untilAll(join(stop.signal))
        stop.abort()
        await log.close()
        const again = await under.reopen()
        await again.ensureTopics([{ name: topic }])
        const stopAgain = new AbortController()
        const second = await untilAll(join(stopAgain.signal, again))
        assert.ok(second.epoch > first.epoch, `epoch ${second.epoch} after ${first.epoch}`)
        stopAgain.abort()
        await again.close()
      })

      test('two members never own the same partition, and who stays takes over from who leaves', async () => {
        const owners = new Map<number, string>()
        const shared = Promise.withResolvers<void>()
        let othersTurn = false
        const stops = { a: new AbortController(), b: new AbortController() }
        let survivorOwnsAll = Promise.withResolvers<Assignment>()
        const live = async (who: 'a' | 'b') => {
          const assignments = log.join({ group: `${under.prefix}.group`, topics: [topic], signal: stops[who].signal })
          let former: Assignment | undefined
          for await (const assignment of assignments) {
            assert.ok(!former || former.signal.aborted, 'the former assignment is revoked before the next one is given')
            assert.ok(!former || assignment.epoch > former.epoch, 'epochs rise')
            former = assignment
            for (const partition of assignment.partitions) {
              assert.equal(owners.get(partition), undefined, `partition ${partition} is still owned by another member`)
              owners.set(partition, who)
            }
            assignment.signal.addEventListener('abort', () => {
              for (const partition of assignment.partitions) if (owners.get(partition) === who) owners.delete(partition)
            })
            othersTurn ||= who === 'b'
            if (othersTurn && owners.size === PARTITIONS) shared.resolve()
            if (assignment.partitions.length === PARTITIONS) survivorOwnsAll.resolve(assignment)
          }
        }
        const a = live('a')
        const before = await survivorOwnsAll.promise
        survivorOwnsAll = Promise.withResolvers<Assignment>()
        const b = live('b')
        await shared.promise
        stops.a.abort()
        await a
        const after = await survivorOwnsAll.promise
        assert.equal([...owners.values()].every((owner) => owner === 'b'), true)
        assert.ok(after.epoch > before.epoch)
        assert.equal(before.signal.aborted, true)
        stops.b.abort()
        await b
      })

      test('an assignment ends its reader when the member leaves', async () => {
        const stop = new AbortController()
        const member = join(stop.signal)
        const assignment = await untilAll(member)
        const from = own(assignment, await log.ends([topic]))
        const reader = assignment.read({ from, signal: new AbortController().signal })[Symbol.asyncIterator]()
        const next = reader.next()
        stop.abort()
        assert.equal((await next).done, true)
        assert.equal((await member.next()).done, true)
      })

      test('closing the log ends an assignment', async () => {
        const member = join(new AbortController().signal)
        const assignment = await untilAll(member)
        await log.close()
        assert.equal(assignment.signal.aborted, true)
        assert.equal((await member.next()).done, true)
      })

      test('groups know nothing of each other', async () => {
        const stop = new AbortController()
        const one = await untilAll(join(stop.signal))
        const other = log.join({ group: `${under.prefix}.other`, topics: [topic], signal: stop.signal })[Symbol.asyncIterator]()
        const two = await untilAll(other)
        assert.equal(one.signal.aborted, false)
        await log.append(numbered(topic, 0, 3))
        await one.commit(await log.ends([topic]))
        assert.deepEqual(two.committed, {})
        stop.abort()
      })
    })

    test('any history reads back as it was written, from any position', async () => {
      let round = 0
      await fc.assert(fc.asyncProperty(
        fc.array(fc.array(fc.record({
          key: fc.string({ minLength: 1, maxLength: 8 }), value: fc.option(fc.uint8Array({ maxLength: 40 })),
        }), { maxLength: 12 }), { minLength: 1, maxLength: 8 }),
        fc.nat(), fc.integer({ min: 1, max: 5 }),
        async (calls, seed, maxRecords) => {
          const name = `${under.prefix}.model${round++}`
          await log.ensureTopics([{ name }])
          const append = (records: typeof calls[number]) => log.append(records.map((record) => ({ topic: name, ...record })))
          const acknowledged = (await Promise.all(calls.map(append))).flat()
          const written = calls.flat().map((record, i) => ({ ...acknowledged[i]!, ...record }))
          const ends = await log.ends([name])
          const from = Object.fromEntries(Object.entries(ends).map(([key, end], i) => [key, end === 0 ? 0 : (seed + i) % end]))
          const expected = written.filter(({ partition, offset }) => offset >= from[partitionKey(name, partition)]!)
          const read = expected.length === 0 ? [] : await take(log, from, expected.length, maxRecords)
          type Plain = Pick<LogRecord, 'partition' | 'offset'>
          const order = (x: Plain, y: Plain) => x.partition - y.partition || x.offset - y.offset
          const plain = ({ key, value, partition, offset }: Pick<LogRecord, 'key' | 'value' | 'partition' | 'offset'>) =>
            ({ key, value: value && Buffer.from(value).toString('hex'), partition, offset })
          assert.deepEqual(read.map(plain).sort(order), expected.map(plain).sort(order))
        },
      ), { numRuns: runs })
    })
  })
}
