import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import { GraphQLError } from 'graphql'
import { Documents, ManifestError, readManifest, type TrustedDocuments } from '../../gateway/documents.ts'
import { connect } from '../support/live-client.ts'
import { openDoor, withoutFreshness, type OpenDoor } from './door.ts'
import { rawRequest } from './raw-request.ts'

const query = 'query ($n: Int! = 1) { hello items(first: $n) { id } }'
const mutation = 'mutation { count }'
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex')
const persisted = (text: string, sha256Hash = hashOf(text)) => ({ persistedQuery: { version: 1, sha256Hash } })
const resolvers = { Query: { hello: () => 'hello', items: () => [] }, Mutation: { count: () => 1 } }
const answer = { hello: 'hello', items: [] }
const trusted = (only: boolean): { trustedDocuments: TrustedDocuments } => ({ trustedDocuments: { documents: new Map([['greeting', query], [hashOf(mutation), mutation]]), only } })

interface Asked { query?: string; documentId?: string; extensions?: object; variables?: Record<string, unknown> }
interface Answered { status?: number; data?: unknown; code?: unknown; message?: string }

type Ask = (door: OpenDoor, asked: Asked) => Promise<Answered>

interface Result { data?: unknown; errors?: readonly { message: string; extensions?: Record<string, unknown> }[] }
const answered = ({ data, errors }: Result, status?: number): Answered =>
  errors ? { status, code: errors[0]?.extensions?.code, message: errors[0]?.message } : { status, data }

const searchOf = (asked: Asked): string => new URLSearchParams(
  Object.entries(asked).map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
).toString()

const transports: Record<string, Ask> = {
  'POST': async (door, asked) => {
    const { status, text } = await rawRequest(`${door.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(asked) })
    return answered(JSON.parse(text) as Result, status)
  },
  'GET': async (door, asked) => {
    const { status, text } = await rawRequest(`${door.url}/graphql?${searchOf(asked)}`)
    return answered(JSON.parse(text) as Result, status)
  },
  // The protocol wants a query in any case.
  'graphql-ws': async (door, { query: text = '', documentId, extensions, variables }) => {
    await using client = await connect(door.url)
    const stream = client.subscribe(text, variables, extensions as Record<string, unknown>, { documentId })
    return answered(await stream.next().catch(async () => ({ errors: await stream.ended })))
  },
  'server-sent events': async (door, asked) => {
    const { status, headers, text } = await rawRequest(`${door.url}/graphql`, {
      method: 'POST', headers: { 'content-type': 'application/json', accept: 'text/event-stream' }, body: JSON.stringify(asked),
    })
    if (/json/.test(headers['content-type'] ?? '')) return answered(JSON.parse(text) as Result, status)
    return answered(JSON.parse(/event: next\ndata: (.*)\n/.exec(text)?.[1] ?? '{}') as Result, status)
  },
}

describe('automatic persisted queries', { timeout: 60_000 }, () => {
  for (const [name, ask] of Object.entries(transports)) {
    test(`by ${name}: an unknown hash asks for the query, which is then known to every transport`, async () => {
      await using door = await openDoor({ resolvers })
      const asked = { extensions: persisted(query), variables: { n: 2 } }
      const unknown = await ask(door, asked)
      assert.deepEqual([unknown.code, unknown.message], ['PERSISTED_QUERY_NOT_FOUND', 'PersistedQueryNotFound'])
      if (unknown.status !== undefined) assert.equal(unknown.status, 200)
      assert.deepEqual((await ask(door, { ...asked, query })).data, answer)
      for (const other of Object.values(transports)) assert.deepEqual((await other(door, asked)).data, answer)
    })

    test(`by ${name}: a hash that is not the query's is refused, and remembered for neither`, async () => {
      await using door = await openDoor({ resolvers })
      const foreign = persisted(query, hashOf(mutation))
      assert.equal((await ask(door, { query, extensions: foreign })).code, 'PERSISTED_QUERY_HASH_MISMATCH')
      for (const extensions of [foreign, persisted(query)])
        assert.equal((await ask(door, { extensions })).code, 'PERSISTED_QUERY_NOT_FOUND')
    })

    test(`by ${name}: what is no hash is refused`, async () => {
      await using door = await openDoor({ resolvers })
      for (const persistedQuery of [{}, { version: 2, sha256Hash: hashOf(query) }, { version: 1, sha256Hash: 'abc' }, { version: 1, sha256Hash: 7 }, 'abc'])
        assert.equal((await ask(door, { query, extensions: { persistedQuery } })).code, 'BAD_REQUEST', JSON.stringify(persistedQuery))
    })
  }

  test('a mutation is not executed by GET, known or not', async () => {
    await using door = await openDoor({ resolvers })
    await transports.POST!(door, { query: mutation, extensions: persisted(mutation) })
    assert.equal((await transports.GET!(door, { extensions: persisted(mutation) })).status, 405)
  })

  test('what is remembered is bounded; the longest unused goes first', () => {
    const texts = ['{ a }', '{ b }', '{ c }']
    const documents = new Documents({ capacity: 10 })
    const known = (text: string): boolean => {
      try {
        return documents.resolve({ extensions: persisted(text) } as Asked).query === text
      } catch {
        return false
      }
    }
    for (const text of texts.slice(0, 2)) documents.resolve({ query: text, extensions: persisted(text) })
    assert.ok(known(texts[0]!))
    documents.resolve({ query: texts[2], extensions: persisted(texts[2]!) })
    assert.deepEqual(texts.map(known), [true, false, true])
    documents.resolve({ query: '{ far too long }', extensions: persisted('{ far too long }') })
    assert.deepEqual([...texts, '{ far too long }'].map(known), [true, false, true, false])
  })
})

