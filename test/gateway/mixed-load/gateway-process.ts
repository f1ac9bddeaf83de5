import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the gateway's process tells. */
export interface Told {
  url?: string
  said?: string
  paused?: { from: number; to: number }
  memory?: { heapUsed: number; rss: number }
  resources?: string[]
}

/** A gateway in a process of its own (`gateway.ts`), asked and told by messages. */
export class GatewayProcess {
  readonly child: ChildProcess
  readonly #waiting: ((told: Told) => void)[] = []
  readonly exited: Promise<number | null>

  constructor(settings: string, env: Record<string, string>, onTold: (told: Told) => void) {
    this.child = fork(join(import.meta.dirname, 'gateway.ts'), [settings], {
      execArgv: ['--max-semi-space-size=16', '--expose-gc'], env: { ...process.env, ...env }, stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    this.exited = once(this.child, 'exit').then(([code]: (number | null)[]) => code ?? null)
    this.child.on('message', (told: Told) => {
      if (told.said !== undefined || told.paused) return onTold(told)
      this.#waiting.shift()?.(told)
    })
  }

  told(): Promise<Told> {
    return Promise.race([
      new Promise<Told>((resolve) => this.#waiting.push(resolve)),
      this.exited.then((code) => { throw new Error(`the gateway's process has ended with ${code}`) }),
    ])
  }

  ask(ask: 'memory' | 'snapshot' | 'end', path?: string): Promise<Told> {
    const told = this.told()
    this.child.send({ ask, path })
    return told
  }

  /** Resident memory of its children, MiB. */
  get plannerRss(): number {
    let sum = 0
    for (const entry of readdirSync('/proc')) {
      if (!/^\d+$/.test(entry)) continue
      try {
        const status = readFileSync(`/proc/${entry}/status`, 'latin1')
        if (Number(/^PPid:\s+(\d+)/m.exec(status)?.[1]) === this.child.pid) sum += Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024
      } catch {
        // It has ended meanwhile.
      }
    }
    return sum
  }
}
