import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { PlannerAnswer, PlannerMessage, PlanNode } from './plan.ts'

/**
 * The planner's process ended, or had to be ended, while it planned this operation. Planning it again would do the
 * same.
 */
export class PlannerCrash extends Error {
  override name = 'PlannerCrash'
}

/** The planner's process ended too often of late, and is not started for a while. */
export class PlannerAway extends Error {
  override name = 'PlannerAway'
}

/** A supergraph in the planner's process. */
export interface PlannerHandle {
  /**
   * @throws PlannerCrash when planning the operation ended the planner or took longer than its limit.
   * @throws PlannerAway when operations before it ended the planner too often.
   * @throws Error with the planner's words when the operation does not fit the supergraph.
   */
  plan(operation: string): Promise<PlanNode | undefined>
  close(): void
}

interface Job {
  supergraph: number
  operation: string
  resolve: (node: PlanNode | undefined) => void
  reject: (error: Error) => void
}

/** How long one operation may be planned, in milliseconds. */
const planningLimitMs = 5000

/** What is kept of the words with which the planner ends. */
const maximumLastWords = 2000

/** Starting the process costs a core's time: so often it is started again at once. */
const promptRestarts = 3

/** The pause after that, doubled with each further end, in milliseconds. */
const firstPauseMs = 500
const maximumPauseMs = 60_000

/** How long it may have nothing to plan before it ends, in milliseconds: its memory is that of a whole Node. */
const idleLimitMs = 20_000

/** A process that lived so long, in milliseconds, makes up for the ends before it. */
const goodLifeMs = 60_000

/**
 * One process plans for all engines of this one. It is started with the first engine, started again for the first
 * operation after it ended, and ends when there is nothing to plan for a while, or with the last engine. Answers come in order, so when it ends the oldest open
 * job is the one that ended it; the others are given to its successor. Nobody can keep a core busy with starting it:
 * when it ends too often it stays away for a while, and who asks is told so.
 */
export class PlannerProcess {
  readonly #supergraphs = new Map<number, string>()
  readonly #jobs: Job[] = []
  #next = 0
  #child: ChildProcess | undefined
  /** Until it has taken too long, or has been idle for long. */
  #watch: NodeJS.Timeout | undefined
  /** The process that had to be ended. */
  #tooLong: ChildProcess | undefined
  readonly #now: () => number
  readonly #idleMs: number
  #startedAt = 0
  /** How often it ended without having lived well before. */
  #ends = 0
  #awayUntil = -Infinity

  /** `now` is a monotonic clock in milliseconds; the process ends after `idleMs` without work. */
  constructor(now: () => number, idleMs = idleLimitMs) {
    this.#now = now
    this.#idleMs = idleMs
  }

