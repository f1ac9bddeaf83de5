import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { remotes, type Remote } from './market.ts'

interface Span {
  from: number
  /** Absent: it is away. */
  to?: number
}

/** After it is back, calls that began before may still fail, and those that joined them. */
const graceMs = 1_500

/** A remote subgraph that is killed, or stopped for a while, and comes back at the same port. */
export class MortalSubgraph {
  readonly name: Remote
  readonly #marks: string
  readonly #away: Span[] = []
  #child: ChildProcess | undefined
  #port = 0
  #lives = 0
  deaths = 0
  hangs = 0

  constructor(name: Remote, marks: string) {
    this.name = name
    this.#marks = marks
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/graphql`
  }

  /** Which life it is in; events carry it. */
  get source(): string {
    return `${this.name}-${this.#lives}`
  }

  async start(): Promise<void> {
    this.#lives++
    const child = this.#child = fork(join(import.meta.dirname, 'subgraph.ts'), [
      this.name, `${this.#port}`, this.source, this.#marks, ...this.name === 'accounts' ? [`${this.#lives}`] : [],
    ], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    const [message] = await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(([code]) => { throw new Error(`the subgraph ${this.name} did not start: ${code}`) }),
    ])
    this.#port = (message as { port: number }).port
  }

  async die(forMs: number): Promise<void> {
    this.deaths++
    const span: Span = { from: Date.now() }
    this.#note(span)
    const child = this.#child!
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
    await delay(forMs)
    await this.start()
    span.to = Date.now() + graceMs
  }

  async hang(forMs: number): Promise<void> {
    this.hangs++
    const span: Span = { from: Date.now() }
    this.#note(span)
    this.#child!.kill('SIGSTOP')
    await delay(forMs)
    this.#child!.kill('SIGCONT')
    span.to = Date.now() + graceMs
  }

  #note(span: Span): void {
    this.#away.push(span)
    if (this.#away.length > 200) this.#away.shift()
  }

  /** Whether it was away, or may have been, at some moment between. */
  wasAway(from: number, to: number): boolean {
    return this.#away.some((span) => span.from <= to && from <= (span.to ?? Infinity))
  }

  async end(): Promise<void> {
    if (!this.#child || this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const ended = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await ended
  }
}

export const startSubgraphs = async (marks: string): Promise<Map<Remote, MortalSubgraph>> => {
  const subgraphs = new Map(remotes.map((name) => [name, new MortalSubgraph(name, marks)]))
  await Promise.all([...subgraphs.values()].map((subgraph) => subgraph.start()))
  return subgraphs
}
