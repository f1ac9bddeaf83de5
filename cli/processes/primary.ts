import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client'
import { bind } from '../../gateway/bind.ts'
import { checkListen } from '../../gateway/guard.ts'
import type { ToServing } from '../../gateway/processes/messages.ts'
import type { Logger } from '../../ingest/observer.ts'
import { sharedCursorKey } from '../cursor-key.ts'
import { greeting } from '../greeting.ts'
import { onHangup } from '../lifetime.ts'
import { gatewaySettingsOf } from '../parts.ts'
import type { Running } from '../run-roles.ts'
import type { Settings } from '../settings.ts'
import { ProcessFailure } from '../words.ts'
import { HandOut } from './hand-out.ts'
import type { FromWorker } from './messages.ts'
import { MetricTotals } from './metric-totals.ts'
import { Restarts } from './restarts.ts'
import { SaidOnce } from './said-once.ts'
import { WorkerProcess, type WorkerEnd } from './worker-process.ts'

/** How long processes may take to end before they are killed, ms: what is under way drains for five seconds, notes are written for two. */
const endMs = 15_000
/** How long a process is waited for that is asked for its metrics, ms; then its last report stands. */
const measureMs = 3_000
/** How long a process is waited for that is told of a mutation, ms. */
const knownMs = 1_000

export interface ProcessesOptions {
  settings: Settings
  logger: Logger
  /** Ends all of them cleanly. */
  signal: AbortSignal
  say: (line: string) => void
}

/**
 * Runs the gateway as several processes behind one port, until the signal is aborted. This one holds the port, hands connections
 * out and serves nothing itself, so that nothing but a fault of its own ends it.
 *
 * @throws ProcessFailure where one of them cannot start
 */
export async function runProcesses(options: ProcessesOptions): Promise<void> {
  const { settings, say } = options
  const gateway = gatewaySettingsOf(settings)
  checkListen(gateway)
  const handOut = new HandOut(gateway.limits.connections)
  const server = createServer({ pauseOnConnect: true }, (socket) => handOut.offer(socket))
  const url = await bind(server, { ...gateway, variable: 'PORT' })
  const directory = mkdtempSync(join(tmpdir(), 'freshet-'))
  try {
    await new Primary(options, { handOut, url, directory }).run()
  } finally {
    server.close()
    handOut.close()
    rmSync(directory, { recursive: true, force: true })
  }
  say('Ended cleanly.')
}

class Primary {
  readonly #options: ProcessesOptions
  readonly #handOut: HandOut
  readonly #begin: { directory: string; url: string; settings: Settings }
  readonly #workers = new Map<number, WorkerProcess>()
  readonly #totals = new MetricTotals()
  readonly #once = new SaidOnce(() => performance.now())
  readonly #restarts = new Restarts()
  readonly #registry = new Registry()
  readonly #processes = new Gauge({ name: 'freshet_gateway_processes', help: 'Gateway processes behind the port that are ready.', registers: [this.#registry] })
  readonly #restarted = new Counter({ name: 'freshet_gateway_process_restarts_total', help: 'Gateway processes that took the place of one that ended.', registers: [this.#registry] })
  readonly #over = Promise.withResolvers<void>()
  readonly #pauses = new Set<NodeJS.Timeout>()
  readonly #asked = new Map<number, () => void>()
  #numbers = 0
  #asks = 0
  #ending = false
  /** Undefined until all have got to work. */
  #running: Running | undefined

