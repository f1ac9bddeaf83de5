import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, cp, mkdtemp, readdir, readFile, rm, stat, symlink, truncate, writeFile } from 'node:fs/promises'
import { existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import fc from 'fast-check'
import type { AnyFields, FieldValue } from '../../../search/entities.ts'
import { IndexUnavailableError, type EntityIndex } from '../../../search/entity-index.ts'
import { openEmbeddedIndex } from '../../../search/embedded.ts'
import { idsOf, write } from '../contract/fixture.ts'

let directory: string
const opened: EntityIndex[] = []

async function open(at = directory): Promise<EntityIndex> {
  const index = await openEmbeddedIndex({ directory: at })
  opened.push(index)
  return index
}

const copyOf = (path: string): string => `${path}-copy`

/** For the tests of one suite only: other files may share this process. */
function eachInItsOwnDirectory(): void {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'freshet-index-'))
  })
  afterEach(async () => {
    for (const index of opened.splice(0)) await index.close().catch(() => {})
    for (const path of [directory, copyOf(directory)]) await rm(path, { recursive: true, force: true })
  })
}

/** What a crash now would leave: a copy of the directory as it is on disk. */
async function afterCrash(): Promise<EntityIndex> {
  const copy = copyOf(directory)
  await rm(copy, { recursive: true, force: true })
  await cp(directory, copy, { recursive: true })
  await rm(join(copy, 'lock'), { force: true })
  return open(copy)
}

const names = async (index: EntityIndex): Promise<string[]> => idsOf((await index.query({ kind: 'user', limit: 1000 })).hits)
const user = (id: string, fields: AnyFields = { name: id }) => write('user', id, fields)
const log = (): string => join(directory, 'g1', '1.log')

