import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allIds, type Market } from './world.ts'

interface Found {
  searchLivestreams: {
    edges: { cursor: string; score: number; node: { id: string }; scoreParts: { name: string; value: number; contribution: number }[] }[]
    pageInfo: { hasNextPage: boolean; endCursor: string | null }
  }
}

const search = `query ($hybrid: HybridInput!, $filter: LivestreamFilter, $first: Int! = 100, $after: String) {
  searchLivestreams(hybrid: $hybrid, filter: $filter, first: $first, after: $after) {
    edges { cursor score node { id } scoreParts { name value contribution } } pageInfo { hasNextPage endCursor }
  }
}`

const ofMarket = { id: { in: allIds } }

export function searchScenarios(market: () => Market): void {
  const found = async (hybrid: object, rest: object = {}): Promise<Found['searchLivestreams']> =>
    (await market().freshet.query<Found>(search, { hybrid, filter: ofMarket, ...rest })).searchLivestreams
  const idsOf = ({ edges }: Found['searchLivestreams']): string[] => edges.map(({ node }) => node.id)

  test('finds by words alone, within a filter', async () => {
    assert.deepEqual(idsOf(await found({ text: 'shoes', alpha: 0 })).slice(0, 2).toSorted(), ['l-00', 'l-03'])
    assert.deepEqual(idsOf(await found({ text: 'novels kites', alpha: 0 }, { filter: { and: [ofMarket, { category: { eq: 'toys' } }] } })), ['l-11'])
  })

  test('finds by a vector alone, nearest first', async () => {
    const { edges } = await found({ vector: [1, 0, 0, 0], model: 'taste', alpha: 1 }, { first: 3 })
    assert.deepEqual(edges.map(({ node }) => node.id).slice(0, 2), ['l-00', 'l-03'])
    for (const { scoreParts } of edges) assert.deepEqual(scoreParts.map(({ name }) => name), ['vector'])
    assert.ok(Math.abs((edges[0]?.scoreParts[0]?.value ?? 0) - 1) < 1e-6)
  })

  for (const fusion of ['RELATIVE_SCORE', 'RANKED'])
    test(`the parts of a hybrid score add up to it: ${fusion}`, async () => {
      const { edges } = await found({ text: 'blue dancing shoes', alpha: 0.4, fusion })
      assert.equal(edges[0]?.node.id, 'l-03')
      assert.deepEqual(edges[0]?.scoreParts.map(({ name }) => name).toSorted(), ['text', 'vector'])
      for (const { score, scoreParts } of edges) {
        assert.ok(scoreParts.length > 0)
        assert.ok(Math.abs(scoreParts.reduce((sum, { contribution }) => sum + contribution, 0) - score) < 1e-5)
      }
      const scores = edges.map(({ score }) => score)
      assert.deepEqual(scores, scores.toSorted((a, b) => b - a))
    })

  test('pages through a hybrid search without a gap or a repeat', async () => {
    const hybrid = { text: 'all about shoes', alpha: 0.5 }
    const whole = idsOf(await found(hybrid))
    const paged: string[] = []
    let after: string | null = null
    for (;;) {
      const page: Found['searchLivestreams'] = await found(hybrid, { first: 5, after })
      paged.push(...idsOf(page))
      if (!page.pageInfo.hasNextPage) break
      after = page.pageInfo.endCursor
    }
    assert.ok(whole.length >= 10)
    assert.deepEqual(paged, whole)
  })

  for (const [name, hybrid, message] of [
    ['neither text nor vector', {}, /"hybrid" needs "text", "vector" or both/],
    ['a blank text', { text: '  ' }, /"hybrid" needs "text", "vector" or both/],
    ['a weight beyond 1', { text: 'a', alpha: 1.5 }, /"hybrid.alpha" must be from 0 \(text alone\) to 1 \(vector alone\), but is 1.5/],
    ['a long text', { text: 'a'.repeat(1_001) }, /up to 1000 characters, but has 1001/],
    ['a text for a foreign space', { text: 'a', model: 'taste' }, /to search the space "taste" give a "vector"/],
    ['a vector without a direction', { vector: [0, 0, 0, 0], model: 'taste' }, /"hybrid.vector" must have 1 to 4096 numbers that are not all 0, but has 4 that are\./],
    ['an empty vector', { vector: [], model: 'taste' }, /"hybrid.vector" must have 1 to 4096 numbers that are not all 0, but has 0\./],
    ['a vector of another length', { vector: [1, 2], model: 'taste' }, /dimensions/],
  ] as const)
    test(`refuses ${name} in words`, async () => {
      const { errors } = await market().freshet.ask(search, { hybrid })
      assert.match(errors?.[0]?.message ?? '', message)
      assert.equal(errors?.[0]?.extensions?.code, name === 'a long text' ? 'LIMIT_EXCEEDED' : 'BAD_USER_INPUT')
      assert.equal(errors?.[0]?.extensions?.limit, name === 'a long text' ? 'hybrid.text' : undefined)
    })

  test('shows embeddings with model and dimensions, and what is nearest', async () => {
    const data = await market().freshet.query<{
      livestream: {
        taste: { model: string; dimensions: number; vector: number[] }; text: { dimensions: number; vector: number[] }; none: null
        nearest: { similarity: number; livestream: { id: string; title: string } }[]; similar: { id: string }[]
      }
      user: { nearestLivestreams: { similarity: number; livestream: { id: string } }[] }
      nearestLivestreams: { livestream: { id: string } }[]
      embed: { dimensions: number; vector: number[] }
    }>(`query ($ofMarket: LivestreamFilter) {
      livestream(id: "l-00") {
        taste: embedding(model: "taste") { model dimensions vector } text: embedding { dimensions vector } none: embedding(model: "unknown") { model }
        nearest(model: "taste", first: 2) { similarity livestream { id title } } similar(first: 3, filter: $ofMarket) { id }
      }
      user(id: "ada") { nearestLivestreams(model: "taste", first: 1) { similarity livestream { id } } }
      nearestLivestreams(vector: [0, 1, 0, 0], model: "taste", first: 1, filter: { status: { eq: LIVE } }) { livestream { id } }
      embed(text: "shoes") { dimensions vector }
    }`, { ofMarket })
    const { livestream } = data
    assert.deepEqual(livestream.taste, { model: 'taste', dimensions: 4, vector: [1, 0, 0, 0] })
    assert.equal(livestream.none, null)
    assert.deepEqual([livestream.text.dimensions, livestream.text.vector.length], [256, 256])
    assert.deepEqual(livestream.nearest.map((near) => near.livestream), [{ id: 'l-03', title: 'Blue dancing shoes' }, { id: 'l-05', title: 'Puppet theatre' }])
    assert.ok(!livestream.similar.some(({ id }) => id === 'l-00'))
    assert.equal(livestream.similar.length, 3)
    assert.deepEqual(data.user.nearestLivestreams.map((near) => near.livestream.id), ['l-00'])
    assert.ok(Math.abs((data.user.nearestLivestreams[0]?.similarity ?? 0) - 1) < 1e-6)
    assert.deepEqual(data.nearestLivestreams.map((near) => near.livestream.id), ['l-01'])
    assert.deepEqual([data.embed.dimensions, Math.hypot(...data.embed.vector).toFixed(5)], [256, '1.00000'])
  })

  test('nothing is near to whoever has no such vector', async () => {
    assert.deepEqual(
      await market().freshet.query('{ livestream(id: "l-08") { nearest(model: "taste") { similarity } } user(id: "bob") { nearestLivestreams(model: "taste") { similarity } } }'),
      { livestream: { nearest: [] }, user: { nearestLivestreams: [] } },
    )
  })

  test('of a vector its direction counts alone, and one that has none is refused', async () => {
    const { freshet } = market()
    const near = 'query ($vector: [Float!]!) { nearestLivestreams(vector: $vector, model: "taste", first: 1, filter: { status: { eq: LIVE } }) { similarity livestream { id } } }'
    for (const length of [1e-300, 1e-30, 1, 1e30, 1e300]) {
      const { nearestLivestreams: [found] } = await freshet.query<{ nearestLivestreams: { similarity: number; livestream: { id: string } }[] }>(near, { vector: [0, length, 0, 0] })
      assert.equal(found?.livestream.id, 'l-01')
      assert.equal(found.similarity.toFixed(3), '1.000', `${length}`)
    }
    const { errors } = await freshet.ask(near, { vector: [0, 0, 0, 0] })
    assert.deepEqual(errors?.map(({ message, extensions }) => [message, extensions?.code]),
      [['"vector" must have 1 to 4096 numbers that are not all 0, but has 4 that are.', 'BAD_USER_INPUT']])
    const { publish: { results } } = await freshet.query<{ publish: { results: { code: string; message: string }[] } }>(
      'mutation { publish(events: [{ type: "EmbeddingComputed", subject: "user:ada", data: { model: "taste", dimensions: 4, vector: [0, 0, 0, 0] } }]) { results { code message } } }')
    assert.deepEqual(results, [{ code: 'INVALID_DATA', message: '/data/vector: expected a number other than 0 (1e-15 at least), got none' }])
  })

  test('a livestream whose text has no words is kept, found by its id, and near to nothing', async () => {
    const { freshet } = market()
    const token = await freshet.publish({ type: 'LivestreamScheduled', subject: 'livestream:wordless', data: { sellerId: 's-toys', title: '…' } })
    assert.deepEqual(await freshet.query('{ livestream(id: "wordless") { title nearest { similarity } similar { id } } }', {}, { token }),
      { livestream: { title: '…', nearest: [], similar: [] } })
  })

  test('a changed text is found by its new words and not by the old ones', async () => {
    const { freshet } = market()
    const subject = 'livestream:retitled'
    const id = { id: { eq: 'retitled' } }
    await freshet.publish({ type: 'LivestreamStarted', subject, data: { sellerId: 's-toys', title: 'Zeppelins' } })
    const token = await freshet.publish({ type: 'LivestreamChanged', subject, data: { title: 'Submarines' } })
    await freshet.query('{ user(id: "ada") { id } }', {}, { token })
    assert.deepEqual(idsOf(await found({ text: 'submarines', alpha: 0 }, { filter: id })), ['retitled'])
    assert.deepEqual(idsOf(await found({ text: 'zeppelins', alpha: 0 }, { filter: id })), [])
  })
}
