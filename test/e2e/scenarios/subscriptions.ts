import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Stream } from '../../support/live-client.ts'
import type { Published } from '../../support/freshet.ts'
import type { Market } from './world.ts'

interface Change {
  livestreams: { kind: string; id: string; livestream: { id: string; title: string; seller: { name: string }; metrics: { chats: { total: number } } } | null }
}

interface LiveFeed {
  feed: { edges: { rank: number; node: { id: string; title: string; seller: { name: string } } }[] }
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

  test('livestreams enter, change and leave a filter, with fields of other subgraphs', async () => {
    const { freshet } = market()
    const category = name()
    const query = `subscription ($filter: LivestreamFilter) {
      livestreams(filter: $filter) { kind id livestream { id title seller { name } metrics { chats { total } } } }
    }`
    const filter = { category: { eq: category }, status: { eq: 'LIVE' }, not: { title: { contains: 'hidden' } } }
    await subscribed(query, { filter }, async (stream) => {
      // Nothing tells when such a stream has begun; the first thing that it says does.
      for (let i = 0; stream.drain().length === 0; i++) {
        await freshet.publish(start(`${category}-marker-${i}`, { category }))
        await freshet.settled()
      }
      const id = `${category}-it`
      const subject = `livestream:${id}`
      const steps: [Published, expected: { kind: string; title: string } | undefined][] = [
        [start(id, { category, title: 'It' }), { kind: 'ENTERED', title: 'It' }],
        [{ type: 'LivestreamChanged', subject, data: { title: 'It again' } }, { kind: 'UPDATED', title: 'It again' }],
        [{ type: 'LivestreamChanged', subject, data: { title: 'hidden' } }, { kind: 'LEFT', title: 'hidden' }],
        [{ type: 'LivestreamChanged', subject, data: { title: 'hidden still' } }, undefined],
        [{ type: 'LivestreamChanged', subject, data: { title: 'Here' } }, { kind: 'ENTERED', title: 'Here' }],
        [{ type: 'LivestreamChanged', subject, data: { category: 'elsewhere' } }, { kind: 'LEFT', title: 'Here' }],
        [{ type: 'LivestreamChanged', subject, data: { category } }, { kind: 'ENTERED', title: 'Here' }],
        [{ type: 'LivestreamEnded', subject, data: {} }, { kind: 'LEFT', title: 'Here' }],
      ]
      for (const [event, expected] of steps) {
        await freshet.publish(event)
        if (!expected) continue
        let change: Change['livestreams']
        do change = (await stream.data<Change>()).livestreams
        while (change.id !== id)
        assert.deepEqual(change, {
          kind: expected.kind, id, livestream: { id, title: expected.title, seller: { name: 'The toys shop' }, metrics: { chats: { total: 0 } } },
        })
      }
    })
  })

  test('a livestream enters when its metrics pass a threshold', async () => {
    const { freshet } = market()
    const id = name()
    await freshet.publish(start(id, {}))
    await freshet.settled()
    const filter = { id: { eq: id }, viewersNow: { gte: 2 } }
    await subscribed('subscription ($filter: LivestreamFilter) { livestreams(filter: $filter) { kind id } }', { filter }, async (stream) => {
      let viewers = 0
      const view = (): Published => ({
        type: 'LivestreamViewed', subject: `livestream:${id}`, data: { userId: `viewer-${++viewers}`, sellerId: 's-toys', watchSeconds: 1 },
      })
      await freshet.publish(view(), view(), view())
      // Where the copy rose before the stream began, the next rise is an update.
      const ticking = setInterval(() => void freshet.publish(view()), 500)
      try {
        const { livestreams } = await stream.data<Change>()
        assert.equal(livestreams.id, id)
        assert.ok(['ENTERED', 'UPDATED'].includes(livestreams.kind))
      } finally {
        clearInterval(ticking)
      }
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
      feed(userId: "ada", filter: $filter, throttleMs: 100) { edges { rank node { id title seller { name } } } }
    }`
    await subscribed(query, { filter: { category: { eq: category } } }, async (stream) => {
      const shown = async () => (await stream.data<LiveFeed>()).feed.edges.map(({ node }) => [node.id, node.seller.name])
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
    ['a filter that is too deep', `subscription { livestreams(filter: ${'{ not: '.repeat(11)}{ id: { eq: "a" } }${' }'.repeat(11)}) { id } }`, /at most 10 levels deep/],
    ['a feed within a filter that is too deep', `subscription { feed(userId: "ada", filter: ${'{ not: '.repeat(11)}{ id: { eq: "a" } }${' }'.repeat(11)}) { feedId } }`, /at most 10 levels deep/],
  ] as const)
    test(`refuses ${what} in words`, async () => {
      await subscribed(query, {}, async (stream) => {
        // graphql-ws refuses with a message of its own kind, event streams with a first and last result.
        const errors = await stream.next().then((result) => result.errors, () => stream.ended)
        assert.match(errors?.[0]?.message ?? '', message)
        assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
      })
    })
}
