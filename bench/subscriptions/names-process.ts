import { createServer } from 'node:http'
import { buildSubgraph, inProcessSubgraph } from '../../federation/index.ts'
import { bind } from '../../gateway/bind.ts'
import { serve } from './told.ts'
import { namesSdl } from './topic.ts'

/** The other subgraph, in a process of its own. */
const subgraph = inProcessSubgraph({ schema: buildSubgraph({ typeDefs: namesSdl, resolvers: {
  Query: { names: () => 1 },
  Tick: { __resolveReference: ({ id }: { id: string }) => ({ id, name: `The one called ${id}`, price: 100 + Number(id) % 900 }) },
} }) })
const server = createServer((request, response) => {
  let body = ''
  request.on('data', (chunk: Buffer) => { body += chunk.toString() })
  request.on('end', () => {
    const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> }
    void Promise.resolve(subgraph.execute({ query, variables, kind: 'query', context: undefined })).then((result) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify(result))
    })
  })
})
server.keepAliveTimeout = 60_000
serve(`${await bind(server, { host: '127.0.0.1', port: 0, variable: 'PORT' })}/graphql`)
