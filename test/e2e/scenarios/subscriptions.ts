import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '../../support/live-client.ts'
import type { Published } from '../../support/freshet.ts'
import { applied } from '../../subscriptions/applied.ts'
import type { Market } from './world.ts'

interface Place {
  rank: number
  node: { id: string; title: string; seller: { name: string }; metrics: { chats: { total: number } } }
}

interface Change {
  livestreams: { kind: string; added: Place[]; removed: string[]; updated: Place[]; changes: { id: string; kind: string; fields: string[] }[]; nodes: { id: string }[] }
}

interface Near {
  livestreams: { removed: string[]; nodes: { title: string }[] }
}

interface LiveFeed {
  feed: {
    kind: string; added: { rank: number; node: { id: string } }[]; removed: string[]; moved: { id: string; rank: number }[]
    edges: { rank: number; node: { id: string; title: string; seller: { name: string } } }[]
  }
}

const chat = (id: string, message: string, rest: object = {}): Published =>
  ({ type: 'ChatPosted', subject: `livestream:${id}`, data: { userId: 'ada', sellerId: 's-toys', message, ...rest } })

const start = (id: string, data: object): Published =>
  ({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: 's-toys', title: id, ...data } })

/** The same promises over graphql-ws and over server-sent events. */
export function subscriptionScenarios(market: () => Market, transport: 'graphql-ws' | 'server-sent events'): void {
  let names = 0
  /** Entities of each test of its own: the streams of others never mix in. */
  const name = (): string => `${transport === 'graphql-ws' ? 'ws' : 'sse'}-${++names}`

  async function subscribed(query: string, variables: Record<string, unknown>, run: (stream: Stream) => Promise<void>): Promise<void> {
    const { freshet } = market()
    if (transport === 'server-sent events') {
      const stream = await freshet.eventStream(query, variables)
      await run(stream).finally(() => stream.leave())
    } else {
      await using client = await freshet.connect()
      await run(client.subscribe(query, variables))
    }
  }

  test('one livestream: as it is, then after each change, fields of other subgraphs included', async () => {
    const { freshet } = market()
    const id = name()
    await freshet.publish(start(id, { title: 'Before' }))
    await freshet.settled()
    const query = 'subscription ($id: ID!) { livestream(id: $id) { title status seller { name } metrics { chats { total } } } }'
    await subscribed(query, { id }, async (stream) => {
      const state = (title: string, status: string, chats: number) =>
        ({ livestream: { title, status, seller: { name: 'The toys shop' }, metrics: { chats: { total: chats } } } })
      assert.deepEqual(await stream.data(), state('Before', 'LIVE', 0))
      await freshet.publish({ type: 'LivestreamChanged', subject: `livestream:${id}`, data: { title: 'After' } })
      assert.deepEqual(await stream.data(), state('After', 'LIVE', 0))
      await freshet.publish(chat(id, 'hello'), { type: 'LivestreamEnded', subject: `livestream:${id}`, data: {} })
      // The chat moves the copies of metrics in the record too, so the end may be the second thing that is heard.
      for (;;) {
        const { livestream } = await stream.data<{ livestream: { title: string; status: string } }>()
        assert.equal(livestream.title, 'After')
        if (livestream.status === 'ENDED') break
      }
    })
  })

  test('a livestream that comes to be after it was subscribed to', async () => {
    const { freshet } = market()
    const id = name()
    await subscribed('subscription ($id: ID!) { livestream(id: $id) { title } }', { id }, async (stream) => {
      assert.deepEqual(await stream.data(), { livestream: null })
      await freshet.publish(start(id, { title: 'Born' }))
      assert.deepEqual(await stream.data(), { livestream: { title: 'Born' } })
    })
  })

  test('livestreams enter, change and leave a list, with fields of other subgraphs', async () => {
    const { freshet } = market()
    const category = name()
    const query = `subscription ($filter: LivestreamFilter) {
      livestreams(filter: $filter) {
        kind removed changes { id kind fields } nodes { id }
        added { ...place } updated { ...place }
      }
    }
    fragment place on RankedLivestream { rank node { id title seller { name } metrics { chats { total } } } }`
    const filter = { category: { eq: category }, status: { eq: 'LIVE' }, not: { title: { contains: 'hidden' } } }
    const place = (id: string, title: string) => ({ rank: 0, node: { id, title, seller: { name: 'The toys shop' }, metrics: { chats: { total: 0 } } } })
    const nothing = { kind: 'DIFF', added: [], removed: [], updated: [] }
    const id = `${category}-it`
    const subject = `livestream:${id}`
    const entered = (title: string, fields: string[]) => ({ ...nothing, added: [place(id, title)], nodes: [{ id }], changes: [{ id, kind: 'ENTERED', fields }] })
    const left = (fields: string[]) => ({ ...nothing, removed: [id], nodes: [], changes: [{ id, kind: 'LEFT', fields }] })
    await subscribed(query, { filter }, async (stream) => {
      assert.deepEqual((await stream.data<Change>()).livestreams, { ...nothing, kind: 'SNAPSHOT', changes: [], nodes: [] })
      await freshet.publish(start(id, { category, title: 'It' }))
      const { livestreams } = await stream.data<Change>()
      assert.deepEqual({ ...livestreams, changes: livestreams.changes.map(({ kind }) => kind) }, { ...entered('It', []), changes: ['ENTERED'] })
      const steps: [Published, expected: Change['livestreams'] | undefined][] = [
        [{ type: 'LivestreamChanged', subject, data: { title: 'It again' } }, { ...nothing, updated: [place(id, 'It again')], nodes: [{ id }], changes: [{ id, kind: 'UPDATED', fields: ['title'] }] }],
        [{ type: 'LivestreamChanged', subject, data: { title: 'hidden' } }, left(['title'])],
        [{ type: 'LivestreamChanged', subject, data: { title: 'hidden still' } }, undefined],
        [{ type: 'LivestreamChanged', subject, data: { title: 'Here' } }, entered('Here', ['title'])],
        [{ type: 'LivestreamChanged', subject, data: { category: 'elsewhere' } }, left(['category'])],
        [{ type: 'LivestreamChanged', subject, data: { category } }, entered('Here', ['category'])],
        [{ type: 'LivestreamEnded', subject, data: {} }, left(['status', 'endedAt', 'auctionActive', 'giveawayActive'])],
      ]
      for (const [event, expected] of steps) {
        await freshet.publish(event)
        await freshet.settled()
        if (expected) assert.deepEqual((await stream.data<Change>()).livestreams, expected)
      }
    })
  })

  test('a list has the first of those that match, in order, and says who comes and goes by rank', async () => {
    const { freshet } = market()
    const category = name()
    const stream = (letter: string) => `${category}-${letter}`
    await freshet.publish(...['b', 'c', 'd'].map((letter) => start(stream(letter), { category, title: letter })))
    await freshet.settled()
    const query = `subscription ($filter: LivestreamFilter) {
      livestreams(filter: $filter, orderBy: [{ field: TITLE, direction: ASC }], first: 2) {
        kind added { rank node { title } } removed moved { id rank } changes { kind id } nodes { title } pageInfo { hasNextPage }
      }
    }`
    await subscribed(query, { filter: { category: { eq: category } } }, async (events) => {
      assert.deepEqual(await events.data(), { livestreams: {
        kind: 'SNAPSHOT', added: [{ rank: 0, node: { title: 'b' } }, { rank: 1, node: { title: 'c' } }], removed: [], moved: [], changes: [],
        nodes: [{ title: 'b' }, { title: 'c' }], pageInfo: { hasNextPage: true },
      } })
      await freshet.publish(start(stream('a'), { category, title: 'a' }))
      assert.deepEqual(await events.data(), { livestreams: {
        kind: 'DIFF', added: [{ rank: 0, node: { title: 'a' } }], removed: [stream('c')], moved: [],
        changes: [{ kind: 'ENTERED', id: stream('a') }, { kind: 'OUTRANKED', id: stream('c') }], nodes: [{ title: 'a' }, { title: 'b' }], pageInfo: { hasNextPage: true },
      } })
      await freshet.publish({ type: 'LivestreamChanged', subject: `livestream:${stream('a')}`, data: { title: 'bb' } })
      const { livestreams } = await events.data<{ livestreams: { nodes: { title: string }[]; moved: unknown[]; changes: unknown[] } }>()
      assert.deepEqual(livestreams.nodes, [{ title: 'b' }, { title: 'bb' }])
      assert.deepEqual([livestreams.moved.length, livestreams.changes], [1, [{ kind: 'UPDATED', id: stream('a') }]])
    })
  })

  test('a list of what is near to a text in meaning', async () => {
    const { freshet } = market()
    const category = name()
    const query = `subscription ($filter: LivestreamFilter) {
      livestreams(filter: $filter, near: { text: "wooden trains and rails", minSimilarity: 0.5 }) { kind added { similarity node { title } } removed nodes { title } }
    }`
    await freshet.publish(start(`${category}-1`, { category, title: 'Rails and wooden trains' }), start(`${category}-2`, { category, title: 'Perfume' }))
    await freshet.settled()
    await subscribed(query, { filter: { category: { eq: category } } }, async (stream) => {
      const { livestreams } = await stream.data<{ livestreams: { added: { similarity: number }[]; nodes: { title: string }[] } }>()
      assert.deepEqual(livestreams.nodes, [{ title: 'Rails and wooden trains' }])
      assert.ok(livestreams.added[0]!.similarity >= 0.5)
      await freshet.publish({ type: 'LivestreamChanged', subject: `livestream:${category}-2`, data: { title: 'Wooden rails, wooden trains' } })
      assert.deepEqual((await stream.data<Near>()).livestreams.nodes.map(({ title }) => title).toSorted(), ['Rails and wooden trains', 'Wooden rails, wooden trains'])
      await freshet.publish({ type: 'LivestreamChanged', subject: `livestream:${category}-1`, data: { title: 'Lipstick' } })
      // The text changes first, and what it means a moment later.
      let left: Near['livestreams']
      do left = (await stream.data<Near>()).livestreams
      while (left.removed.length === 0)
      assert.deepEqual([left.removed, left.nodes], [[`${category}-1`], [{ title: 'Wooden rails, wooden trains' }]])
    })
  })

  test('a search, live: what is found, then who is found as well and who is not any more', async () => {
    const { freshet } = market()
    const category = name()
    await freshet.publish(start(`${category}-1`, { category, title: 'A zeppelin' }), start(`${category}-2`, { category, title: 'Gloves' }))
    await freshet.settled()
    const query = `subscription ($filter: LivestreamFilter) {
      searchLivestreams(hybrid: { text: "zeppelin", alpha: 0 }, filter: $filter, throttleMs: 100) {
        kind added { rank score scoreParts { name } node { title } } removed updated { node { title } } edges { cursor score node { id } } nodes { title }
      }
    }`
    interface Found { searchLivestreams: { kind: string; added: { rank: number; node: { title: string } }[]; removed: string[]; updated: { node: { title: string } }[]; nodes: { title: string }[] } }
    await subscribed(query, { filter: { category: { eq: category } } }, async (stream) => {
      const first = (await stream.data<Found>()).searchLivestreams
      assert.deepEqual([first.kind, first.added.map(({ rank, node }) => [rank, node.title])], ['SNAPSHOT', [[0, 'A zeppelin']]])
      await freshet.publish({ type: 'LivestreamChanged', subject: `livestream:${category}-2`, data: { title: 'A glove for a zeppelin, zeppelin' } })
      const second = (await stream.data<Found>()).searchLivestreams
      assert.deepEqual([second.kind, second.added.map(({ node }) => node.title), second.nodes.length], ['DIFF', ['A glove for a zeppelin, zeppelin'], 2])
      await freshet.publish({ type: 'LivestreamChanged', subject: `livestream:${category}-1`, data: { title: 'A balloon' } })
      assert.deepEqual((await stream.data<Found>()).searchLivestreams.removed, [`${category}-1`])
    })
  })

  test('a livestream enters when its metrics pass a threshold', async () => {
    const { freshet } = market()
    const id = name()
    await freshet.publish(start(id, {}))
    await freshet.settled()
    const filter = { id: { eq: id }, viewersNow: { gte: 2 } }
    await subscribed('subscription ($filter: LivestreamFilter) { livestreams(filter: $filter) { kind nodes { id } } }', { filter }, async (stream) => {
      assert.deepEqual((await stream.data<Change>()).livestreams.nodes, [])
      let viewers = 0
      const view = (): Published => ({
        type: 'LivestreamViewed', subject: `livestream:${id}`, data: { userId: `viewer-${++viewers}`, sellerId: 's-toys', watchSeconds: 1 },
      })
      await freshet.publish(view(), view(), view())
      const { livestreams } = await stream.data<Change>()
      assert.deepEqual([livestreams.kind, livestreams.nodes], ['DIFF', [{ id }]])
    })
  })

  test('metrics of given entities: as they are, then as they move, of each kind of entity', async () => {
    const { freshet } = market()
    const [livestream, seller, user] = [name(), name(), name()]
    await freshet.publish(
      start(livestream, { sellerId: seller, title: 'Counted' }),
      { type: 'SellerRegistered', subject: `seller:${seller}`, data: { name: 'Counting' } },
      { type: 'UserRegistered', subject: `user:${user}`, data: { name: 'Counter' } },
    )
    await freshet.settled()
    const entities = [`livestream:${livestream}`, `seller:${seller}`, `user:${user}`]
    const query = `subscription ($entities: [ID!]!) { metrics(entities: $entities, window: ONE_HOUR) {
      subject { __typename ... on Livestream { title } ... on Seller { name } ... on User { name } } metrics { window chats { value } }
    } }`
    await subscribed(query, { entities }, async (stream) => {
      const payload = (subject: object, value: number) => ({ metrics: { subject, metrics: { window: 'ONE_HOUR', chats: { value } } } })
      const subjects = [{ __typename: 'Livestream', title: 'Counted' }, { __typename: 'Seller', name: 'Counting' }, { __typename: 'User', name: 'Counter' }]
      for (const subject of subjects) assert.deepEqual(await stream.data(), payload(subject, 0))
      await freshet.publish({ type: 'ChatPosted', subject: `livestream:${livestream}`, data: { userId: user, sellerId: seller, message: 'one' } })
      const moved = [await stream.data(), await stream.data(), await stream.data()]
      // Shards announce apart from each other.
      assert.deepEqual(new Set(moved.map((each) => JSON.stringify(each))), new Set(subjects.map((subject) => JSON.stringify(payload(subject, 1)))))
    })
  })

  test('a feed: as it is, then whenever it has changed, and nothing in between', async () => {
    const { freshet } = market()
    const category = name()
    await freshet.publish(start(`${category}-1`, { category, title: 'One' }))
    await freshet.settled()
    const query = `subscription ($filter: LivestreamFilter) {
      feed(userId: "ada", filter: $filter, throttleMs: 100) {
        kind added { rank node { id } } removed moved { id rank } edges { rank node { id title seller { name } } }
      }
    }`
    await subscribed(query, { filter: { category: { eq: category } } }, async (stream) => {
      /** As the changes make it, which is what all of it says. */
      let list: string[] = []
      const shown = async () => {
        const { kind, added, removed, moved, edges } = (await stream.data<LiveFeed>()).feed
        list = applied(kind === 'SNAPSHOT' ? [] : list, { removed, moved, added: added.map(({ rank, node }) => ({ id: node.id, rank })) })
        assert.deepEqual(list, edges.map(({ node }) => node.id))
        return edges.map(({ node }) => [node.id, node.seller.name])
      }
      assert.deepEqual(await shown(), [[`${category}-1`, 'The toys shop']])
      // Changes nothing in this feed: it is evaluated again, and the same order is not sent.
      await freshet.publish(chat('l-08', 'elsewhere'))
      await freshet.publish(start(`${category}-2`, { category, sellerId: 's-books', title: 'Two' }))
      assert.deepEqual((await shown()).toSorted(), [[`${category}-1`, 'The toys shop'], [`${category}-2`, 'The books shop']])
      await freshet.publish({ type: 'LivestreamEnded', subject: `livestream:${category}-1`, data: {} })
      assert.deepEqual(await shown(), [[`${category}-2`, 'The books shop']])
    })
  })

  test('raw events by type, as they are appended', async () => {
    const { freshet } = market()
    const id = name()
    const query = 'subscription { events(types: ["ChatPosted", "LivestreamShared"]) { id source type subject time appendedAt data } }'
    await subscribed(query, {}, async (stream) => {
      for (let i = 0; stream.drain().length === 0; i++) {
        await freshet.publish(chat(`${id}-marker`, `marker ${i}`))
        await freshet.settled()
      }
      const time = new Date(freshet.clock.now() - 1_000).toISOString()
      const data = { userId: 'ada', sellerId: 's-toys' }
      await freshet.publish(
        { type: 'LivestreamLiked', subject: `livestream:${id}`, data },
        { type: 'ChatPosted', subject: `livestream:${id}`, source: 'test', id: `${id}-chat`, time, data: { ...data, message: 'héllo' } },
      )
      let event: { id: string; subject: string; appendedAt: string }
      do event = (await stream.data<{ events: typeof event }>()).events
      while (event.subject !== `livestream:${id}`)
      const { appendedAt, ...rest } = event
      assert.deepEqual(rest, { id: `${id}-chat`, source: 'test', type: 'ChatPosted', subject: `livestream:${id}`, time, data: { ...data, message: 'héllo' } })
      assert.ok(Date.parse(appendedAt) > Date.parse(time))
    })
  })

  for (const [what, query, message] of [
    ['an unknown event type', 'subscription { events(types: ["UserSneezed"]) { id } }', /"types" knows no "UserSneezed"; it knows UserRegistered/],
    ['a throttle that is none', 'subscription { feed(userId: "ada", throttleMs: 1) { feedId } }', /"throttleMs" must be a whole number from 100 to 60000/],
    ['keys that are none', 'subscription { metrics(entities: ["l-00"]) { metrics { window } } }', /"entities" takes keys like/],
    ['keys that are too many', `subscription { metrics(entities: [${'"user:a" '.repeat(1_001)}]) { metrics { window } } }`, /"entities" must be a whole number from 1 to 1000, but is 1001/],
    ['a filter that is too deep', `subscription { livestreams(filter: ${'{ not: '.repeat(11)}{ id: { eq: "a" } }${' }'.repeat(11)}) { kind } }`, /at most 10 levels deep/],
    ['a feed within a filter that is too deep', `subscription { feed(userId: "ada", filter: ${'{ not: '.repeat(11)}{ id: { eq: "a" } }${' }'.repeat(11)}) { feedId } }`, /at most 10 levels deep/],
  ] as const)
    test(`refuses ${what} in words`, async () => {
      await subscribed(query, {}, async (stream) => {
        // graphql-ws refuses with a message of its own kind, event streams with a first and last result.
        const errors = await stream.next().then((result) => result.errors, () => stream.ended)
        assert.match(errors?.[0]?.message ?? '', message)
        assert.equal(errors?.[0]?.extensions?.code, /too (deep|many)/.test(what) ? 'LIMIT_EXCEEDED' : 'BAD_USER_INPUT')
      })
    })
}
