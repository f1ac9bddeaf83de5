import { fork, type ChildProcess } from 'node:child_process'
import { rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { addressOf } from '../../gateway/processes/join.ts'
import type { Begin, FromWorker, ToWorker } from './messages.ts'

/** How a process ended. */
export interface WorkerEnd {
  /** Of the process, or 128 and the number of the signal that ended it, as shells have it. */
  code: number
  /** For people: `SIGKILL`, or `code 1`. */
  how: string
  /** What it said was the reason. */
  words: string | undefined
  livedMs: number
}

const program = fileURLToPath(new URL('./worker.ts', import.meta.url))

/** One of the processes behind the port, as whoever holds the port sees it. */
export class WorkerProcess {
  readonly number: number
  readonly ended: Promise<WorkerEnd>
  /** Whether it serves. */
  open = false
  /** Whether it answers with all that was applied before it began. */
  ready = false
  readonly #child: ChildProcess
  #words: string | undefined

  constructor(begin: Begin, told: (message: FromWorker) => void, now: () => number) {
    this.number = begin.number
    const startedAt = now()
    // With what was given to Node itself for this process.
    const child = this.#child = fork(program, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    child.on('message', (message: FromWorker) => {
      if (message.kind === 'failed') this.#words = message.words
      else told(message)
    })
    this.ended = new Promise((resolve) => {
      const end = (code: number, how: string): void => {
        // A process that was killed leaves it.
        if (process.platform !== 'win32') rmSync(addressOf(begin.directory, begin.number), { force: true })
        resolve({ code, how, words: this.#words, livedMs: now() - startedAt })
      }
      // Also told where a message could not be sent, as to one that has just ended.
      child.on('error', (error) => {
        if (child.pid === undefined) end(1, error.message)
      })
      // What it said before its end has come by then.
      child.once('close', (code, signal) => end(code ?? 137, signal ?? `code ${code}`))
    })
    this.tell(begin)
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  tell(message: ToWorker): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }

  /** The connection stays open here as well until the process has it. */
  give(ticket: number, socket: Socket): void {
    if (this.#child.connected) this.#child.send({ kind: 'connection', ticket } satisfies ToWorker, socket, { keepOpen: true }, () => {})
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }
}
