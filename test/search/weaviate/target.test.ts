import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { text } from 'node:stream/consumers'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { Connection } from '../../../search/weaviate/connection.ts'
import { Target } from '../../../search/weaviate/target.ts'

test('a space that is added is known afterwards, also where others were reading what there is meanwhile', { timeout: 20_000 }, async () => {
  const schemas = new Map<string, { class: string; vectorConfig: object }>()
  let isAdded = false
  const seen = Promise.withResolvers<void>()
  let hold: { asked: PromiseWithResolvers<void>; answered: PromiseWithResolvers<void> } | undefined
  await using server = createServer((request, response) => void (async () => {
    const name = request.url!.split('/').at(-1) as string
    if (request.method === 'PUT') schemas.set(name, JSON.parse(await text(request)) as { class: string; vectorConfig: object })
    const answer = JSON.stringify(schemas.get(name) ?? { class: name, vectorConfig: {} })
    const held = hold
    if (name === 'livestream' && held && request.method === 'GET') {
      hold = undefined
      held.asked.resolve()
      await held.answered.promise
    }
    response.end(answer)
    if (request.method === 'PUT') isAdded = true
    else if (name === 'livestream' && isAdded) seen.resolve()
  })()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const connection = new Connection({ url, grpcUrl: undefined, apiKey: undefined, timeouts: { read: 5_000, write: 5_000, schema: 5_000 } })
  const target = new Target(connection, (kind) => kind)
  const held = hold = { asked: Promise.withResolvers<void>(), answered: Promise.withResolvers<void>() }

  const read = target.vectorsOf('livestream', ['words'])
  await held.asked.promise
  const ensured = target.ensureSpace('livestream', 'words', 8, new AbortController().signal)
  await seen.promise
  // Time for what follows that answer in here: too little would find nothing, and fail nobody.
  for (let turns = 0; turns < 50; turns++) await nextTurn()
  held.answered.resolve()
  await ensured
  assert.deepEqual(await read, [])
  assert.match(target.vectorOf('livestream', 'words') ?? 'unknown', /words__8$/)
  await connection.close()
})
