import assert from 'node:assert/strict'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { after, describe, test } from 'node:test'
import fc from 'fast-check'
import { parse } from 'graphql'
import { buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph } from '../../federation/index.ts'
import { EngineHost } from '../../gateway/engine-host.ts'
import { createOrigin } from '../../gateway/origin.ts'
import type { RequestContext } from '../../resolvers/context.ts'
import { deliveryOf } from '../../resolvers/delivery.ts'
import type { LivestreamsUpdate } from '../../resolvers/live-list.ts'
import type { SourceEvent } from '../../resolvers/live.ts'
import { localScope } from '../../resolvers/scope.ts'
import { createCursors } from '../../subscriptions/cursor.ts'
import { Budget } from '../../subscriptions/delivery/budget.ts'
import { Dispatcher } from '../../subscriptions/delivery/dispatcher.ts'
import { Group, type Start } from '../../subscriptions/delivery/group.ts'
import { Pace } from '../../subscriptions/delivery/pace.ts'
import { Places } from '../../subscriptions/delivery/places.ts'
import { EvaluationBudget } from '../../subscriptions/evaluation-budget.ts'
import { LiveQueries } from '../../subscriptions/live-queries.ts'
import { Client, type Received } from '../subscriptions/delivery/world.ts'
import { FakeTime } from '../subscriptions/fake-time.ts'
import { openMarket, type SmallMarket } from '../subscriptions/small-market.ts'

const typeDefs = `
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
  type Query { hello: String }
  type Subscription { list: List }
  type List { kind: String!, nodes: [Node!]! }
  type Node { id: ID!, title: String! }
`
interface List { kind: string; nodes: { id: string; title: string }[] }
const listOf = ({ data }: Received): List => (data as unknown as { list: List }).list

interface Services {
  market: SmallMarket
  queries: LiveQueries
  /** How many turns the next read waits. */
  turns: () => number
}
const servicesOf = ({ services }: RequestContext): Services => services as unknown as Services

const resolvers = {
  Subscription: { list: {
    subscribe: (_: unknown, __: unknown, context: RequestContext) =>
      servicesOf(context).queries.livestreams({ filter: undefined, orderBy: [], first: 10 }, { scope: localScope }, deliveryOf({ buffer: 1 }, context)),
    resolve: ({ value }: SourceEvent<LivestreamsUpdate>) => value,
  } },
  List: {
    async nodes({ items }: LivestreamsUpdate, _: unknown, context: RequestContext) {
      const { market, turns } = servicesOf(context)
      for (let left = turns(); left > 0; left--) await nextTurn()
      const found = await market.index.getMany('livestream', items.map(({ id }) => id))
      return items.map(({ id, fields }, at) => ({ id, title: (found[at]?.fields ?? fields).title }))
    },
  },
}
const engine = createEngine({
  supergraphSdl: composeSubgraphs([{ name: 'lists', url: 'http://localhost/lists', typeDefs }]).supergraphSdl,
  subgraphs: new Map([['lists', inProcessSubgraph({ schema: buildSubgraph({ typeDefs, resolvers }), positioned: true })]]),
})
after(() => engine.close())

/** Equal subscriptions of a list whose fields are read from the index so many turns after they were asked for. */
async function openLists(turns: () => number) {
  const market = await openMarket()
  const cursors = createCursors({ key: new Uint8Array(32), logId: 'log', partitions: market.shards })
  const time = new FakeTime(0)
  const errors: unknown[] = []
  const onError = (error: unknown): void => void errors.push(error)
  const unused = (): never => {
    throw new Error('nothing is ranked here')
  }
  const queries = new LiveQueries({
    changes: market.changes, settled: market.settled, cursors, index: market.index, budget: new EvaluationBudget({ clock: time.clock, after: time.after, perSecond: 1 }), clock: time.clock,
    random: () => 0.5, boot: 'boot', onError, feed: { serve: unused, evaluate: unused },
  })
  const door = { host: new EngineHost(engine), scope: localScope, onError, services: { clock: () => 0, market, queries, turns } as never }
  const request = { document: parse('subscription { list { kind nodes { id title } } }'), headers: {} as never, sharing: { key: 'k' } as never }
  const group = new Group({
    origin: createOrigin({ door, engine, request, positioned: true, cursors }), dispatcher: new Dispatcher(),
    entrance: { pace: new Pace(), places: new Places({ most: 4, patienceMs: 1_000 }) }, budget: new Budget(1e9), onError, onEnd: () => {},
    observer: { passed() {}, delivered() {}, gap() {}, conflated() {}, dropped() {} },
  })
  return {
    market, group, cursors, errors,
    [Symbol.asyncDispose]: () => market[Symbol.asyncDispose](),
  }
}

