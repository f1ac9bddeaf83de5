import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'
import { PlannerProcess } from '../../federation/planner-process.ts'
import { newShop, shopEngine } from './shop.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@requires", "@external"])'

/** Two keys where a requirement is computed: enough to end the native planner (0.0.38). */
const sdls = {
  a: `${link} type Query { thing: T } type T @key(fields: "id") { id: ID! }`,
  b: `${link} type T @key(fields: "id") { id: ID! x: Int }`,
  c: `${link} type T @key(fields: "id") @key(fields: "code") { id: ID! code: String! x: Int @external y: Int @requires(fields: "x") }`,
}
const { supergraphSdl } = composeSubgraphs(Object.entries(sdls).map(([name, typeDefs]) => ({ name, typeDefs })))

const resolvers = {
  a: { Query: { thing: () => ({ id: '1' }) } },
  b: { T: { x: () => 20 } },
  c: { T: { code: ({ id }: { id: string }) => `c${id}`, y: ({ x }: { x: number }) => x + 1 } },
}

const fatal = () => createEngine({
  supergraphSdl,
  subgraphs: new Map(Object.entries(sdls).map(([name, typeDefs]) =>
    [name, inProcessSubgraph({ schema: buildSubgraph({ typeDefs, resolvers: resolvers[name as keyof typeof sdls] }) })])),
})

test('an operation that ends the native planner is answered all the same, as are those beside it', async () => {
  const engine = fatal()
  const shop = shopEngine(newShop())
  const run = (query: string) => engine.execute({ document: parse(query) })
  const results = await Promise.all([
    run('{ thing { id } }'),
    run('{ thing { y } }'),
    run('{ thing { code } }'),
    shop.execute({ document: parse('{ users { score } }') }),
    run('{ thing { y id } }'),
  ])
  assert.deepEqual(results.map(({ errors }) => errors), results.map(() => undefined))
  assert.deepEqual(results.map(({ data }) => JSON.parse(JSON.stringify(data?.thing ?? null))), [
    { id: '1' }, { y: 21 }, { code: 'c1' }, null, { y: 21, id: '1' },
  ])
  // Known by now: no planner is asked again.
  const { misses } = engine.stats()
  await run('query Again { thing { y } }')
  assert.equal(engine.stats().misses, misses)
  await Promise.all([engine.close(), shop.close()])
})

test('a planner that ends again and again is given a pause, the longer the more often', async () => {
  let now = 0
  const { plan, close } = new PlannerProcess(() => now).open(supergraphSdl)
  const failure = async (operation: string) => plan(operation).then(() => 'planned', (error: Error) => error.name)
  for (let end = 0; end < 4; end++) assert.equal(await failure('{ thing { y } }'), 'PlannerCrash')
  assert.equal(await failure('{ thing { id } }'), 'PlannerAway')
  now = 499
  assert.equal(await failure('{ thing { id } }'), 'PlannerAway')
  now = 500
  assert.equal(await failure('{ thing { id } }'), 'planned')
  assert.equal(await failure('{ thing { y } }'), 'PlannerCrash')
  now = 1_400
  assert.equal(await failure('{ thing { id } }'), 'PlannerAway')
  // Having lived well for long, it is trusted as if it had never ended.
  now = 2_000
  assert.equal(await failure('{ thing { id } }'), 'planned')
  now = 70_000
  assert.equal(await failure('{ thing { y } }'), 'PlannerCrash')
  assert.equal(await failure('{ thing { id } }'), 'planned')
  close()
})

test('the operations that wait when the planner ends are planned by its successor', async () => {
  const { plan, close } = new PlannerProcess(() => 0).open(supergraphSdl)
  const results = await Promise.allSettled(['{ thing { y } }', '{ thing { id } }', '{ thing { code } }'].map(plan))
  assert.deepEqual(results.map(({ status }) => status), ['rejected', 'fulfilled', 'fulfilled'])
  close()
})

test('a closed engine plans no more, and says so', async () => {
  const engine = shopEngine(newShop())
  await engine.close()
  const { errors } = await engine.execute({ document: parse('{ users { id } }') })
  assert.match(String(errors?.[0]?.originalError?.message), /^The engine is closed/)
})

test('closed while it plans, it leaves no handle and no process behind', async () => {
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length
  const planner = new PlannerProcess(() => performance.now())
  const handle = planner.open(supergraphSdl)
  const planned = handle.plan('{ thing { code } }')
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length, before + 2)
  handle.close()
  assert.equal(process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length, before)
  await assert.rejects(planned, /engine is closed/)
})

test('it ends when there is nothing to plan for a while, and is started again for the next operation', { timeout: 60_000 }, async () => {
  const planner = new PlannerProcess(() => performance.now(), 1)
  const { plan, close } = planner.open(supergraphSdl)
  await plan('{ thing { id } }')
  const first = planner.pid
  while (planner.pid !== undefined) await new Promise(setImmediate)
  assert.ok(await plan('{ thing { code } }'))
  assert.notEqual(planner.pid, first)
  // It was not at fault, so it is not kept away however often it ends so.
  for (let end = 0; end < 5; end++) {
    while (planner.pid !== undefined) await new Promise(setImmediate)
    assert.ok(await plan('{ thing { id } }'))
  }
  close()
})

test('it never ends for want of work while something is to be planned', { timeout: 60_000 }, async () => {
  const planner = new PlannerProcess(() => performance.now(), 0)
  const { plan, close } = planner.open(supergraphSdl)
  for (let round = 0; round < 3; round++) {
    const plans = await Promise.all(Array.from({ length: 200 }, () => plan('{ thing { id } }')))
    assert.ok(plans.every((node) => node !== undefined))
  }
  close()
})

test('a supergraph that comes while no process is there is planned over, as are those before it', { timeout: 60_000 }, async () => {
  const planner = new PlannerProcess(() => performance.now(), 1)
  const first = planner.open(supergraphSdl)
  while (planner.pid !== undefined) await new Promise(setImmediate)
  const second = planner.open(supergraphSdl)
  assert.ok(await second.plan('{ thing { id } }'))
  assert.ok(await first.plan('{ thing { id } }'))
  first.close()
  second.close()
  assert.equal(planner.pid, undefined)
})
