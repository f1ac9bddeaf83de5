import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse, type ExecutionResult } from 'graphql'
import type { EventLog } from '../../events/log.ts'
import {
  buildSubgraph, composeSubgraphs, createEngine, eventSubgraph, inProcessSubgraph, type Engine, type EventSource,
} from '../../federation/index.ts'
import { ensureEventTopics, logEventSource, type LogEventSourceOptions } from '../../gateway/event-source.ts'
import { createCursors } from '../../subscriptions/cursor.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])'
const employeesSdl = `${link} type Employee @key(fields: "id") { id: ID! name: String } type Query { employee: Employee }`

const streamsSdl = (prefix: string) => `
  type Employee @key(fields: "id", resolvable: false) { id: ID! }
  type Subscription {
    updated(id: ID!): Employee @edfs__kafkaSubscribe(topics: ["${prefix}.updated", "${prefix}.also"])
      @openfed__subscriptionFilter(condition: { IN: { fieldPath: "id", values: ["{{ args.id }}"] } })
    all: Employee @edfs__kafkaSubscribe(topics: ["${prefix}.updated"])
    own(id: ID!): Employee @edfs__kafkaSubscribe(topics: ["${prefix}.own.{{ args.id }}"])
  }
  type Mutation {
    tell(id: ID!): edfs__PublishResult! @edfs__kafkaPublish(topic: "${prefix}.own.{{ args.id }}")
    update(id: ID!, text: String): edfs__PublishResult! @edfs__kafkaPublish(topic: "${prefix}.updated")
  }
`

interface Setup extends AsyncDisposable {
  engine: Engine
  source: EventSource
  log: EventLog
  /** A topic of this test. */
  topic: string
  problems: Error[]
}

export type MakeLog = () => Promise<{
  log: EventLog
  prefix: string
  /** Removes what lies before these offsets (`topic/partition`). */
  truncate(before: Readonly<Record<string, number>>): Promise<void>
  dispose(): Promise<void>
}>

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** What every log does for SDL-declared subscriptions. */
export const eventSourceSuite = (name: string, make: MakeLog): void => {
  const setup = async (options: Partial<LogEventSourceOptions> = {}): Promise<Setup> => {
    const { log, prefix, dispose } = await make()
    const problems: Error[] = []
    const cursors = createCursors({ key: Buffer.alloc(32), logId: log.id, partitions: log.partitions })
    const source = logEventSource({ log, cursors, report: (problem) => problems.push(problem as Error), ...options })
    const streams = eventSubgraph({
      name: 'streams', typeDefs: streamsSdl(prefix), sources: new Map([['default', source]]), report: (problem) => problems.push(problem),
    })
    await ensureEventTopics(log, streams.fixedTopics.get('default') ?? [])
    const schema = buildSubgraph({ typeDefs: employeesSdl, resolvers: { Employee: {
      __resolveReference: ({ id }: { id: string }) => ({ id, name: `Employee ${id}` }),
    } } })
    const engine = createEngine({
      supergraphSdl: composeSubgraphs([
        { name: 'streams', typeDefs: streamsSdl(prefix) }, { name: 'employees', typeDefs: employeesSdl },
      ]).supergraphSdl,
      subgraphs: new Map([['streams', streams], ['employees', inProcessSubgraph({ schema })]]),
    })
    return { engine, source, log, topic: `${prefix}.updated`, problems, [Symbol.asyncDispose]: async () => {
      await engine.close()
      await dispose()
    } }
  }
  const tell = ({ engine }: Setup, id: string) =>
    engine.execute({ document: parse('mutation ($id: ID!) { tell(id: $id) { success } }'), variables: { id } })
  const subscribed = async ({ engine }: Setup, query: string): Promise<AsyncIterableIterator<ExecutionResult>> => {
    const stream = await engine.subscribe({ document: parse(query) })
    assert.ok(Symbol.asyncIterator in stream, JSON.stringify(stream))
    return stream
  }

  describe(`${name} feeds subscriptions declared in SDL`, { timeout: 60_000 }, () => {
    test('what is published after the subscription began arrives, in order of its key, and nothing from before', async () => {
      await using under = await setup()
      const update = (id: number, text: string) =>
        under.engine.execute({ document: parse('mutation ($id: ID!, $text: String) { update(id: $id, text: $text) { success } }'), variables: { id, text } })
      assert.deepEqual(json(await update(1, 'before')), { data: { update: { success: true } } })
      const all = await subscribed(under, 'subscription { all { id name } }')
      const one = await subscribed(under, 'subscription { updated(id: 7) { id name } }')
      for (const id of [3, 7, 3, 7]) await update(id, 'after')
      const ids = []
      for (let count = 0; count < 4; count++) ids.push(((await all.next()).value as { data: { all: { id: string } } }).data.all.id)
      assert.deepEqual(ids.sort(), ['3', '3', '7', '7'])
      for (let count = 0; count < 2; count++) {
        assert.deepEqual(json((await one.next()).value), { data: { updated: { id: '7', name: 'Employee 7' } } })
      }
      await Promise.all([all.return?.(), one.return?.()])
    })

    test('nothing is lost between the start of a subscription and the first event', async () => {
      await using under = await setup()
      for (let round = 0; round < 20; round++) {
        const stream = await subscribed(under, 'subscription { all { id } }')
        await under.source.publish(under.topic, { key: null, value: new TextEncoder().encode(JSON.stringify({ id: round })) })
        assert.deepEqual(json((await stream.next()).value), { data: { all: { id: String(round) } } })
        await stream.return?.()
      }
    })

    test('events without a key are spread over the partitions, those of one key stay together', async () => {
      await using under = await setup()
      const before = await under.log.ends([under.topic])
      for (let count = 0; count < under.log.partitions; count++) await under.source.publish(under.topic, { key: null, value: new Uint8Array([123, 125]) })
      const spread = await under.log.ends([under.topic])
      for (const [partition, end] of Object.entries(spread)) assert.equal(end, before[partition]! + 1)
      for (let count = 0; count < 5; count++) await under.source.publish(under.topic, { key: 'one', value: new Uint8Array([123, 125]) })
      const kept = await under.log.ends([under.topic])
      assert.deepEqual(Object.entries(kept).map(([partition, end]) => end - spread[partition]!).sort(), [...Array<number>(under.log.partitions - 1).fill(0), 5])
    })

    test('a topic that a template names is created when it is first asked for, and not without end', async () => {
      await using under = await setup({ maxCreatedTopics: 1 })
      const name = `${under.topic.replace(/updated$/, 'own')}.first`
      assert.deepEqual(json(await tell(under, 'first')), { data: { tell: { success: true } } })
      assert.equal(Object.values(await under.log.ends([name])).reduce((sum, end) => sum + end), 1)
      assert.equal(under.problems.length, 0)
      const own = await subscribed(under, 'subscription { own(id: "first") { id name } }')
      await tell(under, 'first')
      assert.deepEqual(json((await own.next()).value), { data: { own: { id: 'first', name: 'Employee first' } } })
      await own.return?.()
      const result = await under.engine.subscribe({ document: parse('subscription { own(id: "second") { id } }') })
      assert.match(JSON.stringify(result), /The events of \\"own\\" cannot be read\.".*LIMIT_EXCEEDED/)
      assert.match(String(under.problems[0]?.cause), /there are 1, as many as there may be/)
    })
  })
}
