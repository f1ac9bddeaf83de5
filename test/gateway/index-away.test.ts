import assert from 'node:assert/strict'
import { test } from 'node:test'
import { IndexUnavailableError } from '../../search/entity-index.ts'
import { startFreshet } from '../support/freshet.ts'

const titled = (title: string) => ({ type: 'LivestreamStarted', subject: 'livestream:a', data: { sellerId: 's', title, category: 'vinyl', description: title } })

for (const [name, query, titleIn] of [
  ['a livestream', 'subscription { livestream(id: "a") { title } }', ({ livestream }) => (livestream as { title: string }).title],
  ['a list of those that are near', 'subscription { livestreams(near: { text: "early jazz", minSimilarity: 0.1 }) { nodes { title } } }',
    ({ livestreams }) => (livestreams as { nodes: { title: string }[] }).nodes[0]?.title],
] as [string, string, (data: Record<string, unknown>) => string | undefined][]) {
  test(`${name} that cannot be read ends with a code and the cursor by which what was missed comes`, { timeout: 20_000 }, async () => {
    await using freshet = await startFreshet()
    await freshet.publish(titled('early jazz'))
    await freshet.settled()
    const client = await freshet.connect()
    const stream = client.subscribe(query)
    assert.equal(titleIn(await stream.data()), 'early jazz')

    const getMany = freshet.index.getMany.bind(freshet.index)
    freshet.index.getMany = () => Promise.reject(new IndexUnavailableError('away'))
    await freshet.publish(titled('early jazz, live'))
    await freshet.settled()
    const [error] = await stream.ended
    assert.deepEqual([error?.extensions?.['code'], typeof error?.extensions?.['cursor']], ['INDEX_UNAVAILABLE', 'string'])
    freshet.index.getMany = getMany
    const again = client.subscribe(query, {}, { delivery: { after: error?.extensions?.['cursor'] } })
    const { data, extensions } = await again.next()
    assert.deepEqual([titleIn(data!), extensions?.['gap']], ['early jazz, live', undefined])
  })
}
