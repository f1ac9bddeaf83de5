import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Worker } from 'node:worker_threads'
import { gunzipSync } from 'node:zlib'

/** What a newcomer finds in the editor. */
const welcome = `# Freshet: what is live now, ranked for a person.
# The button runs it. Below is a subscription: run that and watch the feed move.

query Feed {
  feed(userId: "user-1", first: 5) {
    edges {
      rank
      score
      reasons
      node {
        id
        title
        status
        seller { name }
        metrics(window: FIVE_MINUTES) { viewersNow { value } chats { value } }
      }
    }
  }
}

subscription LiveFeed {
  feed(userId: "user-1", first: 5) {
    edges {
      rank
      node { id title metrics { viewersNow { value } } }
    }
  }
}
`

/** As a worker is told. */
export interface GraphiqlOptions {
  title: string
  endpoint: string
  subscriptionsProtocol: 'WS'
  defaultQuery: string
}

const options: GraphiqlOptions = { title: 'Freshet', endpoint: '/graphql', subscriptionsProtocol: 'WS', defaultQuery: welcome }

/** Compressed, 3 MB of 9. */
let page: Promise<Uint8Array> | undefined

/**
 * Answers with GraphiQL in one page, without a CDN; subscriptions go over the same path by WebSocket. The page is made when
 * it is first asked for, by a worker: its sources would stay in this process's memory for ever, 50 MiB.
 */
export async function serveGraphiql(request: IncomingMessage, response: ServerResponse): Promise<void> {
  page ??= render().catch((error: unknown) => {
    page = undefined
    throw error
  })
  const compressed = await page
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  const body = takesGzip ? compressed : gunzipSync(compressed)
  response.writeHead(200, {
    'content-type': 'text/html; charset=utf-8', 'content-length': body.length, vary: 'accept-encoding, origin',
    ...(takesGzip ? { 'content-encoding': 'gzip' } : {}),
  })
  response.end(body)
}

async function render(): Promise<Uint8Array> {
  const worker = new Worker(new URL('./graphiql-page.ts', import.meta.url), { workerData: options })
  // Rejects where the worker fails.
  const [bytes] = await once(worker, 'message') as [Uint8Array]
  return bytes
}
