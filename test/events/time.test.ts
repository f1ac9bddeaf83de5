import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseTime } from '../../events/time.ts'

test('times of every zone and precision', () => {
  const cases: [string, number][] = [
    ['1970-01-01T00:00:00Z', 0],
    ['2026-03-01T12:00:00.25Z', Date.UTC(2026, 2, 1, 12, 0, 0, 250)],
    ['2026-03-01T12:00:00.123456789Z', Date.UTC(2026, 2, 1, 12, 0, 0, 123)],
    ['2026-03-01T12:00:00+05:30', Date.UTC(2026, 2, 1, 6, 30)],
    ['2026-03-01T12:00:00.5-08:00', Date.UTC(2026, 2, 1, 20, 0, 0, 500)],
    ['2024-02-29t23:59:59z', Date.UTC(2024, 1, 29, 23, 59, 59)],
    ['2000-02-29T00:00:00Z', Date.UTC(2000, 1, 29)],
    ['1969-12-31T23:59:59.999Z', -1],
    ['2016-12-31T23:59:60Z', Date.UTC(2017, 0, 1)],
  ]
  for (const [text, expected] of cases) assert.equal(parseTime(text), expected, text)
})

test('what is no RFC 3339 time is none', () => {
  for (const text of [
    '', 'now', '2026-03-01', '2026-03-01T12:00Z', '2026-03-01T12:00:00', '2026-03-01 12:00:00Z', '2026-02-29T00:00:00Z',
    '1900-02-29T00:00:00Z', '2026-04-31T00:00:00Z', '2026-00-01T00:00:00Z', '2026-13-01T00:00:00Z', '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z', '2026-01-01T00:60:00Z', '2026-01-01T00:00:61Z', '2026-01-01T00:00:00.Z', '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00:00+24:00', '2026-01-01T00:00:00+01:60', '2026-01-01T00:00:00Zz', '2026-01-01T00:00:00+01:00Z', 
    '+026-01-01T00:00:00Z', '2026-01-0１T00:00:00Z',
    '2026-01-01T00:00:00.123456789012345678901234567890Z',
  ]) assert.equal(parseTime(text), null, text)
})

test('whatever a Date writes is read back', () => {
  fc.assert(fc.property(
    fc.date({ min: new Date('0000-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
    (date) => assert.equal(parseTime(date.toISOString()), date.getTime())))
})
