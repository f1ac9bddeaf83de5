import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { requireReal } from '../servers/available.ts'
import { sharedKafka, uniquePrefix } from '../servers/shared.ts'
import { runExample, startFreshet, type RunningFreshet } from './freshet.ts'

test('each example is in the README, and nothing else is', async () => {
  const folder = new URL('../../examples/', import.meta.url)
  const readme = await readFile(new URL('README.md', folder), 'utf8')
  const named = [...readme.matchAll(/examples\/([\w.-]+)/g)].map(([, name]) => name)
  const there = (await readdir(folder)).filter((name) => name !== 'README.md')
  assert.deepEqual(named.sort(), there.sort())
})

describe('the examples, on a marketplace of their own', { timeout: 120_000 }, () => {
  let freshet: RunningFreshet
  before(async () => { freshet = await startFreshet() })
  after(async () => freshet[Symbol.asyncDispose]())
  const run = (program: string, ...args: string[]): Promise<string> => runExample(program, args, { FRESHET_URL: freshet.url })

  test('publish.sh reads its own write', async () => {
    const [published = '', read = ''] = (await run('sh', 'examples/publish.sh')).trim().split('\n')
    assert.match(published, /"accepted":true/)
    const { data } = JSON.parse(read) as { data: { livestream: { title: string; status: string } } }
    assert.equal(data.livestream.title, 'My first show')
    assert.equal(data.livestream.status, 'LIVE')
  })

  test('watch-feed.js prints the feed and then its change', async () => {
    const printed = await run(process.execPath, 'examples/watch-feed.js', 'user-1', '2')
    assert.equal(printed.match(/ for user-1$/gm)?.length, 2)
    assert.match(printed, /^1\. \d\.\d{3} +\d+ watching {2}\S.* \(\S.*\) [A-Z_, ]+$/m)
  })

  test('context-for-a-model.js fills the window with what fits the question, and no more', async () => {
    const printed = await run(process.execPath, 'examples/context-for-a-model.js', 'orchids and cacti', 'user-1', '1500')
    assert.match(printed, /asks: orchids and cacti$/m)
    assert.match(printed, /^Likes: \w/m)
    const [best = ''] = printed.split('\n').filter((line) => line.startsWith('- '))
    assert.match(best, /orchid|cacti|plant/i)
    assert.ok(printed.trimEnd().length <= 1_500)
  })
})

test('produce-to-kafka.js reaches a Freshet that reads from Kafka', { skip: requireReal('kafka'), timeout: 120_000 }, async () => {
  const { brokers } = await sharedKafka()
  const kafka = { FRESHET_KAFKA_BROKERS: brokers.join(','), FRESHET_TOPIC_PREFIX: uniquePrefix() }
  await using freshet = await startFreshet({ ...kafka, FRESHET_SIMULATE: 'false' })
  const client = createClient({ url: `${freshet.url.replace(/^http/, 'ws')}/graphql`, webSocketImpl: WebSocket })
  const updates = client.iterate<{ livestream: { title: string } | null }>({
    query: 'subscription { livestream(id: "from-kafka") { title } }',
  })
  assert.match(await runExample(process.execPath, ['examples/produce-to-kafka.js'], kafka), /is at \S+\.livestreams\/\d+, offset 0/)
  for await (const { data, errors } of updates) {
    assert.equal(errors, undefined)
    if (!data?.livestream) continue
    assert.equal(data.livestream.title, 'Straight from the log')
    break
  }
  await client.dispose()
})
