import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { run } from 'node:test'
import { pathToFileURL } from 'node:url'
import { spec } from 'node:test/reporters'
import { root } from './select.ts'

export interface Counts {
  passed: number
  /** Cancelled ones included. */
  failed: number
  skipped: number
}

export interface Files {
  /** These share processes: starting one, and loading the same modules in each, takes longer than most unit tests do. */
  together: string[]
  /** Each of these has a process of its own. */
  alone: string[]
}

export interface RunOptions {
  /** How many processes run at the same time. */
  concurrency: number
  /** Milliseconds for one test. */
  limit: number
  /** Ends the run and the processes of its files. */
  signal?: AbortSignal
}

/** Runs test files in processes and prints the report. A process without an end fails: see `Watch`. */
export async function runTests(
  { together, alone }: Files, { concurrency, limit, signal }: RunOptions,
): Promise<{ counts: Counts; success: boolean }> {
  const watch = new Watch(limit + 30_000)
  using grouped = groups(together)
  const stream = run({
    files: [...grouped.files, ...alone],
    concurrency,
    timeout: limit,
    signal: signal ? AbortSignal.any([signal, watch.signal]) : watch.signal,
    cwd: root,
    // kafkajs computes a negative delay, which is harmless and would be said once per process.
    execArgv: ['--disable-warning=TimeoutNegativeWarning', '--import', new URL('seed.ts', import.meta.url).href],
  })
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  let success = false
  stream.on('test:start', ({ file }) => watch.heard(file))
  stream.on('test:dequeue', ({ name, nesting }) => { if (nesting === 0) watch.began(name) })
  stream.on('test:complete', ({ name, nesting }) => { if (nesting === 0) watch.ended(name); else watch.heard() })
  stream.on('test:summary', (summary) => {
    if (summary.file !== undefined) return watch.ended(summary.file)
    const { tests, passed, skipped, todo } = summary.counts
    counts = { passed, failed: tests - passed - skipped - todo, skipped: skipped + todo }
    success = summary.success
  })
  const report = stream.compose(new spec())
  report.pipe(process.stdout, { end: false })
  await once(report, 'end')
  watch.end()
  return { counts, success }
}

const mostTogether = 100

/**
 * Files which import many of the given ones. Dealt out by turns, as neighbours are alike in what they take. What a file does outside of
 * its suites (hooks, settings) is done to all of its group. A file that cannot be loaded fails by its name, beside the others.
 */
function groups(files: string[]): { files: string[] } & Disposable {
  const count = Math.ceil(files.length / mostTogether)
  const directory = mkdtempSync(join(tmpdir(), 'freshet-tests-'))
  const written = Array.from({ length: count }, (_, group) => {
    const members = files.filter((_file, place) => place % count === group)
    const path = join(directory, `group-${group + 1}.mjs`)
    writeFileSync(path, [
      "import { test } from 'node:test'",
      ...members.map((file) => `await import(${JSON.stringify(pathToFileURL(file).href)})` +
        `.catch((error) => test(${JSON.stringify(relative(root, file))}, () => { throw error }))`),
      '',
    ].join('\n'))
    return path
  })
  return { files: written, [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }) }
}

/**
 * Ends a run in which nothing happens any more: a test file whose tests have ended, but which left a socket or a timer
 * open, would otherwise wait for ever. Node's own time limit is for single tests only.
 */
class Watch {
  readonly #abort = new AbortController()
  readonly #running = new Set<string>()
  readonly #timer: NodeJS.Timeout
  #last = ''

  constructor(silence: number) {
    this.#timer = setTimeout(() => {
      const files = [...this.#running].map((file) => relative(root, file)).join(', ')
      console.error(`\nno test has begun or ended for ${silence / 1000} s; still running, perhaps by a connection left open: ${files}` +
        (this.#last && `; the last test to begin is of ${relative(root, this.#last)}`))
      this.#abort.abort()
    }, silence)
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  began(file: string): void {
    this.#running.add(file)
    this.heard()
  }

  ended(file: string): void {
    this.#running.delete(file)
    this.heard()
  }

  /** @param file of a test that began */
  heard(file?: string): void {
    this.#last = file ?? this.#last
    this.#timer.refresh()
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