describe('the embedded index on disk', () => {
  eachInItsOwnDirectory()
  it('comes back as it was closed: fields, vectors, stamps, texts, spaces', async () => {
    const vector = Float32Array.of(0.5, -0.25, 3, 0)
    const written = write('seller', 's:1', { name: 'Größe', categories: ['a', 'b'], verified: false, rating: 0.1 }, { 'space-b': vector })
    const first = await open()
    await first.upsert([written, user('u1'), user('u2')])
    await first.delete([{ kind: 'user', id: 'u1' }])
    await first.close()
    const again = await open()
    assert.deepEqual(await again.getMany('seller', ['s:1'], { withVectors: ['space-b'] }), [{
      kind: 'seller', id: 's:1', fields: written.fields, revision: written.revision, eventTime: written.eventTime,
      appliedAt: written.appliedAt, vectors: { 'space-b': vector },
    }])
    assert.deepEqual(await names(again), ['u2'])
    assert.deepEqual((await again.stats()).spaces, { 'space-b': 4 })
    const { hits } = await again.query({ kind: 'seller', limit: 5, hybrid: { text: 'GRÖSSE größe', alpha: 0, fusion: 'ranked' } })
    assert.deepEqual(idsOf(hits), ['s:1'])
  })

  it('has after a crash what was flushed, and may lack what was not', async () => {
    const index = await open()
    await index.upsert([user('kept')])
    await index.flush()
    await index.upsert([user('lost')])
    assert.deepEqual(await names(await afterCrash()), ['kept'])
  })

  it('writes nothing where nothing changed, and an unchanged vector not again', async () => {
    const index = await open()
    await index.upsert([write('user', 'u', { name: 'U' }, { big: new Float32Array(1000).fill(1) })])
    await index.flush()
    const { size } = await stat(log())
    await index.flush()
    assert.equal((await stat(log())).size, size)
    await index.upsert([user('u', { country: 'DE' })])
    await index.flush()
    const grown = (await stat(log())).size - size
    assert.ok(grown > 0 && grown < 500, `${grown} bytes`)
  })

  it('drops a torn tail wherever it was cut, and goes on from there', async () => {
    const index = await open()
    await index.upsert([user('one')])
    await index.flush()
    const whole = (await stat(log())).size
    await index.upsert([write('user', 'two', { name: 'two' }, { v: new Float32Array(20).fill(2) })])
    await index.close()
    const bytes = await readFile(log())
    for (let size = whole; size < bytes.length; size += 7) {
      await writeFile(log(), bytes.subarray(0, size))
      const cut = await open()
      assert.deepEqual(await names(cut), ['one'], `cut at ${size} of ${bytes.length}`)
      await cut.upsert([user('three')])
      await cut.close()
      const next = await open()
      assert.deepEqual(await names(next), ['one', 'three'])
      await next.close()
    }
  })

  it('drops a tail that was written wrong', async () => {
    const index = await open()
    await index.upsert([user('one')])
    await index.flush()
    const whole = (await stat(log())).size
    await index.upsert([user('two')])
    await index.close()
    const bytes = await readFile(log())
    for (const at of [whole, whole + 5, whole + 9, whole + 17, whole + 40, bytes.length - 2]) {
      const wrong = Buffer.from(bytes)
      wrong[at]! ^= 0x10
      await writeFile(log(), wrong)
      const next = await open()
      assert.deepEqual(await names(next), ['one'], `byte ${at}`)
      await next.close()
    }
    await writeFile(log(), bytes)
    await appendFile(log(), Buffer.alloc(100))
    assert.deepEqual(await names(await open()), ['one', 'two'])
  })

  it('says that a damaged directory must be rebuilt', async () => {
    await (await open()).close()
    for (const [file, content] of [['current.json', '{'], ['current.json', '{"version":9}'], ['g1/segments.json', '[]']] as const) {
      const path = join(directory, file)
      const before = await readFile(path)
      await writeFile(path, content)
      await assert.rejects(open(), (error) => error instanceof IndexUnavailableError && /Remove the directory of the index: the next start fills it anew/.test(error.message))
      await writeFile(path, before)
    }
    await (await open()).close()
  })

  it('compacts when most of the files is outdated, and keeps what is written meanwhile', async () => {
    const index = await open()
    const text = 'x'.repeat(3000)
    const round = async (n: number): Promise<void> => {
      await index.upsert(Array.from({ length: 400 }, (_, at) => write('livestream', `l-${at}`, { description: `${text}${n}`, currentBid: n })))
      await index.upsert([user(`u-${n}`)])
      await index.delete([{ kind: 'user', id: `u-${n - 3}` }])
      await index.flush()
    }
    let n = 0
    const base = async (): Promise<boolean> => {
      const { segments } = JSON.parse(await readFile(join(directory, 'g1', 'segments.json'), 'utf8')) as { segments: string[] }
      return segments[0]!.endsWith('.base')
    }
    while (!await base()) {
      await round(++n)
      assert.ok(n < 200, 'no compaction')
    }
    await round(++n)
    await index.upsert([user('unflushed')])
    const copy = await afterCrash()
    const { hits } = await copy.query({ kind: 'livestream', limit: 1000 })
    assert.equal(hits.length, 400)
    assert.ok(hits.every(({ entity }) => entity.fields.currentBid === n && entity.fields.description === `${text}${n}`))
    assert.deepEqual(await names(copy), [n - 2, n - 1, n].map((at) => `u-${at}`).sort())
    await index.close()
    const files = await readdir(join(directory, 'g1'))
    let bytes = 0
    for (const file of files) bytes += (await stat(join(directory, 'g1', file))).size
    assert.ok(bytes < 20 * 1024 * 1024, `${bytes} bytes in ${files.join(', ')}`)
  })

  it('refuses damage in a segment that no crash can have cut', async () => {
    const index = await open()
    await index.upsert([user('one')])
    await index.close()
    await writeFile(join(directory, 'g1', 'segments.json'), JSON.stringify({ version: 1, segments: ['1.log', '2.log'] }))
    await writeFile(join(directory, 'g1', '2.log'), '')
    const again = await open()
    assert.deepEqual(await names(again), ['one'])
    await again.close()
    await truncate(log(), (await stat(log())).size - 1)
    await assert.rejects(open(), /1\.log is damaged at byte 0 of \d+/)
  })

  it('tells of a full disk at every flush, and loses no change by it', { skip: !existsSync('/dev/full') && 'needs /dev/full' }, async () => {
    await (await open()).close()
    await rm(log())
    await symlink('/dev/full', log())
    const index = await open()
    await index.upsert([user('one')])
    await assert.rejects(index.flush(), { code: 'ENOSPC' })
    await assert.rejects(index.flush())
    assert.deepEqual(await names(index), ['one'])
    await rm(log())
    await writeFile(log(), '')
    await index.upsert([user('two')])
    await index.flush()
    assert.deepEqual(await names(await afterCrash()), ['one', 'two'])
  })

  it('takes what it has read for no change: an id that was deleted and came again stays', async () => {
    const first = await open()
    for (const step of [() => first.upsert([user('u')]), () => first.delete([{ kind: 'user', id: 'u' }]), () => first.upsert([user('u')])]) {
      await step()
      await first.flush()
    }
    await first.close()
    const second = await open()
    await second.upsert([user('other')])
    await second.close()
    assert.deepEqual(await names(await open()), ['other', 'u'])
  })

  it('builds its text index when it is first asked, while writes go on', async () => {
    const first = await open()
    await first.upsert(Array.from({ length: 1000 }, (_, n) => write('seller', `s-${n}`, { name: `Seller number${n}`, description: 'common' })))
    await first.close()
    const index = await open()
    const find = async (text: string) => idsOf((await index.query({ kind: 'seller', limit: 1000, hybrid: { text, alpha: 0, fusion: 'ranked' } })).hits).sort()
    const asked = find('common')
    // The building is under way now: some of these are in it, some are not yet.
    await index.upsert([
      write('seller', 's-1', { name: 'Renamed', description: null }), write('seller', 's-998', { name: 'Renamed', description: null }),
      write('seller', 's-1000', { name: 'Late', description: 'common' }),
    ])
    await index.delete([{ kind: 'seller', id: 's-2' }, { kind: 'seller', id: 's-997' }])
    assert.equal((await asked).length, 997)
    assert.deepEqual(await find('renamed'), ['s-1', 's-998'])
    assert.deepEqual(await find('number1 number998 number2 number997 number5'), ['s-5'])
    assert.deepEqual(await find('late'), ['s-1000'])
  })

  it('gives after any history what a plain map would', async () => {
    const id = fc.constantFrom('a', 'b', 'c')
    const fields = fc.record({
      name: fc.option(fc.constantFrom('x', 'y')), interests: fc.option(fc.constantFrom(['p'], ['p', 'q'])), registeredAt: fc.option(fc.nat(9)),
    }, { requiredKeys: [] })
    const step = fc.oneof(
      { weight: 5, arbitrary: fc.record({ do: fc.constant('upsert' as const), id, fields, vector: fc.option(fc.nat(9), { nil: undefined }) }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), id }) },
      { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('flush' as const, 'crash' as const, 'reopen' as const, 'replace' as const) }) },
    )
    type State = Map<string, { fields: Record<string, FieldValue>; vector?: number }>
    const read = async (index: EntityIndex): Promise<State> => new Map((await index.query({ kind: 'user', limit: 10, withVectors: ['v'] })).hits
      .map(({ entity }) => [entity.id, { fields: { ...entity.fields }, ...(entity.vectors!.v && { vector: entity.vectors!.v[0]! }) }]))
    const inOrder = (state: State): State => new Map([...state].sort(([a], [b]) => (a < b ? -1 : 1)))

    await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      await rm(directory, { recursive: true, force: true })
      let index = await open()
      let now: State = new Map()
      let flushed: State = new Map()
      for (const action of steps) {
        if (action.do === 'upsert') {
          const entity = structuredClone(now.get(action.id) ?? { fields: {} })
          for (const [name, value] of Object.entries(action.fields)) {
            if (value === null || value === undefined) delete entity.fields[name]
            else entity.fields[name] = value
          }
          if (action.vector !== undefined) entity.vector = action.vector
          now.set(action.id, entity)
          await index.upsert([write('user', action.id, action.fields as Record<string, FieldValue | null>,
            action.vector === undefined ? undefined : { v: Float32Array.of(action.vector, 1) })])
        } else if (action.do === 'delete') {
          now.delete(action.id)
          await index.delete([{ kind: 'user', id: action.id }])
        } else if (action.do === 'flush') {
          await index.flush()
          flushed = structuredClone(now)
        } else if (action.do === 'crash') {
          const copy = await afterCrash()
          assert.deepEqual(await read(copy), inOrder(flushed))
          await copy.close()
        } else if (action.do === 'reopen') {
          await index.close()
          index = await open()
          flushed = structuredClone(now)
        } else {
          const next = await index.newGeneration()
          await next.upsert([user('a', { name: 'new' })])
          await next.activate()
          now = new Map([['a', { fields: { name: 'new' } }]])
          flushed = structuredClone(now)
        }
        assert.deepEqual(await read(index), inOrder(now))
      }
      await index.close()
    }), { numRuns: 40, seed: 1 })
  })
})

