import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { startFreshet, type Parts } from '../support/freshet.ts'
import { Checker } from './checker.ts'
import { appendTo } from './replicas.ts'

const sdlOf = (field: string): string => `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Livestream @key(fields: "id") { id: ID! ${field}: String }
`

function reloadSuite(name: string, parts: Parts): void {
  test(`a supergraph that changes again and again while events flow: nobody loses, repeats or notices anything, on ${name}`, { timeout: 120_000 }, async (t) => {
    await using folder = temporaryDirectory('reload')
    const sdl = join(folder.path, 'reviews.graphql')
    writeFileSync(sdl, sdlOf('review0'))
    // Never called: no operation asks for its fields.
    await using freshet = await startFreshet({ parts, file: { pollSeconds: 0, subgraphs: { reviews: { url: 'http://127.0.0.1:1/graphql', sdl } } } })
    await using checker = new Checker({ send: appendTo(freshet.log, freshet.topics), urlOf: () => freshet.url })
    await checker.begin()
    const { connected } = checker
    for (let swaps = 1; swaps <= 5; swaps++) {
      await checker.sends(60)
      writeFileSync(sdl, sdlOf(`review${swaps}`))
      // Events flow while it is swapped.
      const [outcome] = await Promise.all([freshet.gateway.reload(), checker.sends(20)])
      assert.equal(outcome, 'swapped')
      await checker.arrived()
    }
    await checker.end()
    checker.check()
    assert.equal(checker.connected, connected, 'no connection ended')
    t.diagnostic(`${checker.ledger.sent.length} events`)
  })
}

describe('reload of the supergraph', () => {
  reloadSuite('the embedded log', 'embedded')
  describe('with a broker', { skip: requireReal('kafka') }, () => reloadSuite('Kafka', 'kafka'))
})
