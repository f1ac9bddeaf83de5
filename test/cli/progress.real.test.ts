import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryDirectory } from '../servers/process.ts'
import { applied, interrupt, monitoringOf, root, runProgram, startProgram } from './program.ts'

const event = (number: number): string => JSON.stringify({
  specversion: '1.0', id: String(number), source: '/backfill', type: 'SellerRegistered', time: '2026-01-31T12:00:00Z',
  subject: `seller:s-${number}`, data: { name: `Seller ${number}` },
})

/** util-linux's `script` gives the program a terminal, and what it writes there. */
const hasTerminal = spawnSync('script', ['-qec', 'true', '/dev/null'], { stdio: 'ignore' }).status === 0
const onTerminal = (args: readonly string[], cwd: string): ReturnType<typeof runProgram> =>
  runProgram(['-qec', `exec ${[process.execPath, join(root, 'cli/main.ts'), ...args].map((word) => `'${word}'`).join(' ')}`, '/dev/null'],
    { cwd, command: ['script'] })

/** A replay goes as far as events have been applied and announced. */
async function apply(count: number, cwd: string): Promise<void> {
  await using ingest = startProgram(['ingest'], { cwd })
  await applied(await monitoringOf(ingest), count)
  await interrupt(ingest)
}

/** What a person sees in the end: lines as carriage returns and erasures leave them. Throws on what it does not know. */
function screenOf(output: string): string[] {
  const lines = ['']
  let row = 0
  let column = 0
  for (const [token, control] of output.matchAll(/\x1b(\[[\d;?]*[A-Za-z]|.)|[^]/gu)) {
    const line = lines[row] ?? ''
    if (token === '\r' || control === '[1G') column = 0
    else if (token === '\n') lines[++row] ??= ''
    else if (control === '[0K') lines[row] = line.slice(0, column)
    else if (control === '[2K') lines[row] = ''
    else if (/^\[\d*A$/.test(control ?? '')) row -= Number(control?.slice(1, -1) || 1)
    else if (control !== undefined) throw new Error(`expected a control sequence that moves or erases, got ${JSON.stringify(token)}`)
    else {
      lines[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + token.length)
      column += token.length
    }
  }
  return lines.filter((line) => line !== '')
}

describe('progress', { timeout: 60_000 }, () => {
  const bar = (name: string, amount: string) => new RegExp(`^${name} █+ 100% \\| ${amount} of ${amount} \\| \\S+ left$`)
  const lines = (count: number) => [...Array(count).keys()].map(event)

  test('is a bar on a terminal, below what is said meanwhile', { skip: hasTerminal ? false : 'needs the program `script` of util-linux' }, async () => {
    await using folder = temporaryDirectory('cli')
    await writeFile(join(folder.path, 'events.ndjson'), lines(20_000).toSpliced(15_000, 0, '{}').toSpliced(5_000, 0, 'no json').join('\n'))
    const loaded = await onTerminal(['load', 'events.ndjson'], folder.path)
    assert.ok(loaded.stdout.split('\r').length > 4 && /█+░+ [1-9]\d?%/.test(loaded.stdout), 'it moves')
    const screen = screenOf(loaded.stdout)
    assert.match(screen[0] ?? '', /^line 5001: MALFORMED_JSON: .*line$/)
    assert.match(screen[1] ?? '', /^line 15002: INVALID_ENVELOPE: .*nothing$/)
    assert.match(screen[2] ?? '', bar('loading', '3\\.\\d MB'))
    assert.match(screen[3] ?? '', /^Appended 20000 events to the log .*; 2 lines were refused\.$/)
    assert.equal(screen.length, 4, screen.join('\n'))

    await apply(20_000, folder.path)
    const replayed = screenOf((await onTerminal(['replay'], folder.path)).stdout)
    assert.match(replayed.at(-3) ?? '', bar('reading events', '20000'))
    assert.match(replayed.at(-2) ?? '', bar('writing entities', '20000'))
    assert.match(replayed.at(-1) ?? '', /^Rebuilt 20000 entities from 20000 records/)
  })

  test('is a line per phase elsewhere, without a control character', async () => {
    await using folder = temporaryDirectory('cli')
    await writeFile(join(folder.path, 'events.ndjson'), lines(2_000).toSpliced(500, 0, 'no json').join('\n'))
    const loaded = await runProgram(['load', 'events.ndjson'], { cwd: folder.path })
    await apply(2_000, folder.path)
    const replayed = await runProgram(['replay'], { cwd: folder.path })
    const text = [loaded, replayed].map(({ stdout, stderr }) => stdout + stderr).join('')
    assert.doesNotMatch(text, /[^\n\x20-\x7e]/)
    assert.match(loaded.stdout, /^loading: 0\.3 MB\nline 501: MALFORMED_JSON: .*\nAppended 2000 events .*; 1 line was refused\.\n$/)
    assert.match(replayed.stdout, /^reading events: 2000\nwriting entities: 2000\nRebuilt 2000 entities from 2000 records.*\n$/)
  })
})
