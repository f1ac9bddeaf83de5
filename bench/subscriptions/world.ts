import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { sharedKafka, uniquePrefix } from '../../test/servers/shared.ts'
import { arrivals } from '../load.ts'
import { startChild, type Child } from './child.ts'
import { cosmo } from './cosmo.ts'
import { tickOf } from './topic.ts'

const partitions = 4

/** A topic of a real broker, and those who deliver what is written to it, each in a process of its own. */
export interface World extends AsyncDisposable {
  brokers: readonly string[]
  topic: string
  /** Where the other subgraph is. */
  namesUrl: string
  /** By name; the limit and a plain graphql-ws server are always there. */
  servers: ReadonlyMap<string, Child>
  /** Writes so many events a second until it is told to stop. @param idOf of the event with this number */
  feed(perSecond: number, options?: { idOf?: (number: number) => string; text?: string }): { stop(): Promise<void> }
}

export const limit = 'pre-built frames'
export const plain = 'plain graphql-ws'
export const freshet = 'Freshet'

export async function startWorld(note: (text: string) => void): Promise<World> {
  await using stack = new AsyncDisposableStack()
  const { brokers } = await sharedKafka()
  const topic = uniquePrefix()
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  stack.defer(() => producer.disconnect())
  const names = stack.use(await startChild('the other subgraph', 'names-process.ts', []))
  const started = await Promise.all([
    startChild(limit, 'limit-process.ts', [brokers, topic]),
    startChild(plain, 'plain-process.ts', [brokers, topic, names.url]),
    startChild(freshet, 'freshet-process.ts', [brokers, topic, names.url], { watched: true }),
    process.env.COSMO_ROUTER && cosmo(process.env.COSMO_ROUTER, { brokers, topic, namesUrl: names.url }).catch((error: unknown) => {
      note(`COSMO IS NOT MEASURED: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }),
  ])
  const servers = new Map(started.flatMap((server) => (server ? [[server.name, stack.use(server)] as const] : [])))
  const owned = stack.move()
  return {
    brokers, topic, namesUrl: names.url, servers,
    feed(perSecond, { idOf = String, text } = {}) {
      const ending = new AbortController()
      let sent = 0
      const writing = new Set<Promise<unknown>>()
      const fed = arrivals(perSecond, Infinity, (due) => {
        const messages = Array.from({ length: due }, () => {
          const number = sent++
          return { value: tickOf(idOf(number), performance.timeOrigin + performance.now(), text), partition: number % partitions }
        })
        const write = producer.send({ topic, acks: 1, messages })
        writing.add(write)
        void write.finally(() => writing.delete(write))
      }, 5, ending.signal)
      return {
        async stop() {
          ending.abort()
          await fed
          await Promise.all(writing)
        },
      }
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  }
}
