import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { openSqliteLog } from '../../events/sqlite.ts'
import { topicNames, topicSpecs } from '../../events/topics.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { ask, interrupt, publishShow, runProgram, showOf, startRole } from './program.ts'

const topics = topicNames('freshet')

const started = (id: string, data: object): string => JSON.stringify({
  specversion: '1.0', id, source: 'a-test', type: 'LivestreamStarted', subject: 'livestream:mended', time: new Date().toISOString(), data,
})
/** A title is a text. */
const broken = started('e-1', { sellerId: 's-1', title: 7, category: 'vinyl' })
const noJson = Buffer.from([...Buffer.from('is no JSON at all \u001b[2J'), 0, 0xff, 0xfe])
const unknownType = '{"specversion":"1.0","id":"e-2","source":"a-test","type":"LivestreamPaused\\u001b[2J","subject":"livestream:paused","data":{}}'

describe('freshet dead-letters', { timeout: 120_000 }, () => {
  const folder = temporaryDirectory('cli')
  const freshet = (...args: string[]) => runProgram(['dead-letters', ...args], { cwd: folder.path })
  /** Of the letter that `list` shows with this reason. */
  const idOf = async (reason: RegExp): Promise<string> => {
    const { stdout } = await freshet('list')
    const line = stdout.split('\n').find((each) => reason.test(each))
    assert.ok(line, `one of these lines matches ${reason}:\n${stdout}`)
    return line.split('  ')[0] as string
  }

  before(async () => {
    const log = await openSqliteLog({ directory: join(folder.path, '.freshet', 'log'), partitions: 4 })
    await log.ensureTopics(topicSpecs(topics))
    for (const text of [broken, noJson, unknownType])
      await log.append([{ topic: topics.livestreams, key: 'livestream:mended', value: Buffer.from(text) }])
    await log.close()
    await using running = await startRole(['start', '--no-simulate'], { cwd: folder.path })
    // What comes behind the broken ones is applied: they have been dealt with by then.
    const token = await publishShow(running.url, 'mended-later')
    assert.ok(await showOf(running.url, 'mended-later', { token }))
    await interrupt(running)
  })
  after(() => folder[Symbol.asyncDispose]())

  test('lists them with place, time, kind and reason', async () => {
    const { code, stdout } = await freshet('list')
    assert.equal(code, 0)
    assert.equal(stdout.match(/^freshet\.livestreams\/\d\/\d+ {2}\d{4}-\d\d-\d\dT\S+Z {2}(rejected|parked) [A-Z_]+: \S.*$/gm)?.length, 3, stdout)
    assert.match(stdout, /parked UNKNOWN_TYPE: .*LivestreamPaused/)
    assert.match(stdout, /rejected MALFORMED_JSON: /)
    assert.match(stdout, /^3 in all\.$/m)
    assert.ok(!stdout.includes('\u001b'), 'what a stranger sent does not steer the terminal')
  })

  test('lists as many as it was asked for', async () => {
    const { stdout } = await freshet('list', '--limit', '2')
    assert.match(stdout, /^2 shown; there are more \(--limit\)\.$/m)
    const wrong = await freshet('list', '--limit', 'none')
    assert.equal(wrong.code, 1)
    assert.match(wrong.stderr, /'--limit <number>' argument 'none' is invalid\. Expected a whole number from 1 on\./)
  })

  test('shows the untouched bytes of one', async () => {
    const { code, stdout, stderr } = await freshet('show', await idOf(/MALFORMED_JSON/))
    assert.equal(code, 0)
    assert.equal(stdout, noJson.toString(), 'they alone are on standard output, so that they can go to a file')
    assert.match(stderr, /^freshet\.livestreams\/\d\/\d+ {2}.* MALFORMED_JSON: /)
  })

  test('says where to look when there is none of that id', async () => {
    for (const command of ['show', 'resubmit']) {
      const { code, stderr } = await freshet(command, 'freshet.livestreams/0/4711')
      assert.equal(code, 1)
      assert.match(stderr, /no dead letter .freshet\.livestreams\/0\/4711.*`freshet dead-letters list`/)
    }
  })

  test('does not send again what would be refused again', async () => {
    const { code, stderr } = await freshet('resubmit', await idOf(/MALFORMED_JSON/))
    assert.equal(code, 1)
    assert.match(stderr, /It was not sent \(MALFORMED_JSON\): It would be refused again\./)
  })

  test('sends a mended one, which is applied, and remembers that', async () => {
    const file = join(folder.path, 'mended.json')
    const { stdout: shown } = await freshet('show', await idOf(/INVALID_DATA/))
    assert.equal(shown, broken)
    await writeFile(file, shown.replace('"title":7', '"title":"Mended"'))
    const id = await idOf(/INVALID_DATA/)
    const { code, stdout, stderr } = await freshet('resubmit', id, '--edited', file)
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^Sent again: freshet\.livestreams\/\d\/\d+\.$/m)
    assert.match((await freshet('list')).stdout, new RegExp(`^${id} .*\\(sent again\\)$`, 'm'))
    assert.match((await freshet('list', '--waiting')).stdout, /^2 in all\.$/m)

    await using running = await startRole(['start', '--no-simulate'], { cwd: folder.path })
    const token = await publishShow(running.url, 'mended-last')
    const { livestream } = await ask<{ livestream: { title: string } }>(running.url, '{ livestream(id: "mended") { title } }', { token })
    assert.equal(livestream.title, 'Mended')

    // The log is the running process's: what to do is said.
    const refused = await freshet('list')
    assert.equal(refused.code, 1)
    assert.match(refused.stderr, /in use by process \d+/)
    assert.match(refused.stderr, /End that `freshet start` with Ctrl-C \(nothing is lost\), run this again, then start it again\. On Kafka both run side by side\./)
    await interrupt(running)
  })
})
