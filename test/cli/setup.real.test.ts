import assert from 'node:assert/strict'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryDirectory } from '../servers/process.ts'
import { root, runProgram, type Ended } from './program.ts'

/** A checkout that has `scripts/setup.js` and a lockfile, and an `npm` that notes how it was called and installs a Node. */
async function checkout(folder: string, { installs = process.execPath, fails = false }: { installs?: string | null; fails?: boolean } = {}) {
  const at = (...parts: string[]): string => join(folder, ...parts)
  for (const path of ['scripts', 'bin']) await mkdir(at(path))
  await copyFile(join(root, 'scripts/setup.js'), at('scripts/setup.js'))
  await writeFile(at('package.json'), '{"type":"module"}')
  await writeFile(at('package-lock.json'), '{"lockfileVersion":3}')
  await writeFile(at('bin/npm'), `#!/bin/sh
echo "$@" >> '${at('called')}'
${fails ? "echo 'npm error: the registry is away' >&2; exit 7" : `rm -rf node_modules; mkdir -p node_modules/.bin
${installs === null ? '' : `ln -s '${installs}' node_modules/.bin/node`}`}
`, { mode: 0o755 })
  const setup = (): Promise<Ended> => runProgram([], {
    cwd: folder, command: [process.execPath, at('scripts/setup.js')], env: { PATH: `${at('bin')}:${process.env['PATH']}` },
  })
  const calls = async (): Promise<string[]> =>
    existsSync(at('called')) ? (await readFile(at('called'), 'utf8')).trimEnd().split('\n') : []
  return { at, setup, calls }
}

describe('scripts/setup.js', { timeout: 60_000, skip: process.platform === 'win32' && 'npm stands in as a shell script' }, () => {
  test('installs once, and again only when the lockfile or what is installed is another', async () => {
    await using folder = temporaryDirectory('setup')
    const { at, setup, calls } = await checkout(folder.path)
    const first = await setup()
    assert.equal(first.code, 0)
    assert.match(first.stderr, /^freshet: installing the locked dependencies/)
    assert.equal(first.stdout, '', 'standard output belongs to the command that follows')
    assert.deepEqual(await calls(), ['ci --no-audit --no-fund --loglevel=error'])

    const second = await setup()
    assert.deepEqual({ code: second.code, said: second.stderr }, { code: 0, said: '' })
    assert.equal((await calls()).length, 1, 'nothing is installed where nothing has changed')

    await writeFile(at('package-lock.json'), '{"lockfileVersion":3,"packages":{}}')
    assert.equal((await setup()).code, 0)
    assert.equal((await calls()).length, 2, 'another lockfile')

    await rm(at('node_modules'), { recursive: true })
    assert.equal((await setup()).code, 0)
    assert.equal((await calls()).length, 3, 'nothing is there any more')
  })

  test('ends as npm ended when that failed, and tries again the next time', async () => {
    await using folder = temporaryDirectory('setup')
    const { setup, calls } = await checkout(folder.path, { fails: true })
    for (const attempt of [1, 2]) {
      const { code, stderr } = await setup()
      assert.equal(code, 7)
      assert.match(stderr, /npm error: the registry is away[\s\S]*freshet: `npm ci` failed; its own words are above/)
      assert.equal((await calls()).length, attempt)
    }
  })

  test('says so when the Node that came is too old', async () => {
    await using folder = temporaryDirectory('setup')
    const { at, setup } = await checkout(folder.path, { installs: join(folder.path, 'bin', 'old-node') })
    await writeFile(at('bin/old-node'), '#!/bin/sh\necho v22.1.0\n', { mode: 0o755 })
    const { code, stderr } = await setup()
    assert.equal(code, 1)
    assert.match(stderr, /^freshet: expected Node ≥ 24 in node_modules\/\.bin, found v22\.1\.0\.$/m)
    assert.ok(!existsSync(at('node_modules/.freshet-lock')), 'the next start tries again')
  })

  test('does without a packaged Node where the one that runs it is new enough', async () => {
    await using folder = temporaryDirectory('setup')
    const { at, setup } = await checkout(folder.path, { installs: null })
    const { code } = await setup()
    assert.equal(code, 0)
    assert.ok(existsSync(at('node_modules/.freshet-lock')))
  })
})
