import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { EventsJudge, MetricsJudge, NearEventsJudge, StateJudge, type Judge, type Result } from './judges.ts'
import { isNear, Ledger, titleOf, type Numbered } from './ledger.ts'
import { EvaluatedJudge, ListJudge } from './list-judges.ts'

/** A checker that finds nothing proves nothing: each fault is planted once. */
const ledgerOf = (events: readonly Numbered[]): Ledger => {
  const ledger = new Ledger(2)
  ledger.acknowledged(events)
  return ledger
}
const chat = (number: number, livestream = 'l000'): Numbered => ({ number, type: 'ChatPosted', livestream })
const change = (number: number, livestream: string, category = 'vinyl'): Numbered => ({ number, type: 'LivestreamChanged', livestream, category })

const asEvent = ({ number, type, livestream }: Numbered, extensions: object = {}): Result =>
  ({ data: { events: { id: titleOf(number), type, subject: `livestream:${livestream}` } }, extensions: { cursor: 'c', ...extensions } })
const asState = (number: number, revision: number, extensions: object = {}): Result =>
  ({ data: { livestream: { id: 'l000', title: titleOf(number), revision } }, extensions: { cursor: 'c', ...extensions } })
const node = (id: string, number: number) => ({ id, title: titleOf(number), revision: number })
const asUpdate = (kind: string, parts: object): Result =>
  ({ data: { livestreams: { kind, added: [], removed: [], moved: [], updated: [], ...parts } }, extensions: { cursor: 'c' } })

const asEvaluated = (field: string, kind: string, parts: object): Result =>
  ({ data: { [field]: { kind, added: [], removed: [], moved: [], updated: [], ...parts } }, extensions: { cursor: 'c' } })
const asChats = (total: number): Result => ({ data: { metrics: { metrics: { chats: { total } } } }, extensions: { cursor: 'c' } })

const faultsOf = (judge: Judge, results: readonly Result[]): string => {
  for (const result of results) judge.take(result)
  return judge.faults().join('; ')
}

describe('the judge of events', () => {
  const sent = [chat(0), chat(2), chat(4), chat(6, 'l001'), chat(8)]
  const judged = (...results: Result[]): string => faultsOf(new EventsJudge('events', ledgerOf(sent)), results)
  const all = sent.map((event) => asEvent(event))

  test('is content with each event once, in the order of each line', () => {
    assert.equal(judged(...all), '')
    assert.equal(judged(asEvent(chat(6, 'l001')), ...[0, 2, 4, 8].map((number) => asEvent(chat(number)))), '')
  })

  test('begins with the first event that came of a line', () => assert.equal(judged(...all.slice(1)), ''))

  test('misses what came before the first of a line, too, once it has begun', () => {
    const judge = new EventsJudge('events', ledgerOf(sent))
    judge.begins(2)
    assert.match(faultsOf(judge, [asEvent(chat(4)), asEvent(chat(8))]), /missing: 2, 6/)
  })

  test('finds one that is missing, also the last', () => {
    assert.match(judged(...all.filter((_, place) => place !== 2)), /missing: 4/)
    assert.match(judged(...all.slice(0, -1)), /missing: 8/)
    assert.match(judged(...all.filter((_, place) => place !== 3)), /missing: 6/)
  })

  test('finds one that came twice', () => assert.match(judged(...all, asEvent(chat(8))), /repeated: 8 2 times/))

  test('finds two that have changed places', () =>
    assert.match(judged(...[all[0], all[2], all[1], all[3], all[4]].map((result) => result as Result)), /ChatPosted of l000: 2 came after 4/))

  test('finds one that was never sent, an error, and a payload without a cursor', () => {
    assert.match(judged(...all, asEvent(chat(10))), /never sent: 10/)
    assert.match(judged(...all, { errors: [{ message: 'oh' }], extensions: { cursor: 'c' } }), /errors: .*oh/)
    assert.match(judged(...all, { extensions: {} }), /without a cursor/)
  })

  test('counts what a gap notice tells of against what is missing', () => {
    const gapOf = (count: number | null): Result =>
      ({ data: null, errors: [{ message: 'gap', extensions: { code: 'DELIVERY_GAP' } }], extensions: { cursor: 'c', gap: { reason: 'RETENTION', missed: { count } } } })
    const holed = [all[0], all[3], all[4]].map((result) => result as Result)
    assert.equal(judged(holed[0]!, gapOf(2), ...holed.slice(1)), '')
    assert.match(judged(holed[0]!, gapOf(1), ...holed.slice(1)), /missing: 2, 4; gap notices count 1/)
    assert.match(judged(...all, gapOf(1)), /missing: ; gap notices count 1/)
    assert.equal(judged(holed[0]!, gapOf(null), ...holed.slice(1)), '')
  })

  test('holds no notice to account from before it has begun, as nobody knows what that one counts', () => {
    const gap: Result = { data: null, errors: [{ message: 'gap', extensions: { code: 'DELIVERY_GAP' } }], extensions: { cursor: 'c', gap: { reason: 'BUFFER', missed: { count: 7 } } } }
    const judge = new EventsJudge('events', ledgerOf(sent))
    for (const result of [all[0]!, gap]) judge.take(result)
    judge.begins(5)
    assert.deepEqual([judge.notices.length, judge.told.length], [1, 0])
    assert.match(faultsOf(judge, all.slice(3)), /^$/)
    assert.match(faultsOf(judge, [gap]), /missing: ; gap notices count 7/)
  })

  test('knows of doubtful events once it is known what became of them', () => {
    const ledger = ledgerOf(sent)
    ledger.doubted([chat(10), chat(12)])
    ledger.settle(new Set([10]))
    const judge = new EventsJudge('events', ledger)
    assert.match(faultsOf(judge, all), /missing: 10/)
    assert.match(faultsOf(judge, [asEvent(chat(12))]), /never sent: 12/)
  })
})

