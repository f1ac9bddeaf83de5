import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { startFreshet, type Freshet, type Parts } from '../support/freshet.ts'
import { Checker } from './checker.ts'
import { EventsJudge, StateJudge, type Notice, type Shown } from './judges.ts'
import { numberOf } from './ledger.ts'
import { appendTo } from './replicas.ts'

/** More than a round of the checker: what is sent to a client that reads does not have to be dropped. */
const buffer = 128

/** Clients hang while events are sent, more and more of them, until `isOver`; the one beside them gets all of it meanwhile. */
async function stall(checker: Checker, first: number, isOver: () => boolean): Promise<number> {
  let stalls = 0
  // What systems hold for those who do not read differs: with more and more some of it waits here.
  for (let events = first; stalls < 2 || !isOver(); events *= stalls > 2 ? 2 : 1, stalls++) {
    checker.hang()
    await checker.sends(events)
    await checker.arrived(checker.beside)
    checker.goOn()
    await checker.caughtUp()
  }
  return stalls
}

/** The cursor of a notice brings exactly what had not come before it, and was not counted by one before. */
async function resumes(freshet: Freshet, judge: EventsJudge, notice: Notice): Promise<void> {
  const { count, came, comes } = judge.behind(notice)
  await using client = await freshet.connect()
  const stream = client.subscribe('subscription { events(types: ["ChatPosted", "LivestreamChanged"]) { id } }', {}, { delivery: { after: notice.missed.from } })
  const numbers = new Set<number>()
  for (let n = 0; n < count; n++) {
    const { data, errors, extensions } = await stream.next()
    assert.deepEqual([errors, extensions?.['gap']], [undefined, undefined], judge.name)
    numbers.add(numberOf((data!['events'] as { id: string }).id))
  }
  assert.equal(numbers.size, count, `${judge.name}: each once`)
  assert.deepEqual([...numbers].filter((number) => came.has(number)), [], `${judge.name}: nothing that had come`)
  assert.deepEqual(comes.filter((number) => !numbers.has(number)), [], `${judge.name}: all that came later`)
}

/** What is left of subscriptions whose clients stop reading and go on, by each policy that keeps them. */
export function slowSuite(name: string, parts: Parts): void {
  describe(`subscriptions whose clients stop reading, on ${name}`, { timeout: 180_000 }, () => {
    test('and asked for a buffer are told how many payloads are missing, and get them by the cursor of the notice', async (t) => {
      await using freshet = await startFreshet({ parts })
      await using checker = new Checker({
        send: appendTo(freshet.log, freshet.topics), urlOf: () => freshet.url, beside: true, delivery: { policy: 'BUFFER', buffer },
        paceMs: 20, bulk: { words: 'x'.repeat(1_900), events: 8 },
      })
      await checker.begin()
      const harmed = checker.judges.filter((judge): judge is EventsJudge => judge instanceof EventsJudge && !checker.beside.has(judge))
      const stalls = await stall(checker, 1_000, () => harmed.every(({ told }) => told.length > 0))
      await checker.end()
      checker.check({ gaps: (judge, { reason, missed: { from } }) => !checker.beside.has(judge) && reason === 'BUFFER' && from !== undefined })
      for (const judge of harmed) {
        for (const { missed: { count } } of judge.told) assert.ok(count !== null && count > 0, `${judge.name}: ${count}`)
        for (const notice of judge.told) await resumes(freshet, judge, notice)
      }
      t.diagnostic(`${checker.ledger.sent.length} events, ${stalls} stalls; missed: ${harmed.map((judge) => `${judge.name}: ${judge.told.map(({ missed: { count } }) => count).join(' + ')}`).join(', ')}`)
    })

    test('and asked for the latest state get that of every entity, in fewer payloads than those who read', async (t) => {
      await using freshet = await startFreshet({ parts })
      await using checker = new Checker({
        send: appendTo(freshet.log, freshet.topics), urlOf: () => freshet.url, beside: true, delivery: { policy: 'CONFLATE' }, livestreams: 8, followed: 2,
        paceMs: 20, bulk: { words: 'x'.repeat(1_900), states: 90 },
      })
      await checker.begin()
      const states = checker.judges.filter((judge) => judge instanceof StateJudge)
      const pairs = states.filter((judge) => !checker.beside.has(judge)).map((slow) => ({ slow, beside: states.find((judge) => checker.beside.has(judge) && judge.id === slow.id)! }))
      const stalls = await stall(checker, 1_200, () => pairs.every(({ slow, beside }) => slow.payloads < beside.payloads))
      await checker.end()
      checker.check({ gaps: (judge) => judge instanceof EventsJudge && !checker.beside.has(judge) })
      for (const { id, shown, name } of states) {
        const { livestream } = await freshet.query<{ livestream: Shown }>('query ($id: ID!) { livestream(id: $id) { id title revision } }', { id })
        assert.deepEqual([shown?.id, shown?.title], [livestream.id, livestream.title], name)
        // A copy of a metric gives the livestream another revision, and nobody is told.
        assert.ok(shown!.revision <= livestream.revision, name)
      }
      t.diagnostic(`${checker.ledger.sent.length} events, ${stalls} stalls; payloads: ${pairs.map(({ slow, beside }) => `${slow.name}: ${slow.payloads} of ${beside.payloads}`).join(', ')}`)
    })
  })
}
