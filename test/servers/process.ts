import { spawn } from 'node:child_process'
import type { ChildProcess, ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { setTimeout as delay } from 'node:timers/promises'
import type { Order } from './watchdog.ts'

let watchdog: ChildProcessByStdio<Writable, null, null> | undefined

/** Started with the first server of this process; detached, so that a Ctrl-C for the terminal's group leaves it its work. */
function tell(order: Order): void {
  if (watchdog === undefined) {
    const script = fileURLToPath(new URL('watchdog.ts', import.meta.url))
    watchdog = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
    watchdog.unref()
    // A pipe to a child is a socket, though its type does not say so; it must not keep this process alive either.
    if (watchdog.stdin instanceof Socket) watchdog.stdin.unref()
  }
  watchdog.stdin.write(`${JSON.stringify(order)}\n`)
}

/** A directory of its own below the system's temporary one; it goes when it is disposed of or when this process ends. */
export function temporaryDirectory(name: string): { path: string } & AsyncDisposable {
  const path = mkdtempSync(join(tmpdir(), `freshet-${name}-`))
  tell({ keep: 'directory', path })
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      await rm(path, { recursive: true, force: true, maxRetries: 5 })
      tell({ forget: path })
    },
  }
}

export interface Command {
  /** For messages: "kafka broker 1". */
  name: string
  program: string
  args: string[]
  env?: NodeJS.ProcessEnv
  /** Where standard output and standard error are appended. */
  log: string
}

/** A server as a child process that never outlives this one. */
export class ServerProcess {
  readonly #command: Command
  readonly #child: ChildProcess
  readonly #exited: Promise<void>

  constructor(command: Command) {
    this.#command = command
    const log = openSync(command.log, 'a')
    this.#child = spawn(command.program, command.args, { env: command.env ?? process.env, stdio: ['ignore', log, log] })
    closeSync(log)
    const { pid } = this.#child
    if (pid !== undefined) tell({ keep: 'process', pid })
    // A server left running must not keep a test process alive; the watchdog ends it.
    this.#child.unref()
    this.#exited = once(this.#child, 'exit').then(() => {}, () => {}).then(() => {
      if (pid !== undefined) tell({ forget: pid })
    })
  }

  get running(): boolean {
    return this.#child.pid !== undefined && this.#child.exitCode === null && this.#child.signalCode === null
  }

  /** The last part of what it printed. */
  get output(): string {
    return readFileSync(this.#command.log, 'utf8').slice(-4_000)
  }

  /**
   * Resolves when `answers` does so with true.
   * @throws ServerFailed when the process ends first or has not answered after `limit` milliseconds (it is killed then)
   */
  async ready(answers: () => Promise<boolean>, limit: number): Promise<void> {
    const deadline = performance.now() + limit
    while (this.running) {
      if (await answers()) return
      if (performance.now() > deadline) {
        await this.end('SIGKILL')
        throw new ServerFailed(`${this.#command.name} did not answer within ${limit / 1000} s`, this.output)
      }
      // A foreign server announces nothing that all of them share: it is asked until it answers.
      await delay(50)
    }
    throw new ServerFailed(`${this.#command.name} ended before it answered`, this.output)
  }

  /** Sends a signal and waits for the end of the process. */
  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!this.running) return
    this.#child.ref()
    this.#child.kill(signal)
    await this.#exited
  }
}

/** A server that did not come up; the message ends with its last output. */
export class ServerFailed extends Error {
  override readonly name = 'ServerFailed'
  /** Another process took a port between the search for a free one and the server's bind. */
  readonly addressInUse: boolean

  constructor(what: string, output: string) {
    super(`${what}. Its last output:\n${output}`)
    this.addressInUse = /address already in use/i.test(output)
  }
}

/** Starts with fresh ports again when another process took one first, which only the bind itself can tell. */
export async function onFreePorts<Server>(start: () => Promise<Server>): Promise<Server> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await start()
    } catch (error) {
      if (!(error instanceof ServerFailed && error.addressInUse) || attempts === 5) throw error
      console.error(`freshet tests: a port was taken meanwhile; starting again on others (attempt ${attempts + 1} of 5)`)
    }
  }
}

/** Runs a command of an installation to its end. @throws with its output when it fails */
export async function run(program: string, args: string[], options: { env?: NodeJS.ProcessEnv; cwd?: string } = {}): Promise<string> {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  const { pid } = child
  if (pid !== undefined) tell({ keep: 'process', pid })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text })
  const [code] = await once(child, 'close') as [number | null]
  if (pid !== undefined) tell({ forget: pid })
  if (code !== 0) throw new Error(`\`${program} ${args.join(' ')}\` failed (${code}). Its output:\n${output.slice(-8_000)}`)
  return output
}
