import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { buildSchema, GraphQLError, GraphQLSchema, parse, validate, type OperationDefinitionNode } from 'graphql'
import type { EventLog, Positions } from '../../events/log.ts'
import { covers, mergePositions } from '../../events/log.ts'
import { asksForFreshness, checkStaleness, maxStaleDirective } from '../../gateway/max-stale.ts'
import { Staleness } from '../../gateway/staleness.ts'
import { ProgressWaits } from '../../search/progress-waits.ts'
import { temporaryLog } from '../events/temporary-log.ts'

const operationOf = (text: string): OperationDefinitionNode => parse(text).definitions[0] as OperationDefinitionNode

/** A gateway that has applied what the test says. */
function applied() {
  let covered: Positions = {}
  const waiting = new Set<() => void>()
  return {
    covered: () => covered,
    waitFor: (wanted: Positions, signal: AbortSignal) => new Promise<void>((resolve, reject) => {
      const look = () => {
        if (covers(covered, wanted)) resolve()
      }
      signal.addEventListener('abort', () => reject(signal.reason as Error))
      waiting.add(look)
      look()
    }),
    cover(positions: Positions) {
      covered = mergePositions(covered, positions)
      for (const look of waiting) look()
    },
  }
}

async function set(t: TestContext) {
  const clock = { now: 1_000 }
  const { log } = await temporaryLog(t, { partitions: 2, clock: () => clock.now })
  await log.ensureTopics([{ name: 'a' }, { name: 'b' }])
  const view = applied()
  const asked: string[] = []
  const counted: Pick<EventLog, 'ends' | 'read'> = {
    ends: (topics) => {
      asked.push('ends')
      return log.ends(topics)
    },
    read: (options) => {
      asked.push('read')
      return log.read(options)
    },
  }
  const staleness = new Staleness({ log: counted, topics: ['a', 'b'], view, clock: () => clock.now })
  const append = (key: string, at: number) => {
    clock.now = at
    return log.append([{ topic: 'a', key, value: new Uint8Array(1) }])
  }
  const check = (text: string, variables?: Record<string, unknown>, timeoutMs = 1_000) =>
    checkStaleness({ staleness, services: { clock: () => clock.now }, settings: { tokenTimeoutMs: timeoutMs } }, operationOf(text), variables)
  return { clock, log, view, staleness, asked, append, check }
}

const isCode = (code: string, staleMs?: number) => (error: unknown): boolean => {
  assert.ok(error instanceof GraphQLError)
  assert.equal(error.extensions.code, code)
  if (staleMs !== undefined) assert.equal(error.extensions.staleMs, staleMs)
  return true
}

