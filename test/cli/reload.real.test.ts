import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../servers/process.ts'
import { ask, interrupt, startRole } from './program.ts'

const sdl = (field: string): string => `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Livestream @key(fields: "id") { id: ID! ${field}: String }
`

test('SIGHUP makes a gateway look for changes at once', { timeout: 120_000 }, async () => {
  await using folder = temporaryDirectory('reload')
  const file = join(folder.path, 'reviews.graphql')
  await writeFile(file, sdl('review'))
  // Never called: no operation asks for its fields.
  await writeFile(join(folder.path, 'freshet.yaml'), 'pollSeconds: 0\nsubgraphs:\n  reviews: { url: "http://127.0.0.1:1/graphql", sdl: ./reviews.graphql }\n')
  await using freshet = await startRole(['start', '--no-simulate'], { cwd: folder.path })
  const fields = async (): Promise<string[]> => {
    const { __type } = await ask<{ __type: { fields: { name: string }[] } }>(freshet.url, '{ __type(name: "Livestream") { fields { name } } }')
    return __type.fields.map(({ name }) => name).filter((name) => /^re(view|ply)$/.test(name))
  }
  assert.deepEqual(await fields(), ['review'])
  await writeFile(file, sdl('reply'))
  freshet.send('SIGHUP')
  await freshet.says(/Looked for a changed supergraph: swapped/)
  assert.deepEqual(await fields(), ['reply'])
  freshet.send('SIGHUP')
  await freshet.says(/Looked for a changed supergraph: unchanged/)
  await interrupt(freshet)
})
