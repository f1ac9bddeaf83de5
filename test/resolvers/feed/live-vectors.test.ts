import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { LiveVectors } from '../../../resolvers/feed/live-vectors.ts'
import { openEmbeddedIndex } from '../../../search/embedded.ts'
import type { EntityIndex } from '../../../search/entity-index.ts'

const space = 'taste'
const all = () => true
const turns = () => new Promise((resolve) => setImmediate(resolve))

async function parts({ mostStreams = 100 }: { mostStreams?: number } = {}) {
  const index = await openEmbeddedIndex({ directory: null })
  const errors: unknown[] = []
  const state = { spaces: [space], fails: false }
  const read: Pick<EntityIndex, 'getMany'> = {
    getMany: (...question) => (state.fails ? Promise.reject(new Error('away')) : index.getMany(...question)),
  }
  const vectors = new LiveVectors({ index: read, spaces: () => Promise.resolve(state.spaces), mostStreams, onError: (error) => errors.push(error) })
  const write = (id: string, of: Record<string, number[] | null>) => index.upsert([{
    kind: 'livestream', id, fields: { title: id }, revision: 1, eventTime: 1, appliedAt: 1,
    vectors: Object.fromEntries(Object.entries(of).map(([name, values]) => [name, values && Float32Array.from(values)])),
  }])
  const near = (values: number[], limit = 10, accept: (id: string) => boolean = all, of = space) =>
    vectors.nearest({ space: of, values: Float32Array.from(values) }, limit, accept)?.map(({ id }) => id)
  return { index, vectors, write, near, errors, state }
}

describe('the vectors of those who are live', () => {
  test('give the nearest, best first, of those that are accepted, with their similarity', async () => {
    const { vectors, write, near } = await parts()
    for (const [id, values] of [['a', [1, 0]], ['b', [3, 3]], ['c', [0, 5]]] as const) await write(id, { [space]: [...values] })
    for (const id of ['a', 'b', 'c']) vectors.want(id)
    await turns()
    assert.deepEqual([near([2, 0]), near([2, 0], 1), near([2, 0], 10, (id) => id !== 'a')], [['a', 'b', 'c'], ['a'], ['b', 'c']])
    const [first, second] = vectors.nearest({ space, values: Float32Array.of(2, 0) }, 2, all) ?? []
    assert.ok(Math.abs((first?.similarity ?? 0) - 1) < 1e-6)
    assert.ok(Math.abs((second?.similarity ?? 0) - Math.SQRT1_2) < 1e-6)
  })

  test('leave the question to the index until all are read, where another length is asked for, and where there are too many', async () => {
    const { vectors, write, near } = await parts({ mostStreams: 2 })
    await write('a', { [space]: [1, 0] })
    await write('b', {})
    vectors.want('a')
    assert.equal(near([1, 0]), undefined)
    await turns()
    assert.deepEqual(near([1, 0]), ['a'])
    assert.equal(near([1, 0, 0]), undefined)
    assert.equal(near([1, 0], 10, all, 'other'), undefined)
    vectors.want('b')
    assert.equal(near([1, 0]), undefined)
    await turns()
    assert.deepEqual(near([1, 0]), ['a'])
    vectors.want('c')
    await turns()
    assert.equal(near([1, 0]), undefined)
    vectors.drop('c')
    assert.deepEqual(near([1, 0]), ['a'])
  })

  test('a change while it is being read is read again, and one that ended meanwhile stays away', async () => {
    const { vectors, write, near } = await parts()
    await write('a', { [space]: [1, 0] })
    await write('b', { [space]: [1, 0] })
    vectors.want('a')
    vectors.want('b')
    await Promise.resolve()
    await write('a', { [space]: [0, 1] })
    vectors.want('a')
    vectors.drop('b')
    await turns()
    assert.deepEqual(near([0, 1]), ['a'])
    await write('a', { [space]: null })
    vectors.want('a')
    await turns()
    assert.deepEqual(near([0, 1]), [])
  })

  test('a space that appears is asked of all', async () => {
    const { vectors, write, near, state } = await parts()
    for (const id of ['a', 'b']) await write(id, { [space]: [1, 0], later: [1, 0, 0] })
    vectors.want('a')
    vectors.want('b')
    await turns()
    state.spaces = ['later', space]
    vectors.want('a')
    await turns()
    assert.deepEqual(near([1, 0, 0], 10, all, 'later'), ['a', 'b'])
  })

  test('an index that is away is asked again with the next change', async () => {
    const { vectors, write, near, errors, state } = await parts()
    await write('a', { [space]: [1, 0] })
    await write('b', { [space]: [1, 0] })
    state.fails = true
    vectors.want('a')
    await turns()
    assert.deepEqual([near([1, 0]), errors.length], [undefined, 1])
    state.fails = false
    vectors.want('b')
    await turns()
    assert.deepEqual(near([1, 0]), ['a', 'b'])
  })

  test('whatever comes and goes, the nearest are those of the index', async () => {
    const step = fc.record({ id: fc.constantFrom('a', 'b', 'c', 'd'), vector: fc.option(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: -3, max: 3 })), { nil: null }), live: fc.boolean() })
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const { index, vectors, write, near } = await parts()
      const live = new Set<string>()
      for (const { id, vector, live: isLive } of steps) {
        await write(id, { [space]: vector })
        if (isLive) {
          live.add(id)
          vectors.want(id)
        } else if (live.delete(id)) vectors.drop(id)
      }
      await turns()
      const known = await index.getMany('livestream', [...live], { withVectors: [space] })
      const wanted = known.flatMap((entity) => (entity?.vectors?.[space] ? [entity.id] : []))
      assert.deepEqual(near([1, 0])?.sort() ?? [], wanted.sort())
    }), { numRuns: 60 })
  })
})