describe('@maxStale', () => {
  test('a gateway that has applied everything is fresh; one that has not is as stale as the oldest record that it lacks', async (t) => {
    const { clock, log, view, append, check } = await set(t)
    await check('query @maxStale(ms: 0) { a }')
    await append('x', 2_000)
    await append('x', 3_000)
    clock.now = 4_500
    await check('query @maxStale(ms: 2501) { a }')
    await assert.rejects(check('query @maxStale(ms: 2500) { a }'), isCode('STALE', 2_501))
    const ends = await log.ends(['a'])
    const one = Object.fromEntries(Object.entries(ends).map(([key, end]) => [key, Math.max(0, end - 1)]))
    view.cover(one)
    await assert.rejects(check('query @maxStale(ms: 1500) { a }'), isCode('STALE', 1_501))
    view.cover(ends)
    await check('query @maxStale(ms: 0) { a }')
  })

  test('what events have re-keyed is applied as well before they are: it is waited for, and where it does not come nothing more is known', async (t) => {
    const { clock, log, append } = await set(t)
    const view = new ProgressWaits()
    const staleness = new Staleness({ log, topics: ['a', 'b'], view, clock: () => clock.now })
    assert.equal(await staleness.has(999), true)
    await append('x', 2_000)
    view.advance(await log.ends(['a']), { 'rekeyed/1': 7 })
    assert.equal(await staleness.has(1_999), false)
    assert.equal(staleness.bound, 1_001)
    const waited = staleness.has(1_999)
    while (view.waiting === 0) await new Promise((resolve) => { setImmediate(resolve) })
    view.advance({ 'rekeyed/1': 7 }, {})
    assert.equal(await waited, true)
  })

  test('the log is not asked while what is known is fresh enough', async (t) => {
    const { clock, asked, check } = await set(t)
    await check('query @maxStale(ms: 100) { a }')
    assert.deepEqual(asked, ['ends'])
    clock.now += 99
    await check('query @maxStale(ms: 100) { a }')
    assert.deepEqual(asked, ['ends'])
    clock.now += 1
    await check('query @maxStale(ms: 100) { a }')
    assert.deepEqual(asked, ['ends', 'ends'])
  })

  test('who waits gets its answer once everything is applied that was appended before it asked', async (t) => {
    const { log, view, append, check } = await set(t)
    await append('x', 2_000)
    const waited = check('query ($ms: Int!) @maxStale(ms: $ms, wait: true) { a }', { ms: 0 }, 60_000)
    const ends = await log.ends(['a'])
    await append('x', 2_001)
    view.cover(ends)
    await waited
  })

  test('who waits in vain is told how stale the answer would be', async (t) => {
    const { append, check } = await set(t)
    await append('x', 2_000)
    await assert.rejects(check('query @maxStale(ms: 0, wait: true) { a }', {}, 1), isCode('STALE'))
  })

  test('a log that does not answer is no reason to pretend', async () => {
    const away = new Staleness({
      log: { ends: () => Promise.reject(new Error('broker 7 is away')), read: () => { throw new Error('never') } },
      topics: ['a'], view: applied(), clock: () => 0,
    })
    await assert.rejects(checkStaleness({ staleness: away, services: { clock: () => 0 }, settings: { tokenTimeoutMs: 10 } }, operationOf('query @maxStale(ms: 5) { a }'), {}), isCode('LOG_UNAVAILABLE'))
  })

  test('bounds that make no sense are refused', async (t) => {
    const { check } = await set(t)
    await assert.rejects(check('query @maxStale(ms: -1) { a }'), isCode('BAD_USER_INPUT'))
    await assert.rejects(check('query @maxStale(ms: 3600001) { a }'), isCode('BAD_USER_INPUT'))
  })

  test('its variables have their defaults and types', async (t) => {
    const { append, check } = await set(t)
    await append('x', 2_000)
    await assert.rejects(check('query ($ms: Int = 0) @maxStale(ms: $ms) { a }'), isCode('STALE'))
    await check('query ($ms: Int = 0, $other: Unknown!) @maxStale(ms: $ms) { a }', { ms: 60_000 })
    for (const [text, variables] of [
      ['query ($ms: Int!) @maxStale(ms: $ms) { a }', {}], ['query ($ms: Int!) @maxStale(ms: $ms) { a }', { ms: null }],
      ['query ($ms: Int!) @maxStale(ms: $ms) { a }', { ms: 'soon' }], ['query ($wait: Boolean) @maxStale(ms: 5, wait: $wait) { a }', { wait: null }],
    ] as const) await assert.rejects(check(text, variables), isCode('BAD_USER_INPUT'))
  })

  test('only queries may have it', () => {
    const schema = buildSchema('type Query { a: Int } type Mutation { a: Int }')
    const withIt = new GraphQLSchema({ ...schema.toConfig(), directives: [...schema.getDirectives(), maxStaleDirective] })
    assert.deepEqual(validate(withIt, parse('query @maxStale(ms: 1) { a }')), [])
    assert.equal(validate(withIt, parse('mutation @maxStale(ms: 1) { a }')).length, 1)
    assert.equal(asksForFreshness(operationOf('query @maxStale(ms: 1) { a }')), true)
    assert.equal(asksForFreshness(operationOf('query { a }')), false)
  })
})
