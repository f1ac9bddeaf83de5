import { boundHeap } from '../../cli/memory.ts'
import { createServer } from 'node:http'
import { parse, type DocumentNode } from 'graphql'
import { createEngine, httpSubgraph, inProcessSubgraph, buildSubgraph } from '../../federation/index.ts'
import { bind } from '../../gateway/bind.ts'
import { render, sendRendered } from '../../gateway/rendered.ts'
import { openDoor } from '../../test/gateway/door.ts'
import { resolvers, supergraph, typeDefs } from './shop.ts'

/** Freshet over the shop in a process of its own: `bare`, the engine on node:http, or the `door` with all that guards it. */
const [kind, sharing, origin] = process.argv.slice(2) as ['bare' | 'door', 'inFlight' | 'off', string]
boundHeap('gateway')
const remote = origin !== 'in-process'
const engine = createEngine({
  supergraphSdl: supergraph(remote ? origin : 'http://localhost'),
  subgraphs: new Map(Object.entries(typeDefs).map(([name, sdl]) => [name, remote
    ? httpSubgraph({ url: `${origin}/${name}` })
    : inProcessSubgraph({ schema: buildSubgraph({ typeDefs: sdl, resolvers: resolvers[name] }) })])),
  sharing,
})

async function serveBare(): Promise<string> {
  const documents = new Map<string, DocumentNode>()
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => { body += chunk })
    request.on('end', () => {
      const { query, variables } = JSON.parse(body) as { query: string; variables?: Record<string, unknown> }
      let document = documents.get(query)
      if (!document) documents.set(query, document = parse(query))
      void engine.execute({ document, variables, sharing: { key: 'anyone' } }).then((result) => {
        sendRendered(response, 200, ['content-type', 'application/json'], render(result), undefined)
      })
    })
  })
  return bind(server, { host: '127.0.0.1', port: 0, variable: 'PORT' })
}

// Arguments that vary ask for a page of a million.
const url = kind === 'bare' ? await serveBare() : (await openDoor({ engine, limits: { objects: Number.MAX_SAFE_INTEGER } })).url
process.send?.({ url: `${url}/graphql` })
process.once('disconnect', () => process.exit(0))
