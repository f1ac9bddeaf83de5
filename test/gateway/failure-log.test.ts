import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SubgraphFailure } from '../../federation/index.ts'
import { maskError } from '../../gateway/errors.ts'
import { FailureLog } from '../../gateway/failure-log.ts'
import { failureError } from '../../federation/errors.ts'
import { IndexUnavailableError } from '../../search/entity-index.ts'

function heard() {
  const said: [level: string, message: string, details?: unknown][] = []
  let now = 0
  const log = new FailureLog({
    info: () => assert.fail(), warn: (message, details) => said.push(details ? ['warn', message, details] : ['warn', message]), error: (message) => said.push(['error', message]),
  }, () => now)
  return { said, log, wait: (ms: number) => void (now += ms) }
}

test('a system that is away is told in a line, at once and then every ten seconds, with how many more met it', () => {
  const { said, log, wait } = heard()
  const away = new IndexUnavailableError('Weaviate at http://index:8080 is not there.')
  for (let request = 0; request < 500; request++) {
    log.tell(away)
    wait(25)
  }
  wait(10_000)
  log.tell(away)
  assert.deepEqual(said, [
    ['warn', 'a request failed: Weaviate at http://index:8080 is not there.'],
    ['warn', 'a request failed: Weaviate at http://index:8080 is not there.', { alike: 399 }],
    ['warn', 'a request failed: Weaviate at http://index:8080 is not there.', { alike: 99 }],
  ])
})

test('a subgraph that is away is named, with what the system says of the connection', () => {
  const { said, log } = heard()
  const refused = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:1'), { code: 'ECONNREFUSED' })
  for (const subgraph of ['reviews', 'reviews', 'orders']) {
    const error = failureError(subgraph, new SubgraphFailure('could not be reached', { cause: refused }), undefined)
    assert.equal(maskError(error.toJSON(), error, (cause) => log.tell(cause)).message, `The subgraph "${subgraph}" could not be reached.`)
  }
  assert.deepEqual(said, ['reviews', 'orders'].map((subgraph) =>
    ['warn', `a request failed: The subgraph "${subgraph}" could not be reached. (connect ECONNREFUSED 127.0.0.1:1)`]))
})

test('what nobody expected is told each time, with its stack', () => {
  const { said, log } = heard()
  for (let time = 0; time < 2; time++) log.tell(new TypeError('of undefined'))
  assert.equal(said.length, 2)
  assert.match(said[0]![1], /^TypeError: of undefined\n +at /)
})