describe('trusted documents', { timeout: 60_000 }, () => {
  for (const [name, ask] of Object.entries(transports)) {
    test(`by ${name}: are asked for by id or hash`, async () => {
      for (const only of [false, true]) {
        await using door = await openDoor({ resolvers, settings: trusted(only) })
        assert.deepEqual((await ask(door, { documentId: 'greeting', variables: { n: 3 } })).data, answer)
        const unknown = await ask(door, { documentId: 'other' })
        assert.equal(unknown.code, 'DOCUMENT_NOT_FOUND')
        if (unknown.status !== undefined) assert.equal(unknown.status, 404)
        assert.equal((await ask(door, { query, documentId: 'greeting' })).code, 'BAD_REQUEST')
        if (name === 'GET') continue
        for (const asked of [{ documentId: `sha256:${hashOf(mutation)}` }, { extensions: persisted(mutation) }])
          assert.deepEqual((await ask(door, asked)).data, { count: 1 })
      }
    })

    test(`by ${name}: by the mode "only" everything else is refused, however it is said`, async () => {
      await using door = await openDoor({ resolvers, settings: trusted(true) })
      for (const asked of [{ query: '{ hello }' }, { query: `${query} ` }, { extensions: persisted('{ hello }') }, { query: '{ hello }', extensions: persisted('{ hello }') }]) {
        const refused = await ask(door, asked)
        assert.equal(refused.code, 'DOCUMENT_NOT_TRUSTED')
        if (refused.status !== undefined) assert.equal(refused.status, 403)
      }
      assert.deepEqual((await ask(door, { query })).data, answer)
    })

    test(`by ${name}: beside them others are answered unless the mode is "only"`, async () => {
      await using door = await openDoor({ resolvers, settings: trusted(false) })
      assert.deepEqual((await ask(door, { query: '{ hello }' })).data, { hello: 'hello' })
    })
  }

  test('a batch does not get by', async () => {
    await using door = await openDoor({ resolvers, settings: trusted(true) })
    const { status, text } = await rawRequest(`${door.url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '[{"query":"{ hello }"}]' })
    assert.equal(status, 400)
    assert.doesNotMatch(text, /"hello":"hello"/)
  })

  test('a second query in the search part does not get by', async () => {
    await using door = await openDoor({ resolvers, settings: trusted(true) })
    const { text } = await rawRequest(`${door.url}/graphql?${searchOf({ query })}&query=%7Bhello%7D`)
    assert.deepEqual(withoutFreshness(JSON.parse(text) as object), { data: answer })
  })

  test('manifests are read in both common forms, and refused with the reason', () => {
    assert.deepEqual([...readManifest('{"a": "{ hello }"}')], [['a', '{ hello }']])
    const apollo = { format: 'apollo-persisted-query-manifest', version: 1, operations: [{ id: 'a', name: 'A', type: 'query', body: '{ hello }' }] }
    assert.deepEqual([...readManifest(JSON.stringify(apollo))], [['a', '{ hello }']])
    for (const [text, reason] of [['{', /is no JSON/], ['[]', /expected an object/], ['{"a": 7}', /under "a", got 7/], ['{"operations": [{"id": "a"}]}', /under "a"/], ['{"operations": [7]}', /operations\[0\]/]] as const)
      assert.throws(() => readManifest(text), (error) => error instanceof ManifestError && reason.test(error.message))
  })

  test('a request without a document is none of its business', () => {
    const documents = new Documents({ trusted: trusted(true).trustedDocuments })
    for (const asked of [{}, { query: 7 }, { query: null, extensions: { other: 1 } }]) assert.equal(documents.resolve(asked), asked)
    assert.throws(() => documents.resolve({ query: '{ hello }' }), GraphQLError)
  })
})
