import { appendFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { execute, parse, subscribe, type DocumentNode, type ExecutionResult } from 'graphql'
import { useServer } from 'graphql-ws/use/ws'
import { WebSocketServer } from 'ws'
import { buildSubgraph } from '../../../federation/index.ts'
import { Queue } from '../../support/queue.ts'
import { article, articles, beatMs, buyer, generations, opinion, opinionsOfArticle, opinionsOfBuyer, opinionScore, rooms, sdlOf, subjectOf, type Remote } from './market.ts'

/** A remote subgraph in a process of its own, by graphql-js: `subgraph.ts NAME PORT SOURCE MARKS [GENERATION]`. Ends with its parent. */
const [name, port, source, marks, generation] = process.argv.slice(2) as [Remote, string, string, string, string?]

interface Beat {
  source: string
  seq: number
  room: string
}

const listeners = new Map(rooms.map((room): [string, Set<Queue<Beat>>] => [room, new Set()]))
let seq = 0
const beating = setInterval(() => {
  seq++
  for (const [room, queues] of listeners) for (const queue of queues) queue.push({ source, seq, room })
}, beatMs)

const beatsOf = ({ room }: { room: string }): AsyncIterableIterator<Beat> => {
  const queue = new Queue<Beat>()
  listeners.get(room)?.add(queue)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: async () => {
      try {
        return { done: false, value: await queue.next() }
      } catch {
        return { done: true, value: undefined }
      }
    },
    return: () => {
      listeners.get(room)?.delete(queue)
      queue.fail(new Error('left'))
      return Promise.resolve({ done: true, value: undefined })
    },
  }
}

const someBuyer = ({ seq: beat }: Beat) => ({ id: subjectOf(beat) })
const someArticle = ({ seq: beat }: Beat) => ({ upc: subjectOf(beat) })
const row = (from: number, first: number) => Array.from({ length: first }, (_, place) => from + place)
const byId = ({ id }: { id: string }) => ({ id })
const generational = (seed: (of: { upc?: number; id?: number }) => number) => Object.fromEntries(Array.from({ length: generations }, (_, each) =>
  [`g${each}`, (of: { upc?: number; id?: number }) => each * 1000 + seed(of)]))

const resolvers: Record<Remote, object> = {
  catalog: {
    Query: {
      articles: (_: unknown, { from, first }: { from: number; first: number }) => row(from, first).map((upc) => article(upc % articles)),
      article: (_: unknown, { upc }: { upc: string }) => article(Number(upc)),
    },
    Article: { __resolveReference: ({ upc }: { upc: string }) => article(Number(upc)), ...generational(({ upc }) => upc!) },
  },
  stock: {
    Article: {
      __resolveReference: (given: { upc: string }) => ({ ...given, inStock: article(Number(given.upc)).inStock }),
      shipping: ({ price, weight }: { price: number; weight: number }) => (price > 500 ? 0 : weight >> 1),
    },
  },
  accounts: {
    Query: {
      buyer: (_: unknown, { id }: { id: string }) => buyer(Number(id)),
      buyers: (_: unknown, { from, first }: { from: number; first: number }) => row(from, first).map(buyer),
    },
    Mutation: {
      mark: (_: unknown, { id }: { id: string }) => {
        // Written before it is answered, by a call that a kill cannot divide.
        appendFileSync(marks, `${id}\n`)
        return { id }
      },
    },
    Mark: { buyer: ({ id }: { id: string }) => buyer(Number(id.split('-').at(-1)) % 50) },
    Buyer: { __resolveReference: ({ id }: { id: string }) => buyer(Number(id)), ...generational(({ id }) => id!) },
    Heart: { __resolveReference: byId, giver: ({ id }: { id: string }) => buyer(subjectOf(Number(id))) },
  },
  opinions: {
    Query: { opinion: (_: unknown, { id }: { id: string }) => opinion(Number(id)) },
    Opinion: {
      __resolveReference: ({ id }: { id: string }) => opinion(Number(id)),
      author: ({ author }: { author: number }) => ({ id: author }),
      article: ({ article: upc }: { article: number }) => ({ upc }),
    },
    Article: {
      __resolveReference: ({ upc }: { upc: string }) => ({ upc }),
      opinions: ({ upc }: { upc: string }, { first }: { first: number }) => opinionsOfArticle(Number(upc), first).map(opinion),
    },
    Buyer: { __resolveReference: byId, opinionsBy: ({ id }: { id: string }, { first }: { first: number }) => opinionsOfBuyer(Number(id), first).map(opinion) },
    Livestream: { __resolveReference: byId, opinionScore: ({ id }: { id: string }) => opinionScore(id) },
    OpinionGiven: { author: someBuyer, article: someArticle },
    Subscription: { opinionGiven: { subscribe: (_: unknown, args: { room: string }) => beatsOf(args), resolve: (beat: Beat) => beat } },
  },
  auction: {
    Query: { auctioneer: (_: unknown, { room }: { room: string }) => ({ id: rooms.indexOf(room) }) },
    Tick: { bidder: someBuyer, article: someArticle },
    Subscription: { ticked: { subscribe: (_: unknown, args: { room: string }) => beatsOf(args), resolve: (beat: Beat) => beat } },
  },
}

const schema = buildSubgraph({ typeDefs: sdlOf(name), resolvers: resolvers[name] })
// What is told of the schema may lag behind what is served.
const told = JSON.stringify({ data: { _service: { sdl: sdlOf(name, generation === undefined ? undefined : Number(generation)) } } })
const known = new Map<string, DocumentNode>()
const parsed = (query: string): DocumentNode => {
  const document = known.get(query) ?? parse(query)
  if (known.size < 5_000) known.set(query, document)
  return document
}

const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  const { query, variables, operationName } = JSON.parse(Buffer.concat(chunks).toString()) as { query: string; variables?: Record<string, unknown>; operationName?: string }
  const asked = { schema, document: parsed(query), variableValues: variables, operationName }
  if (request.headers.accept !== 'text/event-stream') {
    response.setHeader('content-type', 'application/graphql-response+json')
    response.end(query.includes('_service') ? told : JSON.stringify(await execute(asked)))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).write(':\n\n')
  const results = await subscribe(asked)
  if (!(Symbol.asyncIterator in results)) return void response.end(`event: next\ndata: ${JSON.stringify(results)}\n\nevent: complete\ndata:\n\n`)
  response.once('close', () => void results.return?.())
  for await (const each of results as AsyncIterable<ExecutionResult>) response.write(`event: next\ndata: ${JSON.stringify(each)}\n\n`)
  response.end('event: complete\ndata:\n\n')
}

const server = createServer((request, response) => {
  answer(request, response).catch(() => response.destroy())
})
server.keepAliveTimeout = 3_600_000
const protocol = useServer({ schema, execute, subscribe }, new WebSocketServer({ server }))
process.once('disconnect', () => {
  clearInterval(beating)
  void protocol.dispose()
  process.exit(0)
})
server.listen(Number(port), '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port }))
