import assert from 'node:assert/strict'
import { appendFile, cp, readFile, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import { temporaryDirectory } from '../servers/process.ts'
import { root, runProgram, type Ended } from './program.ts'

/** The sources of this checkout in a folder of their own, where they can be spoiled. */
async function copyOfSources(to: string): Promise<void> {
  const rooms = ['events', 'ingest', 'search', 'ranking', 'schema', 'resolvers', 'subscriptions', 'federation', 'gateway', 'simulator', 'cli']
  for (const path of [...rooms, 'package.json', 'codegen.yml', 'tsconfig.json']) await cp(join(root, path), join(to, basename(path)), { recursive: true })
  await symlink(join(root, 'node_modules'), join(to, 'node_modules'))
}

test('freshet check finds what is stale or incompatible, and names the command that mends it', { timeout: 180_000 }, async () => {
  await using folder = temporaryDirectory('check')
  await copyOfSources(folder.path)
  // What is compiled of this copy is of no use to another.
  const env = { NODE_COMPILE_CACHE: join(folder.path, 'compiled') }
  const freshet = (...args: string[]): Promise<Ended> =>
    runProgram(args, { cwd: folder.path, env, command: [process.execPath, join(folder.path, 'cli/main.ts')] })

  const well = await freshet('check')
  assert.equal(well.code, 0, well.stdout + well.stderr)
  assert.match(well.stdout, /^Supergraph, event schemas and generated types are up to date\.$/m)

  // A field that nobody composed or generated types for, and a promise to producers that is withdrawn.
  const users = join(folder.path, 'schema/users.graphql')
  await writeFile(users, (await readFile(users, 'utf8')).replace(/^type User [^{]*\{$/m, (head) => `${head}\n  "Added by a test."\n  shoeSize: Int\n`))
  await appendFile(join(folder.path, 'events/schemas/BidPlaced.json'), ' ')
  const stale = await freshet('check')
  assert.equal(stale.code, 1)
  assert.match(stale.stdout, /^WRONG {2}schema\/supergraph\.graphql is stale: run `npm run freshet -- compose` and commit it\.$/m)
  assert.match(stale.stdout, /^WRONG {2}resolvers\/users\/generated\/\S+ is stale: run `npm run codegen` and commit it\.$/m)
  assert.match(stale.stdout, /^WRONG {2}BidPlaced\.json is stale/m)
  assert.match(stale.stdout, /^\d+ found\.$/m)

  // The commands that it names mend it.
  assert.equal((await freshet('compose')).code, 0)
  assert.equal((await freshet('schemas')).code, 0)
  const generated = await runProgram(['run', 'codegen'], { cwd: folder.path, env, command: ['npm'] })
  assert.equal(generated.code, 0, generated.stderr)
  const mended = await freshet('check')
  assert.equal(mended.code, 0, mended.stdout)

  const schema = join(folder.path, 'events/schemas/SellerRegistered.json')
  const promised = JSON.parse(await readFile(schema, 'utf8')) as { properties: Record<string, unknown> }
  promised.properties['taxNumber'] = { type: 'string' }
  await writeFile(schema, `${JSON.stringify(promised, null, 2)}\n`)
  const broken = await freshet('check')
  assert.equal(broken.code, 1)
  assert.match(broken.stdout, /^WRONG {2}SellerRegistered\.json.*taxNumber/m)
  const refused = await freshet('schemas')
  assert.equal(refused.code, 1)
  assert.match(refused.stderr, /were not written/)
})
