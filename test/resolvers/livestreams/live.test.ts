import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { IndexPage, IndexQuery } from '../../../search/entity-index.ts'
import { startFreshet } from '../../support/freshet.ts'

const called = (title: string) => ({ type: 'LivestreamStarted', subject: 'livestream:a', data: { sellerId: 's', title, category: 'vinyl' } })
const node = 'rank node { id title }'

describe('a live search', { timeout: 20_000 }, () => {
  test('shows livestreams as they are when it is delivered, whatever they were when the index answered', async () => {
    await using freshet = await startFreshet()
    await freshet.publish(called('former'))
    await freshet.settled()
    const { index } = freshet
    const query = index.query.bind(index)
    const answered = Promise.withResolvers<void>()
    const goOn = Promise.withResolvers<void>()
    index.query = async (asked: IndexQuery): Promise<IndexPage> => {
      const page = await query(asked)
      answered.resolve()
      await goOn.promise
      return page
    }
    const client = await freshet.connect()
    const stream = client.subscribe(`subscription { searchLivestreams(hybrid: { text: "vinyl", alpha: 0 }, first: 5) { kind added { ${node} } nodes { title } edges { node { title } } } }`)
    await answered.promise
    const token = await freshet.publish(called('latter'))
    // Whoever has this answer knows that the change was announced.
    await freshet.query('{ user(id: "u") { name } }', {}, { token })
    goOn.resolve()
    const { data } = await stream.next()
    const shown = { id: 'a', title: 'latter' }
    assert.deepEqual(data, { searchLivestreams: {
      kind: 'SNAPSHOT', added: [{ rank: 0, node: shown }], nodes: [{ title: 'latter' }], edges: [{ node: { title: 'latter' } }],
    } })
  })
})
