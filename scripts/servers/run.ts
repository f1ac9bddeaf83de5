import { once } from 'node:events'
import { relative } from 'node:path'
import { run } from 'node:test'
import { spec } from 'node:test/reporters'
import { root } from './select.ts'

export interface Counts {
  passed: number
  /** Cancelled ones included. */
  failed: number
  skipped: number
}

export interface RunOptions {
  /** How many files run at the same time. */
  concurrency: number
  /** Milliseconds for one test. */
  limit: number
  /** Ends the run and the processes of its files. */
  signal?: AbortSignal
}

/** Runs test files, each in a process of its own, and prints the report. A file without an end fails: see `Watch`. */
export async function runTests(files: string[], { concurrency, limit, signal }: RunOptions): Promise<{ counts: Counts; success: boolean }> {
  const watch = new Watch(limit + 30_000)
  const stream = run({
    files,
    concurrency,
    timeout: limit,
    signal: signal ? AbortSignal.any([signal, watch.signal]) : watch.signal,
    cwd: root,
    // kafkajs computes a negative delay, which is harmless and would be said once per process.
    execArgv: ['--disable-warning=TimeoutNegativeWarning', '--import', new URL('seed.ts', import.meta.url).href],
  })
  let counts: Counts = { passed: 0, failed: 0, skipped: 0 }
  let success = false
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

/**
 * Ends a run in which nothing happens any more: a test file whose tests have ended, but which left a socket or a timer
 * open, would otherwise wait for ever. Node's own time limit is for single tests only.
 */
class Watch {
  readonly #abort = new AbortController()
  readonly #running = new Set<string>()
  readonly #timer: NodeJS.Timeout

  constructor(silence: number) {
    this.#timer = setTimeout(() => {
      const files = [...this.#running].map((file) => relative(root, file)).join(', ')
      console.error(`\nno test has begun or ended for ${silence / 1000} s; still running, perhaps by a connection left open: ${files}`)
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

  heard(): void {
    this.#timer.refresh()
  }

  end(): void {
    clearTimeout(this.#timer)
  }
}