describe('the judge of events that are near', () => {
  const sent = Array.from({ length: 12 }, (_, n) => chat(2 * n))
  const wanted = sent.filter(isNear)
  const judged = (...results: Result[]): string => faultsOf(new NearEventsJudge('near events', ledgerOf(sent)), results)
  const gapOf = (reason: string, count: number): Result =>
    ({ data: null, errors: [{ message: 'gap', extensions: { code: 'DELIVERY_GAP' } }], extensions: { cursor: 'c', gap: { reason, missed: { count } } } })

  test('is content with each of them once, and finds any other', () => {
    assert.ok(wanted.length > 3 && wanted.length < sent.length)
    assert.equal(judged(...wanted.map((event) => asEvent(event))), '')
    const far = sent.find((event) => !isNear(event))!
    assert.match(judged(asEvent(far), ...wanted.map((event) => asEvent(event))), new RegExp(`${far.number} was not asked for`))
  })

  test('finds one that is missing: a notice counts it where it was dropped, and may count others where the log has none of them any more', () => {
    const some = wanted.filter((_, place) => place !== 1).map((event) => asEvent(event))
    assert.match(judged(...some), new RegExp(`missing: ${wanted[1]!.number}; gap notices count 0`))
    assert.equal(judged(some[0]!, gapOf('RETENTION', 3), ...some.slice(1)), '')
    assert.equal(judged(some[0]!, gapOf('BUFFER', 1), ...some.slice(1)), '')
    assert.match(judged(some[0]!, gapOf('BUFFER', 3), ...some.slice(1)), /gap notices count 3/)
  })
})

describe('the judge of a state', () => {
  const judged = (...results: Result[]): string => faultsOf(new StateJudge('state', ledgerOf([change(1, 'l000'), change(3, 'l000'), change(5, 'l001')]), 'l000'), results)

  test('is content where it rises to the last one, whatever it leaves out', () => {
    assert.equal(judged({ data: { livestream: null }, extensions: { cursor: 'c' } }, asState(1, 0), asState(3, 4)), '')
    assert.equal(judged(asState(3, 4)), '')
  })

  test('finds one that stops short, comes again, falls back or goes away', () => {
    assert.match(judged(asState(1, 0)), /its last state is n0000001, expected n0000003/)
    assert.match(judged(asState(3, 4), asState(3, 4)), /came after/)
    assert.match(judged(asState(3, 4), asState(1, 0), asState(3, 5)), /n0000001 \(revision 0\) came after n0000003/)
    assert.match(judged(asState(1, 4), asState(3, 3)), /came after/)
    assert.match(judged(asState(1, 4), asState(1, 5), asState(3, 6)), /came after/)
    assert.match(judged(asState(3, 4), { data: { livestream: null }, extensions: { cursor: 'c' } }), /gone/)
  })

  test('lets a snapshot behind a gap repeat the state', () => {
    const gap = { gap: { reason: 'RETENTION', missed: { count: 1 } } }
    assert.equal(judged(asState(3, 4), asState(3, 4, gap)), '')
    assert.match(judged(asState(3, 4), asState(1, 3, gap), asState(3, 5)), /came after/)
  })
})