  constructor(options: ProcessesOptions, { handOut, url, directory }: { handOut: HandOut; url: string; directory: string }) {
    this.#options = options
    this.#handOut = handOut
    collectDefaultMetrics({ register: this.#registry })
    const { settings, logger } = options
    const liveEvaluationsPerSecond = Math.max(1, Math.floor(settings.liveEvaluationsPerSecond / settings.processes))
    this.#begin = { directory, url, settings: { ...settings, cursorKey: sharedCursorKey(settings, logger), liveEvaluationsPerSecond } }
  }

  async run(): Promise<void> {
    const { settings, signal } = this.#options
    const stopHangups = onHangup(() => this.#tellAll({ kind: 'reload' }))
    const stop = (): void => this.#over.resolve()
    signal.addEventListener('abort', stop, { once: true })
    try {
      if (!signal.aborted) for (let started = 0; started < settings.processes; started++) this.#start()
      else stop()
      await this.#over.promise
    } finally {
      signal.removeEventListener('abort', stop)
      stopHangups()
      await this.#end()
    }
  }

  #start(): void {
    const worker = new WorkerProcess({ kind: 'begin', number: ++this.#numbers, ...this.#begin }, (message) => this.#told(worker, message), () => performance.now())
    this.#workers.set(worker.number, worker)
    void worker.ended.then((end) => this.#ended(worker, end))
  }

  #told(worker: WorkerProcess, message: FromWorker): void {
    const { number } = worker
    switch (message.kind) {
      case 'open':
        worker.open = true
        return this.#handOut.opened(worker)
      case 'closing': return this.#handOut.closing(number)
      case 'took': return this.#handOut.took(number, message.ticket, message.open)
      case 'refused': return this.#handOut.refused(number, message.ticket)
      case 'measured':
        this.#handOut.has(number, message.open)
        this.#totals.measured(number, message.measured)
        if (message.ask !== undefined) this.#asked.get(message.ask)?.()
        return
      case 'noted': return this.#asked.get(message.ask)?.()
      case 'wrote': return void this.#spread(worker, message)
      case 'totals': return void this.#total(worker, message.ask)
      case 'said':
        if (this.#once.says(number, message.message)) this.#options.logger[message.level](message.message, { ...message.details, process: number })
        return
      case 'ready': return this.#ready(worker, message.running)
    }
  }

  #ready(worker: WorkerProcess, running: Running): void {
    worker.ready = true
    this.#handOut.ready(worker.number)
    const { settings, logger, say } = this.#options
    if (this.#running) return logger.info('a gateway process has taken the place of the one that ended', { process: worker.number, pid: worker.pid })
    if (this.#serving < settings.processes || this.#ending) return
    this.#running = running
    const processes = [...this.#workers.values()].flatMap(({ pid }) => pid ?? [])
    // Counted from the start of this process.
    say(greeting({ ...running, roles: ['gateway'], settings, processes, tookMs: performance.now() }))
  }

  get #open(): WorkerProcess[] {
    return [...this.#workers.values()].filter(({ open }) => open)
  }

  get #serving(): number {
    return [...this.#workers.values()].filter(({ ready }) => ready).length
  }

  #ended(worker: WorkerProcess, { code, how, words, livedMs }: WorkerEnd): void {
    this.#workers.delete(worker.number)
    this.#handOut.gone(worker.number)
    this.#totals.gone(worker.number)
    if (this.#ending) return
    const { logger } = this.#options
    // Nobody can serve: as it is for one process alone, its end says why. Later others serve, and what is wrong may pass.
    if (!this.#running || (words !== undefined && this.#serving === 0))
      return this.#over.reject(new ProcessFailure(words ?? `A gateway process ended (${how}) before it could serve.`, code || 1))
    const pauseMs = this.#restarts.pauseAfter(livedMs)
    logger.warn('a gateway process has ended; another is started', { process: worker.number, pid: worker.pid, how, ...words !== undefined && { reason: words }, inMs: pauseMs })
    this.#restarted.inc()
    const pause = setTimeout(() => {
      this.#pauses.delete(pause)
      this.#start()
    }, pauseMs)
    this.#pauses.add(pause)
  }

  #tellAll(message: { kind: 'reload' | 'end' }): void {
    for (const worker of this.#workers.values()) worker.tell(message)
  }

  async #total(asker: WorkerProcess, ask: number): Promise<void> {
    await Promise.all(this.#open.map((worker) => this.#ask(worker, (number) => ({ kind: 'measure', ask: number }), measureMs)))
    this.#processes.set(this.#serving)
    // Of its own process what can be added up: memory, time of the processor.
    const own = (await this.#registry.getMetricsAsJSON()).filter(({ aggregator }) => aggregator === 'sum')
    asker.tell({ kind: 'totals', ask, text: await this.#totals.text(own) })
  }

  /** Tells the others of a mutation, and the one that asks for it when they know. */
  async #spread(writer: WorkerProcess, { ask, key }: { ask: number; key?: string }): Promise<void> {
    const others = this.#open.filter((worker) => worker !== writer)
    await Promise.all(others.map((worker) => this.#ask(worker, (number) => ({ kind: 'wrote', ask: number, key }), knownMs)))
    writer.tell({ kind: 'known', ask })
  }

  /** Resolves when it has answered, or will not. */
  async #ask(worker: WorkerProcess, make: (ask: number) => ToServing, ms: number): Promise<void> {
    const ask = ++this.#asks
    const { promise, resolve } = Promise.withResolvers<void>()
    const late = setTimeout(resolve, ms)
    this.#asked.set(ask, resolve)
    worker.tell(make(ask))
    await Promise.race([promise, worker.ended])
    clearTimeout(late)
    this.#asked.delete(ask)
  }

  async #end(): Promise<void> {
    this.#ending = true
    for (const pause of this.#pauses) clearTimeout(pause)
    this.#tellAll({ kind: 'end' })
    const late = setTimeout(() => {
      for (const worker of this.#workers.values()) {
        this.#options.logger.error(`a gateway process did not end within ${endMs / 1000} s and is killed`, { process: worker.number, pid: worker.pid })
        worker.kill()
      }
    }, endMs)
    await Promise.all([...this.#workers.values()].map(({ ended }) => ended))
    clearTimeout(late)
  }
}
