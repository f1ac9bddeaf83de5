import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LogRecord } from '../../events/log.ts'
import { encodeAnnouncement, type Announcement } from '../../ingest/announcement.ts'
import { BatchAssembler, readChanges, type ChangeBatch } from '../../ingest/change-reader.ts'
import type { Progress } from '../../ingest/changes.ts'
import { Harness } from './harness.ts'

const announcement = (sequence: number, epoch = 1, over: Partial<Announcement> = {}): Announcement => ({
  shard: 0, epoch, sequence, appliedAt: 5,
  entities: [{
    entity: 'livestream:a', revision: sequence + 1, operation: 'updated', changed: { title: 'before' }, after: { title: `t${sequence}` },
    eventTime: 1, appendedAt: 2, events: [{ type: 'LivestreamChanged', id: `e${sequence}`, source: 's' }],
  }],
  metrics: new Map([['livestream:a', [{ count: 'likes', at: 1, amount: 1 }]], ['user:b', [{ viewer: 'b', at: 1 }]]]),
  metricsEventTime: 1, metricsAppendedAt: 2,
  progress: { covered: { 't/0': sequence + 1 }, rekeyed: {}, noops: 0, deadLetters: 0 },
  ...over,
})

let offset = 0
const recordsOf = (of: Announcement, maxBytes = 1e6): LogRecord[] => encodeAnnouncement('changes', of, maxBytes).flat()
  .map(({ key, value }) => ({ topic: 'changes', partition: 0, offset: offset++, key, value, appendedAt: 3 }))
const owned = (epoch: number, ownership: 'claimed' | 'closed'): LogRecord => {
  const progress: Progress = {
    type: 'Progress', shard: 0, epoch, sequence: -1, index: 0, covered: {}, rekeyed: {}, noops: 0, deadLetters: 0, appliedAt: 5, ownership,
  }
  return { topic: 'changes', partition: 0, offset: offset++, key: null, value: Buffer.from(JSON.stringify(progress)), appendedAt: 3 }
}
const assembled = (records: readonly LogRecord[], seen?: { epoch: number; sequence: number }): ChangeBatch[] => {
  const assembler = new BatchAssembler(seen)
  return records.flatMap((record) => assembler.push(record) ?? [])
}
const sequences = (batches: readonly ChangeBatch[]) => batches.map(({ sequence, epoch }) => `${epoch}/${sequence}`)

describe('the reader of changes', () => {
  test('puts a batch together as it was announced', () => {
    const records = recordsOf(announcement(0))
    const [batch, ...more] = assembled(records)
    assert.equal(more.length, 0)
    assert.equal(batch?.next, (records.at(-1) as LogRecord).offset + 1)
    assert.deepEqual(batch?.entities.map(({ entity, revision, appliedAt, after }) => ({ entity, revision, appliedAt, after })),
      [{ entity: 'livestream:a', revision: 1, appliedAt: 5, after: { title: 't0' } }])
    assert.deepEqual(batch?.metrics.flatMap(({ entities }) => entities), [
      { entity: 'livestream:a', increments: [{ count: 'likes', at: 1, amount: 1 }] },
      { entity: 'user:b', increments: [{ viewer: 'b', at: 1 }] },
    ])
    assert.deepEqual(batch?.progress.covered, { 't/0': 1 })
  })

  test('a batch that was split over appends is one batch, and appending a part twice changes nothing', () => {
    const entities = Array.from({ length: 50 }, (_, i) => ({ ...announcement(0).entities[0]!, entity: `livestream:${i}` as const }))
    const appends = encodeAnnouncement('changes', announcement(0, 1, { entities }), 2_000)
    assert.ok(appends.length > 3)
    assert.ok(appends.every((records) => records.reduce((sum, { value }) => sum + (value as Uint8Array).length, 0) <= 2_000))
    const records = recordsOf(announcement(0, 1, { entities }), 2_000)
    const [batch] = assembled([...records.slice(0, 20), ...records.slice(10, 20), ...records.slice(20)])
    assert.deepEqual(batch?.entities.map(({ entity }) => entity), entities.map(({ entity }) => entity))
    assert.equal(batch?.metrics.length, 1)
  })

  test('a repeated sequence is dropped', () => {
    assert.deepEqual(sequences(assembled([0, 1, 1, 0, 2].flatMap((sequence) => recordsOf(announcement(sequence))))), ['1/0', '1/1', '1/2'])
  })

  test('what an older epoch writes after a claim is dropped, what it wrote before is not', () => {
    const records = [
      ...recordsOf(announcement(0)), ...recordsOf(announcement(1)), owned(2, 'claimed'), ...recordsOf(announcement(2)), owned(1, 'closed'),
      ...recordsOf(announcement(2, 2)),
    ]
    assert.deepEqual(sequences(assembled(records)), ['1/0', '1/1', '2/2'])
  })

  test('what an older epoch wrote after a claim hides nothing from a reading that began in between', () => {
    const [claimed, late, next] = [owned(2, 'claimed'), recordsOf(announcement(1, 1)), [...recordsOf(announcement(1, 2)), ...recordsOf(announcement(2, 2))]]
    assert.deepEqual(sequences(assembled([claimed, ...late, ...next])), ['2/1', '2/2'])
    assert.deepEqual(sequences(assembled([...late, ...next])), ['1/1', '2/1', '2/2'])
    assert.deepEqual(sequences(assembled([...late, ...next], { epoch: 2, sequence: 0 })), ['2/1', '2/2'])
  })

  test('a batch whose owner died before its end is dropped, and its successor may use its sequence', () => {
    const records = [...recordsOf(announcement(0)), ...recordsOf(announcement(1)).slice(0, -1), owned(2, 'claimed'), ...recordsOf(announcement(1, 2))]
    const batches = assembled(records)
    assert.deepEqual(sequences(batches), ['1/0', '2/1'])
    assert.equal(batches[1]?.entities.length, 1)
  })

  test('a reading that begins inside a batch skips to the next one', () => {
    const records = [...recordsOf(announcement(4)).slice(1), ...recordsOf(announcement(5))]
    assert.deepEqual(sequences(assembled(records)), ['1/5'])
  })

  test('a batch that the reader has dealt with is not given again', () => {
    assert.deepEqual(sequences(assembled([...recordsOf(announcement(4)), ...recordsOf(announcement(5))], { epoch: 1, sequence: 4 })), ['1/5'])
  })

  test('reads a log from a position of a batch, and refuses positions of another topic', async () => {
    await using harness = await new Harness(1).open()
    const { log, topics } = harness
    await log.ensureTopics([{ name: topics.changes }])
    for (const sequence of [0, 1, 2]) await log.append(encodeAnnouncement(topics.changes, announcement(sequence), 1e6).flat())
    const read = async (from: number) => {
      const stop = new AbortController()
      const batches: ChangeBatch[] = []
      for await (const batch of readChanges({ log, topics, from: { [`${topics.changes}/0`]: from }, signal: stop.signal })) {
        batches.push(batch)
        if (batch.sequence === 2) stop.abort()
      }
      return batches
    }
    const all = await read(0)
    assert.deepEqual(sequences(all), ['1/0', '1/1', '1/2'])
    assert.deepEqual(sequences(await read(all[0]?.next as number)), ['1/1', '1/2'])
    const wrong = readChanges({ log, topics, from: { [`${topics.users}/0`]: 0 }, signal: new AbortController().signal })
    await assert.rejects(wrong.next(), /expected positions of freshet\.changes, got freshet\.users\/0/)
  })
})
