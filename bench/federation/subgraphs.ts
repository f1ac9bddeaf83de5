import { createServer } from 'node:http'
import { buildSubgraph, inProcessSubgraph } from '../../federation/index.ts'
import { bind } from '../../gateway/bind.ts'
import { resolvers, typeDefs } from './shop.ts'

/** All subgraphs of the shop in one process of their own. An answer is rendered once, so that they are never what is measured. */
const rendered = new Map<string, Buffer>()
const maximumRendered = 20_000
const subgraphs = new Map(Object.entries(typeDefs).map(([name, sdl]) =>
  [`/${name}`, inProcessSubgraph({ schema: buildSubgraph({ typeDefs: sdl, resolvers: resolvers[name] }) })]))

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('latin1')
  request.on('data', (chunk: string) => { body += chunk })
  request.on('end', () => {
    const key = `${request.url}${body}`
    const send = (bytes: Buffer) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length })
      response.end(bytes)
    }
    const known = rendered.get(key)
    if (known) return send(known)
    const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> }
    void Promise.resolve(subgraphs.get(request.url!)!.execute({ query, variables, kind: 'query', context: undefined })).then((result) => {
      const bytes = Buffer.from(JSON.stringify(result))
      if (rendered.size < maximumRendered) rendered.set(key, bytes)
      send(bytes)
    })
  })
})
server.keepAliveTimeout = 60_000
process.send?.({ url: await bind(server, { host: '127.0.0.1', port: Number(process.env.BENCH_SUBGRAPHS_PORT ?? 0), variable: 'BENCH_SUBGRAPHS_PORT' }) })
process.once('disconnect', () => process.exit(0))
