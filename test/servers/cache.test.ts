import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { installOnce, isInstalled } from './cache.ts'
import { temporaryDirectory } from './process.ts'

const directory = temporaryDirectory('cache')
const former = process.env['FRESHET_CACHE_DIR']

/** Tells each installation in a file, and needs a moment for it. */
const installer = `
  import { appendFileSync, writeFileSync } from 'node:fs'
  import { installOnce } from ${JSON.stringify(new URL('cache.ts', import.meta.url).href)}
  const entry = await installOnce('once', async (directory) => {
    appendFileSync(process.env.FRESHET_CACHE_DIR + '/installations', 'x')
    for (let file = 0; file < 200; file++) writeFileSync(directory + '/' + file, '')
  })
  process.stdout.write(entry)
`

describe('what is kept for all clones of a machine', () => {
  before(() => { process.env['FRESHET_CACHE_DIR'] = directory.path })
  after(async () => {
    if (former === undefined) delete process.env['FRESHET_CACHE_DIR']
    else process.env['FRESHET_CACHE_DIR'] = former
    await directory[Symbol.asyncDispose]()
  })

  test('processes that install at the same time install once, and none sees half of it', { timeout: 30_000 }, async () => {
    await Promise.all(Array.from({ length: 4 }, async () => {
      const child = spawn(process.execPath, ['--input-type=module-typescript', '-e', installer], { stdio: ['ignore', 'pipe', 'ignore'] })
      let files = -1
      child.stdout.on('data', (entry: Buffer) => { files = readdirSync(String(entry)).length })
      await once(child, 'close')
      assert.equal(files, 200)
    }))
    assert.equal(readFileSync(join(directory.path, 'installations'), 'utf8'), 'x')
  })

  test('an installation that fails leaves nothing that looks installed, and the next one starts afresh', async () => {
    await assert.rejects(installOnce('broken', async (partial) => {
      writeFileSync(join(partial, 'half'), '')
      throw new Error('the network went away')
    }), /the network went away/)
    assert.equal(isInstalled('broken'), false)
    const entry = await installOnce('broken', async (partial) => {
      assert.deepEqual(readdirSync(partial), [])
      mkdirSync(join(partial, 'whole'))
    })
    assert.ok(existsSync(join(entry, 'whole')))
  })
})
