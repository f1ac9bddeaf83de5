import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allIds, liveIds, nameOf, startedAt, type Market } from './world.ts'

interface Page {
  livestreams: {
    edges: { cursor: string; node: { id: string } }[]
    nodes: { id: string }[]
    pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; startCursor: string | null; endCursor: string | null }
  }
}

const listing = `query ($filter: LivestreamFilter, $orderBy: [LivestreamOrder!], $first: Int! = 100, $after: String) {
  livestreams(filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
    edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}`

/** Livestreams of the market alone, whatever other scenarios have added. */
const ofMarket = { id: { in: allIds } }

const where = (test: (i: number) => boolean): string[] => allIds.filter((_, i) => test(i))

export function listingScenarios(market: () => Market): void {
  const idsOf = async (filter: object): Promise<string[]> => {
    const { livestreams } = await market().freshet.query<Page>(listing, { filter: { and: [ofMarket, filter] } })
    return livestreams.nodes.map(({ id }) => id)
  }

  const at = (ms: number): string => new Date(ms).toISOString()
  const started = (i: number): string => at(startedAt(market().now, i))
  // l-09 and l-10 have not started.
  const filters: [name: string, filter: () => object, expected: string[]][] = [
    ['id eq', () => ({ id: { eq: 'l-03' } }), ['l-03']],
    ['id ne', () => ({ id: { ne: 'l-03' } }), where((i) => i !== 3)],
    ['id in', () => ({ id: { in: ['l-07', 'l-01', 'none'] } }), ['l-01', 'l-07']],
    ['sellerId eq', () => ({ sellerId: { eq: 's-toys' } }), where((i) => i % 3 === 2)],
    ['auctionId isNull', () => ({ auctionId: { isNull: true } }), where((i) => i > 1)],
    ['highestBidderId eq', () => ({ highestBidderId: { eq: 'ada' } }), ['l-00']],
    ['text eq', () => ({ title: { eq: 'Crime novels' } }), ['l-01']],
    ['text eq compares whole values, exactly', () => ({ title: { eq: 'crime novels' } }), []],
    ['text ne', () => ({ title: { ne: 'Crime novels' } }), where((i) => i !== 1)],
    ['text in', () => ({ title: { in: ['Kites', 'Atlases'] } }), ['l-10', 'l-11']],
    ['text contains, in any case', () => ({ title: { contains: 'SHOES' } }), ['l-00', 'l-03']],
    ['text isNull', () => ({ title: { isNull: false } }), allIds],
    ['keyword isNull', () => ({ language: { isNull: true } }), ['l-04']],
    ['keyword ne holds where it is missing', () => ({ language: { ne: 'en' } }), ['l-00', 'l-04', 'l-08']],
    ['keyword in', () => ({ category: { in: ['books', 'toys'] } }), where((i) => i % 3 !== 0)],
    ['list contains', () => ({ tags: { contains: 'shoes' } }), ['l-00', 'l-06']],
    ['list isNull', () => ({ tags: { isNull: true } }), []],
    ['status eq', () => ({ status: { eq: 'LIVE' } }), liveIds],
    ['status in', () => ({ status: { in: ['SCHEDULED', 'ENDED'] } }), ['l-09', 'l-10', 'l-11']],
    ['status ne', () => ({ status: { ne: 'LIVE' } }), ['l-09', 'l-10', 'l-11']],
    ['moment eq', () => ({ startedAt: { eq: started(3) } }), ['l-03']],
    ['moment ne', () => ({ startedAt: { ne: started(3) } }), where((i) => i !== 3)],
    ['moment gt', () => ({ startedAt: { gt: started(3) } }), ['l-00', 'l-01', 'l-02']],
    ['moment gte', () => ({ startedAt: { gte: started(3) } }), ['l-00', 'l-01', 'l-02', 'l-03']],
    ['moment lt', () => ({ startedAt: { lt: started(7) } }), ['l-08', 'l-11']],
    ['moment lte', () => ({ startedAt: { lte: started(7) } }), ['l-07', 'l-08', 'l-11']],
    ['moment isNull', () => ({ startedAt: { isNull: true } }), ['l-09', 'l-10']],
    ['truth eq', () => ({ auctionActive: { eq: true } }), ['l-00']],
    ['truth ne holds where it is missing', () => ({ giveawayActive: { ne: true } }), where((i) => i !== 3)],
    // The end of a livestream ends its auctions too.
    ['truth isNull', () => ({ auctionActive: { isNull: false } }), ['l-00', 'l-01', 'l-11']],
    ['number eq', () => ({ currentBid: { eq: 1_500 } }), ['l-00']],
    ['number in', () => ({ currentBid: { in: [200, 7] } }), ['l-01']],
    ['number gt', () => ({ currentBid: { gt: 200 } }), ['l-00']],
    ['number gte', () => ({ currentBid: { gte: 200 } }), ['l-00', 'l-01']],
    ['number lt', () => ({ currentBid: { lt: 1_500 } }), ['l-01']],
    ['number lte', () => ({ currentBid: { lte: 1_500 } }), ['l-00', 'l-01']],
    ['number ne holds where it is missing', () => ({ currentBid: { ne: 200 } }), where((i) => i !== 1)],
    ['several comparators of one field', () => ({ startedAt: { gt: started(4), lt: started(1) } }), ['l-02', 'l-03']],
    ['several fields', () => ({ category: { eq: 'shoes' }, status: { eq: 'LIVE' } }), ['l-00', 'l-03', 'l-06']],
    ['or', () => ({ or: [{ id: { eq: 'l-02' } }, { title: { contains: 'kite' } }] }), ['l-02', 'l-11']],
    ['not', () => ({ not: { status: { eq: 'LIVE' } } }), ['l-09', 'l-10', 'l-11']],
    ['and in or in not', () => ({ not: { or: [{ and: [{ category: { eq: 'toys' } }, { status: { eq: 'LIVE' } }] }, { tags: { contains: 'odd' } }] } }), ['l-00', 'l-04', 'l-06', 'l-10']],
    ['an empty or holds for nothing', () => ({ or: [] }), []],
    ['an empty filter holds for everything', () => ({}), allIds],
    ['null stands for what was not given', () => ({ status: null, title: { eq: null, contains: 'kite' } }), ['l-11']],
  ]
  for (const [name, filter, expected] of filters)
    test(`filters livestreams: ${name}`, async () => assert.deepEqual(await idsOf(filter()), expected))

  test('filters sellers and people', async () => {
    const data = await market().freshet.query(`{
      verified: sellers(filter: { verified: { eq: true }, id: { in: ["s-shoes", "s-books", "s-toys"] } }, orderBy: [{ field: RATING, direction: DESC }]) { nodes { id rating } }
      categories: sellers(filter: { categories: { contains: "books" } }) { nodes { id } }
      rated: sellers(filter: { rating: { gte: 3.5, lt: 4 } }) { nodes { id } }
      interested: users(filter: { interests: { contains: "books" } }) { nodes { id name } }
      abroad: users(filter: { country: { eq: "GB" }, name: { contains: "AD" } }) { nodes { id } }
    }`)
    assert.deepEqual(data, {
      verified: { nodes: [{ id: 's-toys', rating: 4 }, { id: 's-shoes', rating: 3 }] },
      categories: { nodes: [{ id: 's-books' }] },
      rated: { nodes: [{ id: 's-books' }] },
      interested: { nodes: [{ id: 'bob', name: 'Bob' }] },
      abroad: { nodes: [{ id: 'ada' }] },
    })
  })

  test('a filter that is too deep is refused in words', async () => {
    let filter: object = { id: { eq: 'l-01' } }
    for (let depth = 0; depth < 12; depth++) filter = { not: filter }
    const { errors } = await market().freshet.ask(listing, { filter })
    assert.match(errors?.[0]?.message ?? '', /at most 10 levels deep/)
    assert.deepEqual([errors?.[0]?.extensions?.code, errors?.[0]?.extensions?.limit], ['LIMIT_EXCEEDED', 'filterDepth'])
  })

  for (const [name, orderBy, expected] of [
    ['by id without an order', undefined, allIds],
    ['youngest first, those without a start last', [{ field: 'STARTED_AT', direction: 'DESC' }], [...liveIds, 'l-11', 'l-09', 'l-10']],
    ['oldest first, those without a start last', [{ field: 'STARTED_AT', direction: 'ASC' }], ['l-11', ...liveIds.toReversed(), 'l-09', 'l-10']],
    ['by two fields', [{ field: 'CATEGORY', direction: 'DESC' }, { field: 'ID', direction: 'DESC' }],
      [2, 1, 0].map((rest) => (rest + 2) % 3).flatMap((_, place) => where((i) => i % 3 === [2, 0, 1][place]).toReversed())],
  ] as const)
    for (const first of [1, 5, 12])
      test(`pages ${name}, ${first} at a time, without a gap or a repeat`, async () => {
        const found: string[] = []
        let after: string | null = null
        for (;;) {
          const { livestreams: page }: Page = await market().freshet.query<Page>(listing, { filter: ofMarket, orderBy, first, after })
          assert.deepEqual(page.nodes, page.edges.map(({ node }) => node))
          assert.equal(page.pageInfo.hasPreviousPage, after !== null)
          assert.deepEqual([page.pageInfo.startCursor, page.pageInfo.endCursor], [page.edges[0]?.cursor, page.edges.at(-1)?.cursor])
          found.push(...page.nodes.map(({ id }) => id))
          if (!page.pageInfo.hasNextPage) break
          assert.equal(page.nodes.length, first)
          after = page.pageInfo.endCursor
        }
        assert.deepEqual(found, expected)
      })

  test('a page is not moved by what is added before it', async () => {
    const { freshet } = market()
    const filter = { category: { eq: 'moving' } }
    const add = (id: string) => freshet.publish({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: 's-toys', title: id, category: 'moving' } })
    await add('m-2')
    await add('m-4')
    let token = await add('m-6')
    const page = await freshet.query<Page>(listing, { filter, first: 2 }, { token })
    token = await add('m-1')
    await freshet.settled()
    const next = await freshet.query<Page>(listing, { filter, first: 2, after: page.livestreams.pageInfo.endCursor }, { token })
    assert.deepEqual([page, next].map(({ livestreams }) => livestreams.nodes.map(({ id }) => id)), [['m-2', 'm-4'], ['m-6']])
  })

  test('refuses page sizes and cursors that are none', async () => {
    const { freshet } = market()
    const { livestreams } = await freshet.query<Page>(listing, { first: 1 })
    const codes = async (variables: object) => {
      const { errors } = await freshet.ask(listing, { ...variables })
      return errors?.map(({ message, extensions }) => `${String(extensions?.code)}${extensions?.limit ? ` ${String(extensions.limit)}` : ''}: ${message}`).join()
    }
    assert.equal(await codes({ first: 101 }), 'LIMIT_EXCEEDED first: "first" must be a whole number from 0 to 100, but is 101.')
    assert.equal(await codes({ first: -1 }), 'BAD_USER_INPUT: "first" must be a whole number from 0 to 100, but is -1.')
    assert.match(String(await codes({ after: 'garbage' })), /^BAD_USER_INPUT: .*cursor/i)
    assert.match(String(await codes({ after: livestreams.pageInfo.endCursor, filter: { id: { eq: nameOf(1) } } })), /^BAD_USER_INPUT: .*cursor/i)
  })

  test('an empty page says whether anything follows, and refuses what any other page would', async () => {
    const { freshet } = market()
    const empty = async (filter: object) => {
      const { livestreams: { nodes, pageInfo: { hasNextPage } } } = await freshet.query<Page>(listing, { first: 0, filter })
      return { nodes, hasNextPage }
    }
    assert.deepEqual(await empty(ofMarket), { nodes: [], hasNextPage: true })
    assert.deepEqual(await empty({ id: { eq: 'nobody' } }), { nodes: [], hasNextPage: false })
    const { errors } = await freshet.ask(listing, { first: 0, after: 'garbage' })
    assert.equal(errors?.[0]?.extensions?.code, 'BAD_USER_INPUT')
  })
}
