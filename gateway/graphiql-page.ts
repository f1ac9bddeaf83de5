import { parentPort, workerData } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { renderGraphiQL } from '@graphql-yoga/render-graphiql'
import type { GraphiqlOptions } from './graphiql.ts'

// Runs in a worker of its own (graphiql.ts says why), gives the page and ends.
parentPort?.postMessage(new Uint8Array(gzipSync(renderGraphiQL(workerData as GraphiqlOptions))))