describe('the judge of a list', () => {
  const sent = [change(1, 'l000'), change(3, 'l001'), change(5, 'l002', 'cards')]
  const judged = (...results: Result[]): string => faultsOf(new ListJudge('list', ledgerOf(sent), { category: 'vinyl', first: 2 }), results)
  const snapshot = asUpdate('SNAPSHOT', { added: [{ rank: 0, node: node('l002', 0) }, { rank: 1, node: node('l000', 1) }] })
  const entered = asUpdate('DIFF', { added: [{ rank: 1, node: node('l001', 3) }], removed: ['l002'] })

  test('is content where the changes give the list', () => {
    assert.equal(judged(snapshot, entered), '')
    const swapped = asUpdate('SNAPSHOT', { added: [{ rank: 0, node: node('l001', 0) }, { rank: 1, node: node('l000', 1) }] })
    assert.equal(judged(swapped, asUpdate('DIFF', { moved: [{ id: 'l001', rank: 1 }], updated: [{ rank: 1, node: node('l001', 3) }] })), '')
  })

  test('finds a change that is missing, comes again or is out of place', () => {
    assert.match(judged(snapshot), /the list is l002 n0000000, l000 n0000001, expected l000 n0000001, l001 n0000003/)
    assert.match(judged(snapshot, entered, entered), /changes what is not in the list: l002; adds what is in the list: l001/)
    assert.match(judged(snapshot, asUpdate('DIFF', { added: [{ rank: 0, node: node('l001', 3) }], removed: ['l002'] })), /the list is l001/)
    assert.match(judged(entered), /before any snapshot/)
    assert.match(judged(snapshot, entered, asUpdate('DIFF', { updated: [{ rank: 0, node: node('l000', 0) }] })), /l000: n0000000 came after n0000001/)
  })
})

test('the judge of a list of those that are near expects no others', () => {
  const events = Array.from({ length: 6 }, (_, n) => change(2 * n + 1, `l00${n}`))
  const expected = events.filter(isNear).map(({ number, livestream }, rank) => ({ rank, node: node(livestream, number) }))
  const judged = (added: object[]): string => faultsOf(new ListJudge('near', ledgerOf(events), { category: 'vinyl', first: 9, nearOnly: true }), [asUpdate('SNAPSHOT', { added })])
  assert.ok(expected.length > 1 && expected.length < events.length)
  assert.equal(judged(expected), '')
  assert.match(judged(events.map(({ number, livestream }, rank) => ({ rank, node: node(livestream, number) }))), /the list is/)
})

describe('the judge of metrics', () => {
  const judged = (...totals: number[]): string =>
    faultsOf(new MetricsJudge('metrics', ledgerOf([chat(0), chat(2), change(3, 'l000'), chat(4, 'l001')]), { id: 'l000' }), totals.map(asChats))

  test('is content where it rises to what was sent', () => assert.equal(judged(0, 1, 1, 2), ''))

  test('finds one that stops short, counts twice or falls', () => {
    assert.match(judged(0, 1), /1 chats are counted, and 2 were sent/)
    assert.match(judged(1, 3), /3 chats are counted/)
    assert.match(judged(1, 0, 2), /0 chats came after 1/)
  })

  test('waits for what was sent up to an event', () => {
    const judge = new MetricsJudge('metrics', ledgerOf([chat(0), chat(2)]), { id: 'l000' })
    judge.take(asChats(1))
    assert.deepEqual([judge.has([chat(0)]), judge.has([chat(2)])], [true, false])
  })
})

for (const field of ['searchLivestreams', 'feed']) describe(`the judge of ${field}`, () => {
  const judged = (answer: readonly number[], ...results: Result[]): string => {
    const judge = new EvaluatedJudge('evaluated', ledgerOf([]), field)
    judge.expect(answer.map((number) => ({ id: `l00${number}`, title: titleOf(number) })))
    return faultsOf(judge, results)
  }
  const snapshot = asEvaluated(field, 'SNAPSHOT', { added: [{ rank: 0, node: node('l001', 1) }, { rank: 1, node: node('l002', 2) }] })

  test('is content where it comes to what the query answers, and not elsewhere', () => {
    assert.equal(judged([1, 2], snapshot), '')
    assert.match(judged([2, 1], snapshot), /the list is l001 n0000001, l002 n0000002, expected l002/)
    assert.equal(judged([2, 1], snapshot, asEvaluated(field, 'DIFF', { moved: [{ id: 'l001', rank: 1 }] })), '')
    assert.match(faultsOf(new EvaluatedJudge('evaluated', ledgerOf([]), field), [snapshot]), /nobody has asked/)
  })
})
