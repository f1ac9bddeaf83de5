import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryDirectory } from '../servers/process.ts'
import { root } from './program.ts'

/** A program of one module, with the preload beside it. */
async function programIn(path: string, source: string): Promise<{ run(): { stdout: string; stderr: string; status: number | null } }> {
  await mkdir(join(path, 'cli'))
  await copyFile(join(root, 'cli/plain-modules.js'), join(path, 'cli/plain-modules.js'))
  await writeFile(join(path, 'package.json'), '{"type":"module"}')
  await writeFile(join(path, 'cli/one.ts'), source)
  return { run: () => spawnSync(process.execPath, ['--import', './cli/plain-modules.js', './cli/one.ts'], { cwd: path, encoding: 'utf8' }) }
}

const kept = (path: string): string => join(path, '.cache/plain-modules')

describe('modules without their types', { timeout: 60_000 }, () => {
  test('are kept for the next start, and not used once the module is another', async () => {
    await using folder = temporaryDirectory('plain')
    const { run } = await programIn(folder.path, 'const said: string = "one"\nconsole.log(said)\n')
    assert.deepEqual(run().stdout, 'one\n')
    assert.deepEqual(await readdir(kept(folder.path)), ['cli%one.ts.js'])
    const file = join(kept(folder.path), 'cli%one.ts.js')
    await writeFile(file, (await readFile(file, 'utf8')).replace('"one"', '"kept"'))
    assert.equal(run().stdout, 'kept\n', 'what is kept is what runs')
    await writeFile(join(folder.path, 'cli/one.ts'), 'const said: number = 2\nconsole.log(said)\n')
    const { stdout, stderr } = run()
    assert.equal(stdout, '2\n')
    assert.equal(stderr, '', 'nobody is warned')
    assert.equal((await readdir(kept(folder.path))).length, 1)
  })

  test('are made anew by each start where nothing can be written', async () => {
    await using folder = temporaryDirectory('plain')
    const { run } = await programIn(folder.path, 'console.log("one" as string)\n')
    // A file where the folder should be: that stops root as well.
    await writeFile(join(folder.path, '.cache'), '')
    assert.deepEqual([run().stdout, run().stdout], ['one\n', 'one\n'])
  })

  test('that are not right are left to Node, which names the file', async () => {
    await using folder = temporaryDirectory('plain')
    const { run } = await programIn(folder.path, 'enum Unerasable { One }\n')
    const { status, stderr } = run()
    assert.equal(status, 1)
    assert.match(stderr, /one\.ts/)
  })

  test('have their errors at the lines that were written', async () => {
    await using folder = temporaryDirectory('plain')
    const { run } = await programIn(folder.path, 'interface Gone {\n  a: string\n}\nconst given: Gone | undefined = undefined as Gone | undefined\ngiven!.a\n')
    assert.match(run().stderr, /one\.ts:5\b/)
    assert.match(run().stderr, /one\.ts:5\b/, 'and from the cache')
  })
})
