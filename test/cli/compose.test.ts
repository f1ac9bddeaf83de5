import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { compose, composeAll } from '../../cli/compose.ts'
import { resolveSettings } from '../../cli/settings.ts'
import { temporaryDirectory } from '../servers/process.ts'

describe('freshet compose', () => {
  test('refuses where a supergraph from elsewhere is served, says which, and writes nothing', async () => {
    await using folder = temporaryDirectory('compose')
    const output = join(folder.path, 'out.graphql')
    const refused = (supergraph: string) => assert.rejects(
      compose({ settings: resolveSettings({ env: {}, file: { supergraph } }), output, say: (line) => assert.fail(line) }),
      {
        name: 'SettingsError',
        message: `There is nothing to compose: the supergraph of ${supergraph.replace('/graph?key=1', '')} is served as it is `
          + '("supergraph" in the settings, or FRESHET_SUPERGRAPH). `freshet check` says whether it can be. '
          + 'To compose subgraphs here instead, take that setting out.',
      })
    await refused(join(folder.path, 'supergraph.graphql'))
    await refused('https://registry.example.com/graph?key=1')
    assert.equal(existsSync(output), false)
  })

  test('writes the supergraph of own and foreign subgraphs, or says in which file and line they do not compose', async () => {
    await using folder = temporaryDirectory('compose')
    const [sdl, output] = [join(folder.path, 'reviews.graphql'), join(folder.path, 'out.graphql')]
    const settings = resolveSettings({ env: {}, file: { subgraphs: { reviews: { url: 'http://127.0.0.1:1/graphql', sdl } } } })
    const said: string[] = []
    const composed = () => compose({ settings, output, say: (line) => said.push(line) })
    writeFileSync(sdl, 'type Query {\n  review String\n}')
    await assert.rejects(composed(), {
      message: `The subgraphs do not compose:\n- ${sdl}:2:10: Syntax Error: Expected ":", found Name "String". (INVALID_GRAPHQL)`,
    })
    assert.equal(existsSync(output), false)
    writeFileSync(sdl, 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3")\ntype Query { review: String }')
    await composed()
    assert.deepEqual(said, [`Wrote ${output}.`])
    assert.match(readFileSync(output, 'utf8'), /review: String @join__field\(graph: REVIEWS\)/)
  })

  test('says where routers find Freshet\'s own subgraphs: at its public address, or else at its port', async () => {
    await using folder = temporaryDirectory('compose')
    const sdl = join(folder.path, 'reviews.graphql')
    writeFileSync(sdl, 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3")\ntype Query { review: String }')
    const composed = async (further: object) =>
      composeAll(resolveSettings({ env: {}, file: { subgraphs: { reviews: { url: 'http://127.0.0.1:1/graphql', sdl } }, ...further } }))
    assert.match(await composed({ publicUrl: 'https://freshet.example.com' }), /USERS @join__graph\(name: "users", url: "https:\/\/freshet\.example\.com\/subgraphs\/users"\)/)
    assert.match(await composed({ port: 4321 }), /USERS @join__graph\(name: "users", url: "http:\/\/localhost:4321\/subgraphs\/users"\)/)
  })
})
