import assert from 'node:assert/strict'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { EmbedderError } from '../../search/embedder.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { createOpenAiEmbedder, type OpenAiEmbedderOptions } from '../../search/openai-embedder.ts'
import { embedderContract } from './embedder-contract.ts'

const key = 'sk-very-secret'

interface Asked {
  path: string | undefined
  authorization: string | undefined
  model: string
  input: string[]
}
type Answer = (asked: Asked, response: ServerResponse, attempt: number) => void | Promise<void>

const cleanUps: (() => Promise<unknown>)[] = []

/** A small embeddings endpoint that behaves as the test says, and an embedder that does not really wait. */
async function endpoint(answer: Answer, options: Partial<OpenAiEmbedderOptions> = {}) {
  const asked: Asked[] = []
  const waits: number[] = []
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = []
    if (request.method === 'GET') return void response.writeHead(204).end()
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { model, input } = JSON.parse(Buffer.concat(chunks).toString()) as { model: string; input: string[] }
      asked.push({ path: request.url, authorization: request.headers.authorization, model, input })
      void answer(asked.at(-1)!, response, asked.length)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanUps.push(() => new Promise((resolve) => {
    server.closeAllConnections()
    server.close(resolve)
  }))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`
  const embedder = createOpenAiEmbedder({
    url, apiKey: key, model: 'small', dimensions: 3, random: () => 0,
    wait: async (milliseconds) => { waits.push(milliseconds) },
    ...options,
  })
  return { embedder, asked, waits, url }
}

const json = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}
/** Gives each text a vector that tells its length, in reverse order to see that `index` counts. */
const good: Answer = ({ input }, response) =>
  json(response, 200, { data: input.map((text, index) => ({ index, embedding: [text.length, 0, 4] })).reverse() })

const failure = async (promise: Promise<unknown>, retryable: boolean, message: RegExp): Promise<void> => {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof EmbedderError, String(error))
    assert.equal(error.retryable, retryable, error.message)
    assert.match(error.message, message)
    for (let at: unknown = error; at instanceof Error; at = at.cause) assert.ok(!`${at.message}${at.stack}`.includes(key), 'the key leaked')
    return true
  })
}

/** Refuses what endpoints refuse: empty texts, texts that are too long, and more than 16 of them at once. */
const strict = createHashingEmbedder({ dimensions: 32 })
const demanding: Answer = async ({ input }, response) => {
  const wrong = input.some((text) => text.trim() === '' || text.length > 8_000) || input.length > 16 || input.length === 0
  if (wrong) return json(response, 400, { error: 'wrong input' })
  const vectors = await strict.embed(input.map((text) => `any ${text}`))
  json(response, 200, { data: vectors.map((vector, index) => ({ index, embedding: [...vector].map((value) => 7 * value) })) })
}

embedderContract('OpenAI-compatible endpoint', async () => {
  const { embedder } = await endpoint(demanding, { dimensions: 32, batchSize: 16 })
  return { embedder, [Symbol.asyncDispose]: async () => { await cleanUps.pop()?.() } }
})

describe('OpenAI-compatible embedder', () => {
  afterEach(async () => {
    for (const cleanUp of cleanUps.splice(0)) await cleanUp()
  })

  it('posts texts with the model and the key, and gives vectors of length 1 in their order', async () => {
    const { embedder, asked } = await endpoint(good)
    const vectors = await embedder.embed(['abc', '', 'x'])
    assert.deepEqual(vectors[0], Float32Array.of(0.6, 0, 0.8))
    assert.deepEqual(vectors[1], new Float32Array(3))
    assert.ok(Math.abs(vectors[2]![2]! / vectors[2]![0]! - 4) < 1e-5)
    assert.deepEqual(asked, [{ path: '/v1/embeddings', authorization: `Bearer ${key}`, model: 'small', input: ['abc', 'x'] }])
    assert.equal(embedder.local, false)
  })

  it('sends no half of a character, wherever a text is cut', async () => {
    const { embedder, asked } = await endpoint(good)
    await embedder.embed([`a${'😀'.repeat(5_000)}`, 'lone \ud83d half'])
    assert.deepEqual(asked[0]?.input.map((text) => [text.length, text.isWellFormed()]), [[8_000, true], [11, true]])
  })

  it('asks for nothing where there is nothing to embed', async () => {
    const { embedder, asked } = await endpoint(good)
    assert.deepEqual(await embedder.embed([]), [])
    assert.deepEqual(await embedder.embed(['', ' ']), [new Float32Array(3), new Float32Array(3)])
    assert.equal(asked.length, 0)
  })

  it('sends batches, no more of them at once than allowed', async () => {
    let running = 0
    let most = 0
    const held: (() => void)[] = []
    const { embedder, asked, url } = await endpoint((request, response) => {
      most = Math.max(most, ++running)
      held.push(() => {
        running--
        good(request, response, 0)
      })
      // Two wait for each other, and for a few round trips in which a third, were it on its way, would arrive.
      if (held.length === 2) void roundTrips(5).then(() => held.splice(0).forEach((release) => release()))
    }, { batchSize: 10, concurrency: 2 })
    const roundTrips = async (count: number): Promise<void> => {
      while (count-- > 0) await fetch(url)
    }
    const texts = Array.from({ length: 40 }, (_, n) => 'x'.repeat(n + 1))
    const vectors = await embedder.embed(texts)
    assert.deepEqual(asked.map(({ input }) => input.length), [10, 10, 10, 10])
    assert.equal(most, 2)
    vectors.forEach((vector, n) => assert.ok(Math.abs(vector[0]! / vector[2]! - (n + 1) / 4) < 1e-5))
  })

  it('tries again after 429 and 5xx, waiting as long as it was told', async () => {
    const { embedder, waits } = await endpoint((asked, response, attempt) => {
      if (attempt === 1) json(response, 429, { error: 'slow down' }, { 'retry-after': '7' })
      else if (attempt === 2) json(response, 503, {})
      else good(asked, response, attempt)
    })
    assert.equal((await embedder.embed(['abc'])).length, 1)
    assert.deepEqual(waits, [7000, 250])
  })

  it('understands a date to come back at', async () => {
    const { embedder, waits } = await endpoint((asked, response, attempt) => {
      if (attempt === 1) json(response, 503, {}, { 'retry-after': new Date(Date.now() + 30_000).toUTCString() })
      else good(asked, response, attempt)
    })
    await embedder.embed(['abc'])
    assert.ok(waits[0]! > 20_000 && waits[0]! <= 30_000, String(waits))
  })

  it('gives up on one that asks for more patience than a minute', async () => {
    const { embedder, waits } = await endpoint((_asked, response) => json(response, 429, {}, { 'retry-after': '3600' }))
    await failure(embedder.embed(['abc']), false, /answered 429.*come back in 3600 s/)
    assert.deepEqual(waits, [])
  })

  it('backs off further each time and ends with the last reason', async () => {
    const { embedder, asked, waits } = await endpoint((_asked, response) => json(response, 500, { error: `broken, ${key}` }), { retries: 3 })
    await failure(embedder.embed(['abc']), true, /answered 500: \{"error":"broken, \*\*\*"\}/)
    assert.equal(asked.length, 4)
    assert.deepEqual(waits, [125, 250, 500])
  })

  it('does not try again where the key is refused, and keeps quiet about what the endpoint says of it', async () => {
    const { embedder, asked } = await endpoint((_asked, response) => json(response, 401, { error: `Incorrect API key provided: ${key}` }))
    await failure(embedder.embed(['abc']), false, /refused the API key \(401\)/)
    assert.equal(asked.length, 1)
  })

  it('does not try again where the request is wrong', async () => {
    const { embedder, asked } = await endpoint((_asked, response) => json(response, 404, { error: 'no model small' }))
    await failure(embedder.embed(['abc']), false, /answered 404: \{"error":"no model small"\}/)
    assert.equal(asked.length, 1)
  })

  it('gives up a slow endpoint after the time-out', async () => {
    const { embedder, asked } = await endpoint(() => {}, { timeout: 50, retries: 1 })
    await failure(embedder.embed(['abc']), true, /did not answer within 50 ms/)
    assert.equal(asked.length, 2)
  })

  it('counts a body that does not end as slow, too', async () => {
    const { embedder } = await endpoint((_asked, response) => { response.writeHead(200).write('{"data":[') }, { timeout: 50, retries: 0 })
    await failure(embedder.embed(['abc']), true, /did not answer within 50 ms/)
  })

  it('says where nobody answers', async () => {
    const { url } = await endpoint(good)
    await cleanUps.pop()!()
    const embedder = createOpenAiEmbedder({ url, apiKey: key, model: 'small', dimensions: 3, retries: 1, wait: async () => {} })
    await failure(embedder.embed(['abc']), true, /127\.0\.0\.1:\d+\/v1\/embeddings cannot be reached: ECONNREFUSED/)
  })

  it('refuses other dimensions than the setting\'s and says how to mend it', async () => {
    const { embedder } = await endpoint(good, { dimensions: 4 })
    await failure(embedder.embed(['abc']), false, /small gives 3 dimensions, the setting says 4: set the embedder's dimensions to 3/)
  })

  for (const [name, body, message] of [
    ['fewer embeddings than texts', { data: [] }, /asked for 1 embeddings and gave 0/],
    ['no list', { embeddings: [] }, /asked for 1 embeddings and gave none/],
    ['an embedding of texts', { data: [{ index: 0, embedding: ['a', 'b', 'c'] }] }, /no list of numbers/],
    ['an index out of range', { data: [{ index: 5, embedding: [1, 2, 3] }] }, /for the index 5; expected each of 0 to 0 once/],
    ['null', null, /gave none/],
  ] as const) {
    it(`refuses ${name}`, async () => {
      const { embedder } = await endpoint((_asked, response) => json(response, 200, body))
      await failure(embedder.embed(['abc']), false, message)
    })
  }

  it('refuses what is not JSON', async () => {
    const { embedder } = await endpoint((_asked, response) => { response.end('<html>') })
    await failure(embedder.embed(['abc']), false, /not JSON/)
  })

  it('stops reading an answer that is too large', async () => {
    const { embedder } = await endpoint((_asked, response) => { response.end('x'.repeat(5000)) }, { maxResponseBytes: 1000 })
    await failure(embedder.embed(['abc']), false, /more than 1000 bytes/)
  })

  it('follows no redirect: the key stays with its host', async () => {
    const other = await endpoint(good)
    const { embedder } = await endpoint((_asked, response) => { response.writeHead(307, { location: `${other.url}/embeddings` }).end() }, { retries: 0 })
    await failure(embedder.embed(['abc']), true, /cannot be reached/)
    assert.equal(other.asked.length, 0)
  })

  it('ends with the reason of the abort', async () => {
    const controller = new AbortController()
    const { embedder } = await endpoint(() => controller.abort(new Error('client left')))
    await assert.rejects(embedder.embed(['abc'], controller.signal), { message: 'client left' })
    await assert.rejects(embedder.embed(['abc'], AbortSignal.abort()), { name: 'AbortError' })
  })

  it('is not made from a url that is none', () => {
    assert.throws(() => createOpenAiEmbedder({ url: 'localhost', model: 'm', dimensions: 3 }), /like https:\/\/api\.openai\.com\/v1/)
  })
})
