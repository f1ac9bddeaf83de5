import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { covers } from '../../events/log.ts'
import { readRetained } from '../../events/read-up-to.ts'
import { openSqliteLog } from '../../events/sqlite.ts'
import { domainTopics, topicNames } from '../../events/topics.ts'
import { sample } from '../cli/program.ts'
import { freePorts } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { Checker } from './checker.ts'
import { numberOf, toPublished } from './ledger.ts'
import { EvaluatedJudge } from './list-judges.ts'
import type { Send } from './producer.ts'
import { Replica } from './replicas.ts'
import { startForwarder } from './tcp.ts'

const publish = 'mutation ($events: [EventInput!]!) { publish(events: $events) { results { accepted message } } }'

/** A producer through the program itself: what it had in hand when that died may be there or not. */
const sendTo = (url: string): Send => async (events) => {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST', headers: { 'content-type': 'application/json' }, signal: AbortSignal.timeout(10_000),
    body: JSON.stringify({ query: publish, variables: { events: events.map(toPublished) } }),
  })
  const { data } = await response.json() as { data?: { publish: { results: { accepted: boolean; message: string }[] } } }
  if (!data || data.publish.results.some(({ accepted }) => !accepted)) throw new Error(`expected every event to be accepted, got ${JSON.stringify(data)}`)
}

/** Numbers of the events that the log of a program that has ended holds. */
async function numbersIn(dataDir: string): Promise<Set<number>> {
  const log = await openSqliteLog({ directory: join(dataDir, 'log'), partitions: 4 })
  const numbers = new Set<number>()
  for await (const records of readRetained(log, domainTopics(topicNames('freshet'))))
    for (const { value } of records) if (value) numbers.add(numberOf((JSON.parse(Buffer.from(value).toString('utf8')) as { id: string }).id))
  await log.close()
  return numbers
}

const daysMs = 24 * 3_600_000

/**
 * Lets the log of a program that has ended and had applied everything do what it does in eight days without an event, under a bound of
 * its size that is long passed.
 */
async function forget(dataDir: string): Promise<void> {
  const topics = topicNames('freshet')
  const log = await openSqliteLog({ directory: join(dataDir, 'log'), partitions: 4, clock: () => Date.now() + 8 * daysMs, retentionBytes: 1 })
  const released = await log.ends(domainTopics(topics))
  log.protect(released)
  const forgetful = [...domainTopics(topics), topics.changes]
  const before = await log.starts(forgetful)
  // It sweeps a little in each turn as long as there is more.
  for (let starts = before, still = 0; still < 10; ) {
    await nextTurn()
    const now = await log.starts(forgetful)
    still = covers(starts, now) ? still + 1 : 0
    starts = now
  }
  const after = await log.starts([topics.changes])
  assert.ok(Object.entries(after).every(([lane, start]) => start > before[lane]!), JSON.stringify({ before, after }))
  await log.close()
}

describe('freshet start on its embedded log', { timeout: 120_000 }, () => {
  test('killed with kill -9, ended and started again on its folder: nothing is lost, repeated or out of order', async (t) => {
    await using folder = temporaryDirectory('delivery')
    const [port] = await freePorts(1)
    await using freshet = new Replica(['start', '--no-simulate'], { port: port as number, cwd: folder.path, env: {} })
    await freshet.start()
    await using checker = new Checker({ send: sendTo(freshet.url), urlOf: () => freshet.url, metricsMayFall: true })
    await checker.begin()
    for (const end of ['kill', 'stop', 'kill'] as const) {
      await checker.sends(100)
      await freshet[end]()
      await freshet.start()
      await checker.sends(40)
      await checker.arrived()
    }
    await checker.end()
    await freshet.stop()
    checker.ledger.settle(await numbersIn(join(folder.path, '.freshet')))
    checker.check()
    // With another key nobody's cursor fits any more.
    rmSync(join(folder.path, '.freshet', 'cursor.key'))
    await freshet.start()
    await checker.told('CURSOR')
    checker.check({ gaps: (_judge, { reason, missed }) => reason === 'CURSOR' && missed.count === null })
    for (const { name, notices } of checker.judges) assert.equal(notices.length, 1, `${name} is told of it once`)
    t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
  })

  test('that retention has truncated while clients were away: each is told of the gap, events with their number, and goes on from the state behind it', async (t) => {
    await using folder = temporaryDirectory('delivery')
    const [port] = await freePorts(1)
    await using freshet = new Replica(['start', '--no-simulate'], { port: port as number, cwd: folder.path, env: {} })
    await freshet.start()
    let isAway = false
    await using network = await startForwarder(() => (isAway ? [] : [freshet.port]))
    await using checker = new Checker({ send: sendTo(freshet.url), urlOf: () => network.url, metricsMayFall: true })
    await checker.begin()
    await checker.sends(100)
    isAway = true
    network.cut()
    await checker.sends(200)
    await checker.pause()
    while (await sample(freshet.url, 'freshet_ingest_lag_records') !== 0) continue
    await freshet.stop()
    await forget(join(folder.path, '.freshet'))
    await freshet.start()
    isAway = false
    await checker.end()
    // The judge of events holds what notices count against what is missing.
    checker.check({ gaps: (_judge, { reason, missed }) => reason === 'RETENTION' && missed.from !== undefined && missed.count !== 0 })
    // A search or feed begins anew in another process, whatever the log holds.
    for (const judge of checker.judges) assert.equal(judge.notices.length, judge instanceof EvaluatedJudge ? 0 : 1, `${judge.name} is told of it once`)
    t.diagnostic(checker.judges.map(({ name, notices }) => `${name}: ${notices.map(({ missed: { count } }) => count).join()}`).join('; '))
  })
})