  /** Of the process that plans; undefined while none does. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  open(sdl: string): PlannerHandle {
    const supergraph = this.#next++
    this.#supergraphs.set(supergraph, sdl)
    if (this.#child) this.#send({ kind: 'load', supergraph, sdl })
    else this.#start()
    return {
      plan: (operation) => new Promise((resolve, reject) => {
        if (!this.#supergraphs.has(supergraph)) {
          reject(new Error('The engine is closed; it plans no more operations.'))
          return
        }
        if (!this.#child && this.#now() < this.#awayUntil) {
          reject(away())
          return
        }
        this.#jobs.push({ supergraph, operation, resolve, reject })
        if (!this.#child) this.#start()
        else this.#send({ kind: 'plan', supergraph, operation })
        if (this.#jobs.length === 1) this.#attend()
      }),
      close: () => {
        if (!this.#supergraphs.delete(supergraph)) return
        if (this.#supergraphs.size > 0) this.#send({ kind: 'unload', supergraph })
        else this.#close()
      },
    }
  }

  #send(message: PlannerMessage): void {
    if (this.#child?.connected) this.#child.send(message, () => undefined)
  }

  #start(): void {
    const child = fork(fileURLToPath(new URL('./plan.ts', import.meta.url)), {
      execArgv: [], env: { NODE_NO_WARNINGS: '1' }, stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    })
    this.#child = child
    this.#startedAt = this.#now()
    let lastWords = ''
    child.stderr?.on('data', (chunk: Buffer) => {
      lastWords = (lastWords + chunk.toString()).slice(0, maximumLastWords)
    })
    child.on('message', (answer: PlannerAnswer) => this.#answered(answer))
    child.on('error', (error) => {
      lastWords ||= error.message
      if (child.pid === undefined && this.#child === child) this.#notStarted(error)
    })
    child.once('close', (_code, signal) => {
      if (this.#child === child) this.#ended(lastWords, signal === 'SIGKILL' && this.#tooLong === child)
    })
    for (const [supergraph, sdl] of this.#supergraphs) this.#send({ kind: 'load', supergraph, sdl })
    for (const { supergraph, operation } of this.#jobs) this.#send({ kind: 'plan', supergraph, operation })
    this.#attend()
  }

  #notStarted(cause: Error): void {
    clearTimeout(this.#watch)
    this.#child = undefined
    const failure = new Error('The planner\'s process could not be started.', { cause })
    for (const job of this.#jobs.splice(0)) job.reject(failure)
  }

  #answered(answer: PlannerAnswer): void {
    const job = this.#jobs.shift()
    this.#attend()
    if ('plan' in answer) job?.resolve(answer.plan.node ?? undefined)
    else job?.reject(new Error(answer.error))
  }

  /** The process keeps ours alive only while it has work, and may not take too long for it. */
  #attend(): void {
    clearTimeout(this.#watch)
    const child = this.#child
    if (!child) return
    const busy = this.#jobs.length > 0
    hold(child, busy)
    this.#watch = busy ? setTimeout(() => {
      this.#tooLong = child
      child.kill('SIGKILL')
    }, planningLimitMs) : setTimeout(() => this.#stop(), this.#idleMs).unref()
  }

  #ended(lastWords: string, tookTooLong: boolean): void {
    clearTimeout(this.#watch)
    this.#child = undefined
    this.#jobs.shift()?.reject(new PlannerCrash(tookTooLong
      ? `The planner did not plan this operation within ${planningLimitMs} ms.`
      : `The planner ended while it planned this operation. ${lastWords}`.trim()))
    this.#ends = this.#now() - this.#startedAt > goodLifeMs ? 1 : this.#ends + 1
    const pause = this.#ends > promptRestarts ? firstPauseMs * 2 ** (this.#ends - promptRestarts - 1) : 0
    this.#awayUntil = this.#now() + Math.min(pause, maximumPauseMs)
    if (pause > 0) for (const job of this.#jobs.splice(0)) job.reject(away())
    else if (this.#jobs.length > 0) this.#start()
  }

  /** Lets the process go, which is started again for the next operation. */
  #stop(): void {
    const child = this.#child
    this.#child = undefined
    clearTimeout(this.#watch)
    if (!child) return
    hold(child, false)
    // What it plans at the moment nobody wants any more.
    if (this.#jobs.length > 0) child.kill('SIGKILL')
    else if (child.connected) child.disconnect()
  }

  #close(): void {
    this.#stop()
    for (const job of this.#jobs.splice(0)) job.reject(new Error('The engine is closed; it plans no more operations.'))
  }
}

/** Whether the process keeps ours alive. */
function hold(child: ChildProcess, wanted: boolean): void {
  for (const handle of [child, child.channel, child.stderr as unknown as Referable | null]) handle?.[wanted ? 'ref' : 'unref']?.()
}

const away = (): PlannerAway =>
  new PlannerAway('The planner ended too often while it planned other operations; it is given a pause.')

interface Referable {
  ref?(): void
  unref?(): void
}

const shared = new PlannerProcess(() => performance.now())

/** Makes a supergraph known to the planner's process. */
export const openPlanner = (supergraphSdl: string): PlannerHandle => shared.open(supergraphSdl)
