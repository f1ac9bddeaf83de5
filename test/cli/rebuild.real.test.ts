import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { readUpTo } from '../../events/read-up-to.ts'
import { openSqliteLog } from '../../events/sqlite.ts'
import { domainTopics, topicNames } from '../../events/topics.ts'
import { projectionVersion } from '../../ingest/projections/index.ts'
import { stateKey } from '../../ingest/state-records.ts'
import { encodeToken } from '../../resolvers/events/token.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { ask, interrupt, marketMoves, publishShow, runProgram, showOf, startProgram, startRole } from './program.ts'

/** All that can be asked of a folder's livestreams, sellers and a person, but for what falls with time. */
async function answers(url: string, token: string): Promise<string> {
  return JSON.stringify(await ask(url, `{
    livestreams(first: 100, orderBy: [{ field: STARTED_AT, direction: ASC }]) {
      nodes { id title description category status seller { id name } auction { active currentBid } metrics { chats { total } bids { total } } }
    }
    user(id: "user-1") { id name interests }
  }`, { token }), null, 1)
}

/** Makes the states of a folder those of an older version, as an upgrade finds them. */
async function age(directory: string): Promise<void> {
  const log = await openSqliteLog({ directory, partitions: 4 })
  const { state } = topicNames('freshet')
  try {
    for await (const records of readUpTo(log, await log.starts([state]), await log.ends([state])))
      await log.append(records.flatMap(({ key, partition, value }) => [
        { topic: state, key, partition, value: null },
        { topic: state, key: key?.replace(stateKey(''), stateKey('', projectionVersion - 1)) ?? null, partition, value },
      ]))
  } finally {
    await log.close()
  }
}

/** As `publish` gives it, for everything that is in the domain logs. */
async function tokenOfAll(directory: string): Promise<string> {
  const log = await openSqliteLog({ directory, partitions: 4 })
  try {
    const ends = Object.entries(await log.ends(domainTopics(topicNames('freshet')))).filter(([, end]) => end > 0)
    return encodeToken(ends.map(([place, end]) => {
      const [topic = '', partition] = place.split('/')
      return { topic, partition: Number(partition), offset: end - 1, appendedAt: 0 }
    }), log.id)
  } finally {
    await log.close()
  }
}

describe('freshet replay and simulate', { timeout: 180_000 }, () => {
  test('replay rebuilds the same answers, from the log alone and beside nothing else', async () => {
    await using folder = temporaryDirectory('cli')
    const options = { cwd: folder.path }
    let before: string
    {
      await using freshet = await startRole(['start'], options)
      await marketMoves(freshet.url)
      await publishShow(freshet.url, 'rebuilt')
      await interrupt(freshet)
    }
    const token = await tokenOfAll(join(folder.path, '.freshet', 'log'))
    {
      // Without the market nothing changes while it is asked.
      await using freshet = await startRole(['start', '--no-simulate'], options)
      before = await answers(freshet.url, token)
      assert.match(before, /"title": "Show rebuilt"/)
      assert.match(before, /"total": [1-9]/)
      const refused = await runProgram(['replay'], options)
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, /in use by process \d+/)
      await interrupt(freshet)
    }
    const { code, stdout, stderr } = await runProgram(['replay'], options)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^reading events: \d+$/m)
    assert.match(stdout, /^writing entities: \d+$/m)
    const [, entities, records] = /^Rebuilt (\d+) entities from (\d+) records, from the beginning on, in [\d.]+ s; generation \S+ serves\.$/m.exec(stdout) ?? []
    assert.ok(Number(entities) > 2_000 && Number(records) >= Number(entities), stdout)

    await using after = await startRole(['start', '--no-simulate'], options)
    assert.equal(await answers(after.url, token), before)
    await interrupt(after)
  })

  test('start rebuilds by itself what another version has counted, says why, and goes on', async () => {
    await using folder = temporaryDirectory('cli')
    const directory = join(folder.path, '.freshet', 'log')
    const options = { cwd: folder.path }
    let before: string
    let token: string
    {
      await using freshet = await startRole(['start', '--no-simulate'], options)
      token = await publishShow(freshet.url, 'upgraded')
      before = await answers(freshet.url, token)
      await interrupt(freshet)
    }
    await age(directory)
    {
      await using freshet = await startRole(['start', '--no-simulate'], options)
      assert.equal(await answers(freshet.url, token), before)
      const said = freshet.said()
      const order = [/counts events differently.*rebuilt from the log/, /^reading events: 2$/m, /^Rebuilt 2 entities from 2 records/m, /^Freshet runs/m]
        .map((pattern) => said.search(pattern))
      assert.ok(order.every((at, i) => at > (order[i - 1] ?? -1)), said)
      assert.equal(said.match(/^Freshet runs/gm)?.length, 1, said)
      assert.doesNotMatch(said, /error:|freshet replay/)
      await interrupt(freshet)
    }
    await using again = await startRole(['start', '--no-simulate'], options)
    assert.doesNotMatch(again.said(), /rebuilt/)
    assert.equal(await answers(again.url, token), before)
    await interrupt(again)
  })

  test('simulate publishes through a gateway, goes on where it ended, and says what it does', async () => {
    await using folder = temporaryDirectory('cli')
    await using freshet = await startRole(['start', '--no-simulate'], { cwd: folder.path })
    // Its own folder: the other process has that of the gateway.
    await using place = temporaryDirectory('cli')
    let first: string
    {
      await using market = startProgram(['simulate', '--gateway', freshet.url, '--simulate-rate', '100'], { cwd: place.path })
      await market.says(new RegExp(`Producing 100 events/s through ${freshet.url}; Ctrl-C ends it\\.`))
      await market.says(/^\d+ events, \d+\/s, \d+ people online/m)
      market.send('SIGINT')
      const { code, stdout } = await market.ended
      assert.equal(code, 0)
      assert.match(stdout, /^Ended after \d+ events\.$/m)
      first = await readFile(join(place.path, '.freshet/simulator/cursor.json'), 'utf8')
      assert.ok(existsSync(join(place.path, '.freshet/simulator/truth.json')), 'the hidden truth, for evaluation')
    }
    {
      await using market = startProgram(['simulate', '--gateway', freshet.url, '--simulate-rate', '100', '--react'], { cwd: place.path })
      await market.says(/^\d+ events, \d+\/s, [1-9]\d* people online/m)
      market.send('SIGINT')
      assert.equal((await market.ended).code, 0)
      assert.notEqual(await readFile(join(place.path, '.freshet/simulator/cursor.json'), 'utf8'), first)
      assert.doesNotMatch(market.said(), /refused|error/)
    }
    const { feed } = await ask<{ feed: { edges: unknown[] } }>(freshet.url, '{ feed(userId: "user-1", first: 5) { edges { node { id } } } }')
    assert.equal(feed.edges.length, 5)
    assert.equal(await showOf(freshet.url, 'none'), null)
    await interrupt(freshet)
  })

  test('simulate says that no gateway answers', async () => {
    await using folder = temporaryDirectory('cli')
    await using market = startProgram(['simulate', '--gateway', 'http://127.0.0.1:1'], { cwd: folder.path })
    await market.says(/warning: .*(127\.0\.0\.1:1|fetch failed|gateway)/)
    market.send('SIGINT')
    await market.ended
  })
})