describe('the directory of the embedded index', () => {
  eachInItsOwnDirectory()
  it('belongs to one index at a time', async () => {
    const index = await open()
    await assert.rejects(open(), (error) => error instanceof IndexUnavailableError && /in use by this process.*Weaviate/s.test(error.message))
    await index.close()
    await (await open()).close()
  })

  it('is taken over from a process that has ended, also where its parent never asks for it', { skip: process.platform !== 'linux' }, async () => {
    // What the shell becomes knows of no child.
    const parent = spawn('sh', ['-c', 'sleep 60 & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'ignore'] })
    try {
      const [told] = await once(parent.stdout, 'data') as [Buffer]
      const pid = Number(told)
      const started = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')[19]
      await writeFile(join(directory, 'lock'), JSON.stringify({ pid, started }))
      await assert.rejects(open(), new RegExp(`in use by process ${pid}`))
      process.kill(pid, 'SIGKILL')
      while (!readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ')) await new Promise((resolve) => setImmediate(resolve))
      await (await open()).close()
    } finally {
      parent.kill('SIGKILL')
    }
  })

  it('keeps the generation that was activated, and none that was not', async () => {
    const index = await open()
    await index.upsert([user('old')])
    const next = await index.newGeneration()
    await next.upsert([user('new')])
    await next.activate()
    const unfinished = await index.newGeneration()
    await unfinished.upsert([user('never')])
    await unfinished.flush()
    const copy = await afterCrash()
    assert.deepEqual(await names(copy), ['new'])
    assert.equal((await copy.stats()).generation, next.name)
    assert.deepEqual((await readdir(copyOf(directory))).filter((name) => name.startsWith('g')), [next.name])
    await index.close()
    assert.deepEqual((await readdir(directory)).filter((name) => name.startsWith('g')), [next.name])
  })

  it('takes no write for a generation that is gone', async () => {
    const index = await open()
    const discarded = await index.newGeneration()
    await discarded.discard()
    const active = await index.newGeneration()
    await active.activate()
    await assert.rejects(discarded.upsert([user('u')]), /Generation g2 is gone: begin a new one/)
    await assert.rejects(discarded.activate(), IndexUnavailableError)
    await assert.rejects(active.activate(), /Generation g3 is serving already/)
    await active.upsert([user('late')])
    assert.deepEqual(await names(index), ['late'])
  })
})
