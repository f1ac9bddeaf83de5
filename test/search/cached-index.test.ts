import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { EntityKey } from '../../events/entity.ts'
import type { EntityChanged } from '../../ingest/changes.ts'
import { CachedIndex } from '../../search/cached-index.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import { fieldOf, type AnyFields, type FieldValue } from '../../search/entities.ts'
import type { EntityIndex, StoredEntity } from '../../search/entity-index.ts'

type Change = Parameters<CachedIndex['announced']>[0] & Pick<EntityChanged, 'operation'>

const change = (id: string, revision: number, changed: EntityChanged['changed'], after: AnyFields | null, operation: Change['operation'] = 'updated'): Change =>
  ({ entity: `livestream:${id}`, operation, revision, changed, after, eventTime: revision, appliedAt: revision })

/** An index that counts what it is asked and answers when it is told to, as of when it was asked. */
async function countedIndex() {
  const index = await openEmbeddedIndex({ directory: null })
  const asked: string[][] = []
  let answering: Promise<void> | undefined
  const getMany: EntityIndex['getMany'] = async (kind, ids, options) => {
    asked.push([...ids])
    const answer = await index.getMany(kind, ids, options)
    await answering
    return answer
  }
  const counted: EntityIndex = new Proxy(index, {
    get: (target, name) => {
      const value: unknown = name === 'getMany' ? getMany : Reflect.get(target, name)
      return typeof value === 'function' ? value.bind(target) as unknown : value
    },
  })
  return {
    index, asked, counted,
    /** Answers wait until the returned function is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>()
      answering = promise
      return resolve
    },
    put: (id: string, revision: number, fields: Record<string, FieldValue | null>, vectors?: Record<string, Float32Array | null>) =>
      index.upsert([{ kind: 'livestream', id, fields, vectors, revision, eventTime: revision, appliedAt: revision }]),
    [Symbol.asyncDispose]: () => index.close(),
  }
}

async function cached(maxBytes = 1_000_000) {
  const parts = await countedIndex()
  const cache = new CachedIndex(parts.counted, { maxBytes })
  cache.follow()
  const title = async (id: string) => (await cache.getMany('livestream', [id]))[0]?.fields.title
  return { ...parts, cache, title }
}

const v = (...values: number[]): Float32Array => Float32Array.from(values)

describe('a cached index', () => {
  test('asks for an entity once, and remembers that one is not there', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'A' })
    for (let i = 0; i < 3; i++) assert.deepEqual((await it.cache.getMany('livestream', ['a', 'none', 'a'])).map((each) => each?.fields.title), ['A', undefined, 'A'])
    assert.deepEqual(it.asked, [['a', 'none']])
    await it.put('none', 1, { title: 'N' })
    it.cache.announced(change('none', 1, { title: null }, { title: 'N' }, 'created'))
    assert.equal(await it.title('none'), 'N')
  })

  test('takes a change over from its announcement, without asking', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'A', description: 'long', tags: ['x'], startedAt: 5 })
    await it.title('a')
    await it.put('a', 2, { title: 'B', tags: [] , startedAt: null })
    it.cache.announced(change('a', 2, { title: 'A', tags: ['x'], startedAt: 5 }, { title: 'B', tags: [] }))
    const [entity] = await it.cache.getMany('livestream', ['a'])
    assert.deepEqual(entity, (await it.index.getMany('livestream', ['a']))[0])
    assert.equal(it.asked.length, 1)
  })

  test('asks again after a change of what announcements do not hold', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'A', description: 'old' })
    await it.title('a')
    await it.put('a', 2, { description: 'new' })
    it.cache.announced(change('a', 2, { description: 'old' }, { title: 'A' }))
    assert.equal((await it.cache.getMany('livestream', ['a']))[0]?.fields.description, 'new')
  })

  test('does not go back to an earlier change than what it has read', async () => {
    await using it = await cached()
    await it.put('a', 3, { title: 'third' })
    await it.title('a')
    it.cache.announced(change('a', 2, { title: 'first' }, { title: 'second' }))
    assert.equal(await it.title('a'), 'third')
  })

  test('keeps what it has read of the change that is announced afterwards, also what change records do not hold', async () => {
    await using it = await cached()
    await it.put('a', 2, { title: 'new', description: 'new' })
    const [before] = await it.cache.getMany('livestream', ['a'])
    it.cache.announced(change('a', 2, { title: 'old', description: 'old' }, { title: 'new' }))
    assert.equal((await it.cache.getMany('livestream', ['a']))[0], before)
  })

  test('asks again after a deletion', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'A' })
    await it.title('a')
    await it.index.delete([{ kind: 'livestream', id: 'a' }])
    it.cache.announced(change('a', 2, { title: 'A' }, null, 'deleted'))
    assert.equal(await it.title('a'), undefined)
  })

  test('keeps vectors by space, and forgets one that was announced', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'A' }, { one: v(1, 2), two: v(3) })
    const vectors = async (...spaces: string[]) => (await it.cache.getMany('livestream', ['a'], { withVectors: spaces }))[0]?.vectors
    assert.deepEqual(await vectors('one'), { one: v(1, 2) })
    assert.deepEqual(await vectors('two'), { two: v(3) })
    assert.deepEqual(await vectors('one', 'two'), { one: v(1, 2), two: v(3) })
    assert.equal(it.asked.length, 2)
    await it.put('a', 2, {}, { one: v(9, 9) })
    it.cache.announced(change('a', 2, { 'vector:one': null }, { title: 'A' }))
    // The new one is read at once, and whoever asks waits for that.
    assert.equal((await vectors('one'))?.one?.[0], 9)
    assert.deepEqual(await vectors('one', 'two'), { one: v(9, 9), two: v(3) })
    assert.equal(it.asked.length, 3)
    assert.deepEqual(await vectors('none'), {})
  })

  test('reads new vectors ahead of requests, a few at a time', async () => {
    await using it = await cached()
    const ids = Array.from({ length: 10 }, (_, i) => `l-${i}`)
    for (const id of ids) await it.put(id, 1, { title: id }, { one: v(1) })
    await it.cache.getMany('livestream', ids, { withVectors: ['one'] })
    for (let round = 2; round < 4; round++) {
      const before = it.asked.length
      for (const id of ids) it.cache.announced(change(id, round, { 'vector:one': null }, { title: id }))
      for (let i = 0; i < 20; i++) await Promise.resolve()
      assert.equal(it.asked.length - before, 4)
      await it.cache.getMany('livestream', ids, { withVectors: ['one'] })
      assert.equal(it.asked.at(-1)?.length, 6)
    }
  })

  test('does not keep an answer in whose time the entity changed', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'old' })
    const release = it.hold()
    const early = it.title('a')
    // The question has reached the index before the write.
    while (it.asked.length === 0) await Promise.resolve()
    await Promise.resolve()
    await it.put('a', 2, { title: 'new' })
    it.cache.announced(change('a', 2, { title: 'old' }, { title: 'new' }))
    const late = it.title('a')
    release()
    assert.deepEqual([await early, await late, await it.title('a')], ['old', 'new', 'new'])
  })

  test('shares a question under way, which the end of the request that asked first does not end', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'A' })
    const release = it.hold()
    const leaving = new AbortController()
    const first = it.cache.getMany('livestream', ['a'], { signal: leaving.signal })
    const second = it.title('a')
    leaving.abort(new Error('the client has left'))
    await assert.rejects(first, /has left/)
    release()
    assert.equal(await second, 'A')
    assert.equal(it.asked.length, 1)
  })

  test('remembers no failure', async () => {
    await using it = await cached()
    const cache = new CachedIndex(new Proxy(it.counted, {
      get: (target, name) => (name === 'getMany' && it.asked.length === 0
        ? () => { it.asked.push([]); return Promise.reject(new Error('away')) } : Reflect.get(target, name) as unknown),
    }), { maxBytes: 1_000 })
    cache.follow()
    await assert.rejects(cache.getMany('livestream', ['a']), /away/)
    assert.deepEqual(await cache.getMany('livestream', ['a']), [null])
  })

  test('keeps no more bytes than allowed, those that were used last', async () => {
    await using it = await cached(20_000)
    const ids = Array.from({ length: 30 }, (_, i) => `l-${i}`)
    for (const id of ids) await it.put(id, 1, { title: 'x'.repeat(400) })
    await it.title('l-0')
    for (const id of ids.slice(1)) {
      await it.title(id)
      await it.title('l-0')
      assert.ok(it.cache.bytes <= 20_000 && it.cache.bytes > 0)
    }
    const before = it.asked.length
    await it.title('l-0')
    await it.title('l-29')
    assert.equal(it.asked.length, before)
    await it.title('l-1')
    assert.equal(it.asked.length, before + 1)
    it.cache.forget()
    assert.equal(it.cache.bytes, 0)
  })

  test('hands out nothing by which one request could change another\'s answer', async () => {
    await using it = await cached()
    await it.put('a', 1, { title: 'A', tags: ['x'] }, { one: v(1) })
    const read = async () => (await it.cache.getMany('livestream', ['a'], { withVectors: ['one'] }))[0] as StoredEntity
    const entity = await read()
    assert.throws(() => { (entity.fields as Record<string, unknown>).title = 'B' }, TypeError)
    assert.throws(() => (entity.fields.tags as string[]).push('y'), TypeError)
    ;(entity.vectors?.one as Float32Array)[0] = 7
    assert.deepEqual((await read()).vectors, { one: v(1) })
  })

  test('asks each time before it follows, after it has ceased to, and once more when another generation serves', async () => {
    await using it = await cached()
    const cache = new CachedIndex(it.counted, { maxBytes: 1_000_000 })
    const count = async () => {
      const before = it.asked.length
      await cache.getMany('livestream', ['a'])
      return it.asked.length - before
    }
    assert.deepEqual([await count(), await count()], [1, 1])
    cache.follow()
    assert.deepEqual([await count(), await count()], [1, 0])
    await cache.stats()
    await count()
    await cache.stats()
    assert.equal(await count(), 0)
    const generation = await it.index.newGeneration()
    await generation.activate()
    await cache.stats()
    assert.equal(await count(), 1)
    cache.unfollow()
    assert.deepEqual([await count(), await count()], [1, 1])
  })

  /**
   * One writer writes and announces, in order, now at once and now later; readers ask at any moment, and the index answers
   * when it likes. Field values count the writes, so an answer says how old it is.
   */
  test('never answers with less than what was announced before the question', async () => {
    const step = fc.oneof(
      fc.record({ do: fc.constant('write' as const), id: fc.nat(2), field: fc.constantFrom('title', 'description', 'vector', 'delete') }),
      fc.record({ do: fc.constant('announce' as const) }),
      fc.record({ do: fc.constant('read' as const), id: fc.nat(2), vectors: fc.boolean() }),
      fc.record({ do: fc.constant('answer' as const) }),
      fc.record({ do: fc.constant('forget' as const) }),
    )
    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), fc.constantFrom(2_000, 1_000_000), async (steps, maxBytes) => {
      await using it = await cached(maxBytes)
      let release = it.hold()
      const waiting: Change[] = []
      /** By entity and field: the number of the last write that was announced; 0 after a deletion. */
      const announced = new Map<string, Map<string, number>>()
      const state = new Map<string, { fields: Record<string, string>; vector: number; revision: number }>()
      const checks: Promise<void>[] = []
      let writes = 0
      for (const each of steps) {
        if (each.do === 'write') {
          const id = `l-${each.id}`
          const key: EntityKey = `livestream:${id}`
          const former = state.get(id)
          const at = String(++writes).padStart(4, '0')
          const revision = (former?.revision ?? 0) + 1
          if (each.field === 'delete') {
            await it.index.delete([{ kind: 'livestream', id }])
            state.set(id, { fields: {}, vector: 0, revision })
            waiting.push({ ...change(id, revision, {}, null, 'deleted'), entity: key })
            continue
          }
          const there = former && Object.keys(former.fields).length > 0
          const fields: Record<string, string> = there ? { ...former.fields } : { title: at }
          let vector = former?.vector ?? 0
          if (each.field === 'vector') vector = writes
          else fields[each.field] = at
          const name = each.field === 'vector' ? 'vector:one' : each.field
          await it.put(id, revision, fields, each.field === 'vector' ? { one: v(writes) } : undefined)
          state.set(id, { fields, vector, revision })
          const after = Object.fromEntries(Object.entries(fields).filter(([field]) => fieldOf('livestream', field)?.orderable))
          waiting.push(change(id, revision, { [name]: null }, after, there ? 'updated' : 'created'))
          waiting.at(-1)!.appliedAt = writes
        } else if (each.do === 'announce') {
          const next = waiting.shift()
          if (!next) continue
          it.cache.announced(next)
          const known = next.operation === 'deleted' ? new Map<string, number>() : new Map(announced.get(next.entity))
          if (next.operation !== 'deleted') {
            known.set('title', Math.max(known.get('title') ?? 0, Number(next.after?.title ?? 0)))
            for (const name in next.changed) known.set(name, next.appliedAt)
          }
          announced.set(next.entity, known)
        } else if (each.do === 'read') {
          const id = `l-${each.id}`
          const expected = new Map(announced.get(`livestream:${id}`))
          const deletedLater = () => state.get(id) === undefined || Object.keys(state.get(id)!.fields).length === 0
            || waiting.some(({ entity, operation }) => entity === `livestream:${id}` && operation !== 'updated')
          const asking = it.cache.getMany('livestream', [id], each.vectors ? { withVectors: ['one'] } : {})
          const changesSoon = deletedLater()
          checks.push(asking.then(([entity]) => {
            if (changesSoon || !entity) return
            for (const [field, at] of expected) {
              if (field === 'vector:one' && !each.vectors) continue
              const got = field === 'vector:one' ? entity.vectors?.one?.[0] : Number(entity.fields[field] ?? 0)
              assert.ok((got ?? 0) >= at, `${field} of ${id} was ${got}, announced was ${at}`)
            }
          }))
          // The question reaches the index now; its answer may come later.
          for (let i = 0; i < 5; i++) await Promise.resolve()
        } else if (each.do === 'answer') {
          release()
          for (let i = 0; i < 10; i++) await Promise.resolve()
          release = it.hold()
        } else it.cache.forget()
      }
      release()
      await Promise.all(checks)
      // At rest, with everything announced, it says what the index says.
      for (const next of waiting) it.cache.announced(next)
      for (const id of ['l-0', 'l-1', 'l-2']) {
        const [mine] = await it.cache.getMany('livestream', [id], { withVectors: ['one'] })
        const [its] = await it.index.getMany('livestream', [id], { withVectors: ['one'] })
        assert.deepEqual([mine?.fields, mine?.vectors], [its?.fields, its?.vectors])
      }
    }), { numRuns: 300 })
  })
})
