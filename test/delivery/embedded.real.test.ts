import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readRetained } from '../../events/read-up-to.ts'
import { openSqliteLog } from '../../events/sqlite.ts'
import { domainTopics, topicNames } from '../../events/topics.ts'
import { freePorts } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { Checker, type Send } from './checker.ts'
import { numberOf, toPublished } from './ledger.ts'
import { Replica } from './replicas.ts'

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
    t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
  })
})
