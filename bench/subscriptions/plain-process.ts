import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buildSchema, type GraphQLObjectType } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { Kafka, logLevel } from 'kafkajs'
import { WebSocketServer } from 'ws'
import { argumentsOf, serve } from './told.ts'

interface Tick {
  id: string
}

/** Each subscriber's own queue: what an async generator over an in-memory emitter is in most servers. */
class Listener implements AsyncIterableIterator<Tick> {
  readonly #ticks: Tick[] = []
  readonly #leave: (listener: Listener) => void
  #waiting: ((result: IteratorResult<Tick>) => void) | undefined

  constructor(leave: (listener: Listener) => void) {
    this.#leave = leave
  }

  push(tick: Tick): void {
    if (!this.#waiting) return void this.#ticks.push(tick)
    this.#waiting({ done: false, value: tick })
    this.#waiting = undefined
  }

  next(): Promise<IteratorResult<Tick>> {
    const tick = this.#ticks.shift()
    return tick ? Promise.resolve({ done: false, value: tick }) : new Promise((resolve) => { this.#waiting = resolve })
  }

  return(): Promise<IteratorResult<Tick>> {
    this.#leave(this)
    this.#waiting?.({ done: true, value: undefined })
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** One schema on graphql-js behind graphql-ws and ws, as their documentation puts them together: each subscriber is executed for. */
const [brokers, topic, namesUrl] = argumentsOf<[string[], string, string | undefined]>()
const all = new Set<Listener>()
const byId = new Map<string, Set<Listener>>()
const listen = (set: Set<Listener>): Listener => {
  const listener = new Listener((gone) => set.delete(gone))
  set.add(listener)
  return listener
}

const schema = buildSchema(`
  type Query { names: Int! }
  type Subscription { tick: Tick! tickOf(id: ID!): Tick! }
  type Tick { id: ID! at: String! text: String! name: String! price: Int! }
`)
const fieldsOf = (type: string) => (schema.getType(type) as GraphQLObjectType).getFields()
const { tick, tickOf } = fieldsOf('Subscription')
tick!.subscribe = () => listen(all)
tickOf!.subscribe = (_, { id }: { id: string }) => {
  let set = byId.get(id)
  if (!set) byId.set(id, set = new Set())
  return listen(set)
}
for (const field of [tick!, tickOf!]) field.resolve = (event) => event as unknown
/** Of a tick, asked once for all who get it. */
const named = new WeakMap<Tick, Promise<Record<string, unknown>>>()
const nameOf = (of: Tick): Promise<Record<string, unknown>> => {
  let asked = named.get(of)
  if (!asked) named.set(of, asked = askName(of))
  return asked
}
async function askName({ id }: Tick): Promise<Record<string, unknown>> {
  const answer = await fetch(namesUrl as string, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({
    query: 'query ($representations: [_Any!]!) { _entities(representations: $representations) { ... on Tick { name price } } }',
    variables: { representations: [{ __typename: 'Tick', id }] },
  }) })
  const { data } = await answer.json() as { data: { _entities: [Record<string, unknown>] } }
  return data._entities[0]
}
for (const name of ['name', 'price']) fieldsOf('Tick')[name]!.resolve = async (of: Tick) => (await nameOf(of))[name]

const server = createServer()
useServer({ schema }, new WebSocketServer({ server, path: '/graphql' }))

const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({ groupId: randomUUID(), maxWaitTimeInMs: 100 })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: false })
await consumer.run({
  autoCommit: false,
  eachBatch: async ({ batch: { messages } }) => {
    for (const { value } of messages) {
      const event = JSON.parse(String(value)) as Tick
      for (const listener of all) listener.push(event)
      for (const listener of byId.get(event.id) ?? []) listener.push(event)
    }
  },
})
server.listen(0, '127.0.0.1', () => serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}/graphql`))