/** Lets everything happen that can. */
async function rest(turns: number): Promise<void> {
  for (let left = turns; left > 0; left--) await nextTurn()
}

/** Titles are numbers that rise with each change: nobody may be shown an older one behind a newer one. */
function checkOrder(received: readonly Received[]): void {
  const shown = new Map<string, number>()
  for (const payload of received)
    for (const { id, title } of listOf(payload).nodes) {
      assert.ok(Number(title) >= (shown.get(id) ?? 0), `${id}: ${title} came after ${shown.get(id)}`)
      shown.set(id, Number(title))
    }
}

describe('what is rendered for equal subscriptions', { timeout: 120_000 }, () => {
  test('a change that is behind the state of who joins is read after it, while others wait for it no longer than that takes', async () => {
    let slow = 0
    await using it = await openLists(() => slow)
    const { market, group } = it
    await market.change('r-1', { fields: { title: '1' } })
    const [early, late] = [new Client(), new Client()]
    await early.join(group, { kind: 'now' })
    await rest(20)
    assert.deepEqual(early.received.map(listOf), [{ kind: 'SNAPSHOT', nodes: [{ id: 'r-1', title: '1' }] }])
    slow = 30
    await late.join(group, { kind: 'now' })
    await rest(10)
    slow = 0
    await market.change('r-1', { fields: { title: '2' } })
    await rest(5)
    assert.equal(early.received.length, 1, 'the state is still being rendered')
    await market.apply('r-1', { fields: { title: '3' } })
    await rest(40)
    for (const { received } of [early, late]) assert.deepEqual(received.at(-1) && listOf(received.at(-1)!), { kind: 'DIFF', nodes: [{ id: 'r-1', title: '3' }] })
    assert.deepEqual(late.received.map(listOf).map(({ kind, nodes: [node] }) => [kind, node?.title]), [['SNAPSHOT', '3'], ['DIFF', '3']])
    for (const client of [early, late]) client.subscriber?.leave()
  })

  test('nobody is shown older fields behind newer ones, whenever they join or come back', async () => {
    const ids = ['r-1', 'r-2', 'r-3']
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('apply' as const), id: fc.constantFrom(...ids) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('announce' as const), shard: fc.nat(1) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('join' as const) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('come back' as const), who: fc.nat(9) }) },
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), turns: fc.integer({ min: 1, max: 8 }) }) },
    )
    await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }), fc.array(fc.nat(12), { minLength: 7, maxLength: 7 }), async (steps, delays) => {
      let reads = 0
      let version = 1
      await using it = await openLists(() => delays[reads++ % delays.length]!)
      const { market, group, cursors } = it
      await market.change('r-1', { fields: { title: '1' } })
      const stays = new Client()
      await stays.join(group, { kind: 'now' })
      /** With what they were shown before they came back. */
      const runs: { client: Client; before: readonly Received[] }[] = [{ client: stays, before: [] }]
      const join = async (start: Start, before: readonly Received[] = []): Promise<void> => {
        const client = new Client()
        runs.push({ client, before })
        await client.join(group, start)
      }
      for (const each of steps) {
        if (each.kind === 'apply') await market.apply(each.id, { fields: { title: String(++version) } })
        else if (each.kind === 'announce') market.announce(each.shard)
        else if (each.kind === 'wait') await rest(each.turns)
        else if (each.kind === 'join') await join({ kind: 'now' })
        else {
          const { client, before } = runs[each.who % runs.length]!
          const last = client.received.at(-1)
          if (client === stays || !last) continue
          client.subscriber?.leave()
          await join({ kind: 'after', cut: cursors.decode(last.extensions.cursor!)! }, [...before, ...client.received])
        }
      }
      market.announceAll()
      await rest(60)
      for (const { client, before } of runs) {
        assert.equal(client.ended, undefined)
        checkOrder([...before, ...client.received])
      }
      const now = new Map([...market.states].map(([id, { fields }]) => [id, fields.title]))
      assert.deepEqual(new Map(listOf(stays.received.at(-1)!).nodes.map(({ id, title }) => [id, title])), now)
      for (const { client } of runs) client.subscriber?.leave()
      assert.deepEqual(it.errors, [])
    }), { numRuns: 150 })
  })
})
