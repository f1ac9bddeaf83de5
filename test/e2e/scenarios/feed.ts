import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEntityKey } from '../../../events/entity.ts'
import { featureNames } from '../../../ranking/features.ts'
import { liveIds, type Market } from './world.ts'

interface Feed {
  feed: {
    feedId: string
    edges: {
      cursor: string; rank: number; score: number; reasons: string[]
      node: { id: string; status: string; title: string; seller: { name: string } }
      scoreParts: { name: string; value: number; contribution: number }[]
    }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }
}

const feed = `query ($userId: ID!, $first: Int! = 20, $after: String, $filter: LivestreamFilter) {
  feed(userId: $userId, first: $first, after: $after, filter: $filter) {
    feedId pageInfo { hasNextPage endCursor }
    edges { cursor rank score reasons scoreParts { name value contribution } node { id status title seller { name } } }
  }
}`

interface Served {
  data: {
    feedId: string; userId: string; model: string
    items: { livestreamId: string; position: number; score: number; propensity: number; features: Record<string, number>; sources: string[] }[]
  }
}

/** Livestreams that no other scenario starts or ends. */
const ofMarket = { id: { in: liveIds } }

export function feedScenarios(market: () => Market): void {
  const ask = async (variables: object, token?: string): Promise<Feed['feed']> =>
    (await market().freshet.query<Feed>(feed, { userId: 'ada', ...variables }, { token })).feed

  /** The notes about one feed, once there are as many as pages. */
  async function notesOf(feedId: string, pages: number): Promise<Served[]> {
    const { log, topics } = market().freshet
    const done = new AbortController()
    const found: Served[] = []
    for await (const records of log.read({ from: await log.starts([topics.predictions]), signal: done.signal }))
      for (const { value, key } of records) {
        const event = JSON.parse(Buffer.from(value as Uint8Array).toString()) as Served
        if (event.data.feedId !== feedId) continue
        assert.deepEqual(parseEntityKey(String(key)), { kind: 'user', id: event.data.userId })
        if (found.push(event) === pages) done.abort()
      }
    return found
  }

  test('is ranked, explains itself and begins with what matters to the person', async () => {
    const { edges } = await ask({ filter: ofMarket })
    assert.deepEqual(edges.map(({ rank }) => rank), edges.map((_, place) => place))
    assert.ok(edges[0]?.reasons.includes('FOLLOWED_SELLER'), String(edges[0]?.reasons))
    assert.equal(edges[0]?.node.seller.name, 'The shoes shop')
    for (const { score, scoreParts, reasons } of edges) {
      assert.ok(reasons.length > 0)
      assert.ok(Math.abs(scoreParts.reduce((sum, { contribution }) => sum + contribution, 0) - score) < 1e-9)
    }
  })

  test('is another one for another person', async () => {
    const [ada, bob] = [await ask({ filter: ofMarket }), await ask({ userId: 'bob', filter: ofMarket })]
    assert.notEqual(ada.feedId, bob.feedId)
    assert.equal(bob.edges[0]?.node.seller.name, 'The books shop')
    assert.ok(bob.edges[0]?.reasons.includes('BOUGHT_BEFORE'))
  })

  test('knows something for a person it has never seen', async () => {
    const { edges } = await ask({ userId: 'stranger', filter: ofMarket })
    assert.ok(edges.length > 0)
  })

  test('holds nothing but what is live', async () => {
    const { edges } = await ask({ first: 100 })
    assert.ok(edges.length >= 6)
    assert.deepEqual([...new Set(edges.map(({ node }) => node.status))], ['LIVE'])
  })

  test('a livestream is gone from it as soon as it has ended', async () => {
    const { freshet } = market()
    const filter = { category: { eq: 'ending' } }
    let token = ''
    for (const id of ['e-1', 'e-2', 'e-3'])
      token = await freshet.publish({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: `of-${id}`, title: id, category: 'ending' } })
    await freshet.settled()
    const before = await ask({ filter }, token)
    assert.deepEqual(before.edges.map(({ node }) => node.id).toSorted(), ['e-1', 'e-2', 'e-3'])
    token = await freshet.publish({ type: 'LivestreamEnded', subject: 'livestream:e-2', data: {} })
    assert.deepEqual((await ask({ filter }, token)).edges.map(({ node }) => node.id).toSorted(), ['e-1', 'e-3'])
  })

  test('a page never repeats what a former one has shown, even when what was shown now ranks first', async () => {
    const { freshet } = market()
    const shown: string[] = []
    let after: string | null = null
    let feedId: string | undefined
    for (;;) {
      const page = await ask({ first: 2, after })
      assert.equal(page.feedId, feedId ??= page.feedId)
      assert.deepEqual(page.edges.map(({ rank }) => rank), page.edges.map((_, place) => shown.length + place))
      shown.push(...page.edges.map(({ node }) => node.id))
      // What was just shown becomes the talk of the town.
      await freshet.publish(...page.edges.map(({ node }) => ({
        type: 'LivestreamLiked', subject: `livestream:${node.id}`, data: { userId: 'ada', sellerId: 's-shoes' },
      })))
      await freshet.settled()
      if (!page.pageInfo.hasNextPage) break
      after = page.pageInfo.endCursor
    }
    assert.ok(shown.length >= 6, String(shown))
    assert.deepEqual(shown, [...new Set(shown)])
  })

  test('what was served is noted with scores, features and propensities', async () => {
    const first = await ask({ first: 3, filter: ofMarket })
    const second = await ask({ first: 3, filter: ofMarket, after: first.pageInfo.endCursor })
    const notes = await notesOf(first.feedId, 2)
    assert.deepEqual(
      notes.flatMap(({ data }) => data.items.map(({ livestreamId, position, score }) => [livestreamId, position, score])),
      [...first.edges, ...second.edges].map(({ node, rank, score }) => [node.id, rank, score]),
    )
    for (const { data } of notes) {
      assert.equal(data.userId, 'ada')
      for (const { features, propensity, sources } of data.items) {
        assert.deepEqual(Object.keys(features), [...featureNames])
        assert.ok(propensity > 0 && propensity <= 1 && sources.length > 0)
      }
    }
  })

  test('refuses cursors of another person, another filter and none', async () => {
    const { freshet } = market()
    const { pageInfo: { endCursor } } = await ask({ first: 1 })
    for (const variables of [{ userId: 'bob', after: endCursor }, { userId: 'ada', after: endCursor, filter: ofMarket }, { userId: 'ada', after: 'garbage' }]) {
      const { errors } = await freshet.ask(feed, variables)
      assert.match(errors?.[0]?.message ?? '', /"after" (must be|is) a cursor of/)
      assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
    }
  })
}
