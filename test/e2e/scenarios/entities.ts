import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSchema } from 'graphql'
import { committedSupergraph } from '../../../schema/supergraph.ts'
import { startedAt, type Market } from './world.ts'

interface Described { name: string; description: string | null }

const iso = (ms: number): string => new Date(ms).toISOString()

export function entityScenarios(market: () => Market): void {
  test('shows a livestream with all that its subgraphs know of it', async () => {
    const { freshet, now } = market()
    assert.deepEqual(await freshet.query(`{
      livestream(id: "l-00") {
        id title description category tags language status startedAt endedAt scheduledFor thumbnailUrl giveawayActive
        auction { id active currentBid currency highestBidder { id name affinities { follows { name } } } }
        seller { id name categories metrics { chats { value } } livestreams(first: 2) { nodes { id } } }
        metrics { window viewersNow { value } chats { value total } bids { value } watchSeconds { value } }
        embedding(model: "taste") { dimensions }
      }
    }`), {
      livestream: {
        id: 'l-00', title: 'Red running shoes', description: 'All about red running shoes', category: 'shoes', tags: ['even', 'shoes'],
        language: 'de', status: 'LIVE', startedAt: iso(startedAt(now, 0)), endedAt: null, scheduledFor: null, thumbnailUrl: null, giveawayActive: false,
        auction: { id: 'a-0', active: true, currentBid: 1_500, currency: 'EUR', highestBidder: { id: 'ada', name: 'Ada', affinities: { follows: [{ name: 'The shoes shop' }] } } },
        seller: { id: 's-shoes', name: 'The shoes shop', categories: ['shoes'], metrics: { chats: { value: 1 } }, livestreams: { nodes: [{ id: 'l-00' }, { id: 'l-03' }] } },
        metrics: { window: 'FIVE_MINUTES', viewersNow: { value: 1 }, chats: { value: 1, total: 1 }, bids: { value: 1 }, watchSeconds: { value: 30 } },
        embedding: { dimensions: 4 },
      },
    })
  })

  test('shows a seller and a person, and what they are drawn to', async () => {
    const { freshet } = market()
    const { seller, user } = await freshet.query<{ seller: object; user: { registeredAt: string } }>(`{
      seller(id: "s-books") { id name description categories language country verified rating metrics { purchases { total } revenue { total } } embedding { dimensions } }
      user(id: "bob") {
        id name bio interests language country registeredAt
        metrics { purchases { total } revenue { value } }
        affinities { sellers { seller { id name } purchases } categories { category watchSeconds } follows { id } }
      }
    }`)
    assert.deepEqual(seller, {
      id: 's-books', name: 'The books shop', description: 'Sells books.', categories: ['books'], language: 'en', country: 'FR', verified: false, rating: 3.5,
      metrics: { purchases: { total: 1 }, revenue: { total: 2_500 } }, embedding: { dimensions: 256 },
    })
    const { registeredAt, affinities, ...rest } = user as { registeredAt: string; affinities: { sellers: { seller: object; purchases: number }[]; categories: { category: string; watchSeconds: number }[]; follows: object[] } }
    assert.deepEqual(rest, {
      id: 'bob', name: 'Bob', bio: null, interests: ['toys', 'books'], language: null, country: 'DE', metrics: { purchases: { total: 1 }, revenue: { value: 2_500 } },
    })
    assert.ok(Date.parse(registeredAt) > 0)
    assert.deepEqual([affinities.sellers.map(({ seller: each }) => each), affinities.categories.map(({ category }) => category), affinities.follows],
      [[{ id: 's-books', name: 'The books shop' }], ['books'], []])
    assert.ok(Math.abs(Number(affinities.sellers[0]?.purchases) - 1) < 0.01 && Math.abs(Number(affinities.categories[0]?.watchSeconds) - 20) < 0.1)
  })

  test('each record says when it happened and when it became queryable', async () => {
    const { freshet } = market()
    const { user, livestream } = await freshet.query<Record<'user' | 'livestream', { revision: number; eventTime: string; appliedAt: string }>>(
      '{ user(id: "ada") { revision eventTime appliedAt } livestream(id: "l-01") { revision eventTime appliedAt } }',
    )
    for (const { revision, eventTime, appliedAt } of [user, livestream]) {
      assert.ok(revision >= 1)
      assert.ok(Date.parse(eventTime) <= Date.parse(appliedAt), `${eventTime} is after ${appliedAt}`)
    }
  })

  test('what does not exist is null, and its neighbours are there', async () => {
    assert.deepEqual(
      await market().freshet.query('{ none: livestream(id: "none") { title seller { name } } user(id: "none") { name } seller(id: "none") { name } some: livestream(id: "l-05") { title } }'),
      { none: null, user: null, seller: null, some: { title: 'Puppet theatre' } },
    )
  })

  /** One operation for each root field; the test fails when the schema has one that is not here. */
  const rootFields: Record<string, string> = {
    user: '{ user(id: "ada") { id } }',
    users: '{ users(first: 1, orderBy: [{ field: REGISTERED_AT, direction: DESC }]) { nodes { id } } }',
    seller: '{ seller(id: "s-toys") { id } }',
    sellers: '{ sellers(first: 1, orderBy: [{ field: POPULARITY }]) { nodes { id } } }',
    livestream: '{ livestream(id: "l-00") { id } }',
    livestreams: '{ livestreams(first: 1) { nodes { id } } }',
    searchLivestreams: '{ searchLivestreams(hybrid: { text: "shoes" }, first: 1) { nodes { id } } }',
    metrics: '{ metrics(entities: ["livestream:l-00", "seller:none"]) { views { total } } }',
    nearestLivestreams: '{ nearestLivestreams(vector: [1, 0, 0, 0], model: "taste", first: 1) { similarity } }',
    embed: '{ embed(text: "a") { dimensions } }',
    feed: '{ feed(userId: "ada", first: 1) { feedId } }',
    eventTypes: '{ eventTypes { name } }',
    publish: 'mutation { publish(events: [{ type: "UserSneezed", subject: "user:a", data: {} }]) { token } }',
  }

  test('every root field of queries and mutations answers', async () => {
    const { freshet } = market()
    const { __schema: { queryType, mutationType } } = await freshet.query<{ __schema: Record<'queryType' | 'mutationType', { fields: { name: string }[] }> }>(
      '{ __schema { queryType { fields { name } } mutationType { fields { name } } } }',
    )
    assert.deepEqual([...queryType.fields, ...mutationType.fields].map(({ name }) => name).toSorted(), Object.keys(rootFields).toSorted())
    for (const [name, operation] of Object.entries(rootFields)) {
      const data = await freshet.query(operation)
      assert.ok(data[name], name)
    }
  })

  test('every type and field of the API is described', async () => {
    const schema = buildSchema(committedSupergraph(), { assumeValidSDL: true })
    const { __schema: { types } } = await market().freshet.query<{ __schema: { types: (Described & Record<'fields' | 'enumValues' | 'inputFields', Described[] | null>)[] } }>(
      '{ __schema { types { name description fields { name description } enumValues { name description } inputFields { name description } } } }',
    )
    const own = types.filter(({ name }) => !name.startsWith('__'))
    assert.ok(own.length > 40 && own.every(({ name }) => schema.getType(name) !== undefined))
    assert.deepEqual(own.filter(({ description }) => !description).map(({ name }) => name), [])
    const fields = types.flatMap((type) => type.name.startsWith('__') ? [] : [type.fields, type.enumValues, type.inputFields].flatMap((members) => members ?? []).map((field) => ({ ...field, of: type.name })))
    assert.deepEqual(fields.filter(({ description }) => !description).map(({ of, name }) => `${of}.${name}`), [])
  })
}
