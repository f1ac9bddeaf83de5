import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Deduplicator } from '../../ingest/dedup.ts'

test('knows every event for as long as a duplicate may come, across restarts anywhere', () => {
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.nat({ max: 60 }), fc.constantFrom('a', 'b'), fc.nat({ max: 40 })), { maxLength: 300, size: 'max' }),
    fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 9 }),
    (arrivals, each, maxSliceEvents) => {
      const options = { retentionMs: 1_000, maxSliceEvents }
      let dedup = new Deduplicator(options)
      let parts: { number: number; bytes: Uint8Array }[] = []
      const seenAt = new Map<string, number>()
      let now = 0
      for (const [i, [id, source, step]] of arrivals.entries()) {
        now += step
        const event = `${source} ${id}`
        const isNew = dedup.add(source, String(id), now)
        const known = seenAt.get(event)
        if (known === undefined) assert.equal(isNew, true)
        else if (known > now - 1_000) assert.equal(isNew, false)
        if (isNew) seenAt.set(event, now)
        if (i % each === 0) {
          parts = parts.filter(({ number }) => dedup.slices.some((slice) => slice.number === number))
          for (const slice of dedup.slices) {
            const bytes = dedup.takeNew(slice)
            if (bytes) parts.unshift({ number: slice.number, bytes })
          }
          assert.ok(dedup.slices.every((slice) => dedup.takeNew(slice) === null), 'each event is written once')
          if (i % 2 === 0) continue
          const restored = new Deduplicator(options)
          // A part that is there twice adds nothing.
          restored.restore([...parts, ...parts.slice(0, 2)].map(({ bytes }) => bytes))
          assert.deepEqual(restored.slices.map(({ number, first, last, size }) => ({ number, first, last, size })),
            dedup.slices.map(({ number, first, last, size }) => ({ number, first, last, size })))
          dedup = restored
        }
      }
    },
  ), { numRuns: 200 })
})

test('forgets slices whose last event is older than the retention', () => {
  const dedup = new Deduplicator({ retentionMs: 1_000, sliceMs: 100 })
  for (let at = 0; at <= 10_000; at += 10) dedup.add('app', `e${at}`, at)
  assert.ok(dedup.slices.every(({ last }) => last > 10_000 - 1_000 - 100))
  assert.ok(dedup.size >= 100 && dedup.size <= 111, `${dedup.size} events`)
})

test('a slice ends with its time or its number of events, and only the last one grows', () => {
  const dedup = new Deduplicator({ retentionMs: 10_000, sliceMs: 100, maxSliceEvents: 3 })
  for (const at of [0, 10, 20, 30, 40, 150, 160]) dedup.add('app', `e${at}`, at)
  assert.deepEqual(dedup.slices.map(({ number, first, last, size }) => [number, first, last, size]),
    [[0, 0, 20, 3], [1, 30, 40, 2], [2, 150, 160, 2]])
})

test('does not take one event for another, nor a boundary between source and id for none', () => {
  const dedup = new Deduplicator({ retentionMs: 1_000 })
  for (let i = 0; i < 300_000; i++) assert.equal(dedup.add('app', `order-${i}`, 0), true)
  assert.equal(dedup.add('ab', 'c', 0), true)
  assert.equal(dedup.add('a', 'bc', 0), true)
  assert.equal(dedup.add('order-1', 'app', 0), true)
  for (let i = 0; i < 300_000; i += 1_000) assert.equal(dedup.add('app', `order-${i}`, 0), false)
})

test('an event takes no more than 20 bytes (three million: 60 MB), and each slice fits into a record', () => {
  const dedup = new Deduplicator({ retentionMs: 600_000 })
  for (let i = 0; i < 550_000; i++) dedup.add('app', `e${i}`, Math.floor(i / 10_000))
  const bytes = dedup.bytes / 550_000
  assert.equal(dedup.size, 550_000)
  assert.ok(bytes >= 8 && bytes <= 20, `${bytes} bytes`)
  assert.ok(dedup.slices.every((slice) => (dedup.takeNew(slice)?.byteLength ?? Infinity) <= 900_000))
})

test('refuses what is no slice, and the name of a forgotten one', () => {
  const dedup = new Deduplicator({ retentionMs: 10, sliceMs: 1 })
  assert.throws(() => dedup.restore([new Uint8Array(27)]), /Expected 24 bytes and 8 for each event of a slice, got 27/)
  dedup.add('app', 'a', 0)
  const [slice] = dedup.slices
  dedup.add('app', 'b', 100)
  assert.throws(() => dedup.takeNew(slice as NonNullable<typeof slice>), /Slice 0 is forgotten/)
})

test('knows an event for all of the retention, its last millisecond included: a duplicate is not late then', () => {
  const seen = new Deduplicator({ retentionMs: 360_000 })
  assert.equal(seen.add('s', 'a', 1_000), true)
  // In a slice of its own, and time to forget.
  assert.equal(seen.add('s', 'b', 361_000), true)
  assert.equal(seen.add('s', 'a', 361_000), false)
})
