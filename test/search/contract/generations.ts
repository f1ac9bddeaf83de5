import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { idsOf, randomFrom, randomVector, useIndex, write, type Make } from './fixture.ts'

export function generationContract(make: Make): void {
  describe('generations', () => {
    const index = useIndex(make)
    const users = async () => idsOf((await index().query({ kind: 'user', limit: 100 })).hits)

    it('are filled in silence and take the serving one\'s place in one step', async () => {
      await index().upsert([write('user', 'old', { name: 'Old' }), write('user', 'both', { name: 'Old too' })])
      const before = (await index().stats()).generation
      const next = await index().newGeneration()
      assert.notEqual(next.name, before)
      const vector = randomVector(8, randomFrom(1))
      await next.upsert([write('user', 'both', { name: 'Ada Lovelace' }, { 'space-a': vector }), write('user', 'new', { name: 'New' }),
        write('user', 'dropped', { name: 'Dropped' })])
      await next.delete([{ kind: 'user', id: 'dropped' }])
      await next.flush()

      assert.deepEqual(await users(), ['both', 'old'])
      assert.equal((await index().getMany('user', ['both']))[0]?.fields.name, 'Old too')
      await index().upsert([write('user', 'meanwhile', { name: 'Meanwhile' })])
      assert.deepEqual(await users(), ['both', 'meanwhile', 'old'])

      await next.activate()
      assert.equal((await index().stats()).generation, next.name)
      assert.deepEqual(await users(), ['both', 'new'])
      assert.equal((await index().getMany('user', ['both']))[0]?.fields.name, 'Ada Lovelace')
      const { hits } = await index().query({
        kind: 'user', limit: 5, hybrid: { text: 'lovelace', vector: { space: 'space-a', values: vector }, alpha: 0.5, fusion: 'ranked' },
      })
      assert.deepEqual(idsOf(hits), ['both'])
      await index().upsert([write('user', 'later', { name: 'Later' })])
      assert.deepEqual(await users(), ['both', 'later', 'new'])
      assert.equal((await index().stats()).entities.user, 3)
    })

    it('leave no trace when they are discarded', async () => {
      const before = await users()
      const { generation } = await index().stats()
      const next = await index().newGeneration()
      await next.upsert([write('user', 'never', { name: 'Never' })])
      await next.discard()
      assert.deepEqual(await users(), before)
      assert.equal((await index().stats()).generation, generation)
      const after = await index().newGeneration()
      assert.notEqual(after.name, next.name)
      await after.discard()
    })

    it('never leave a query without an answer while they are switched', async () => {
      await index().upsert([write('seller', 'always', { name: 'Always' })])
      for (let round = 0; round < 3; round++) {
        const next = await index().newGeneration()
        await next.upsert([write('seller', 'always', { name: 'Always' })])
        let switched = false
        const asking = (async () => {
          while (!switched) {
            assert.deepEqual((await index().getMany('seller', ['always'])).map((found) => found?.id), ['always'])
            // An answer from memory leaves the event loop no turn, and the switch needs some.
            await new Promise(setImmediate)
          }
        })()
        // Lets the questions begin before the switch, and go on through it.
        await index().getMany('seller', ['always'])
        await next.activate()
        switched = true
        await asking
      }
    })
  })
}
