import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ExecutionResult } from 'graphql'
import { isEvents, mapStream, type Engine, type EngineRequest } from '../federation/index.ts'
import { FollowedSubscription, type Resolved, type Seam } from './followed-subscription.ts'

type Listener = (engine: Engine) => void

/** An engine and what runs on it. */
interface Held {
  /** Counts what it is asked. */
  engine: Engine
  running: number
  /** Told when nothing runs on it any more. */
  idle?: () => void
}

interface Live {
  subscription: FollowedSubscription
  held: Held
}

/** So many subscriptions are planned anew before others get a turn. */
const movesPerTurn = 8

/**
 * The engine that serves now. A swap takes effect for the next operation; running ones finish on the engine they have, and live
 * subscriptions go on by the plans of the new one.
 */
export class EngineHost {
  #held: Held
  readonly #graceMs: number
  readonly #listeners = new Set<Listener>()
  readonly #live = new Set<Live>()
  readonly #retired = new Map<Held, NodeJS.Timeout>()
  readonly #byEngine = new WeakMap<Engine, Held>()

  /** @param graceMs how long an operation that was validated on an engine may wait before it runs there */
  constructor(engine: Engine, { graceMs = 0 }: { graceMs?: number } = {}) {
    this.#graceMs = graceMs
    this.#held = this.#hold(engine)
  }

  get current(): Engine {
    return this.#held.engine
  }

  /** Engines that are still there: the current one, and those on which something runs or may still run. */
  get engines(): number {
    return 1 + this.#retired.size
  }

  /** Serves with this engine from now on. Resolves once every live subscription goes on by it, or is to end. */
  async swap(engine: Engine): Promise<void> {
    const former = this.#held
    const held = this.#held = this.#hold(engine)
    for (const listener of this.#listeners) listener(held.engine)
    this.#retire(former)
    const moves: Promise<void>[] = []
    for (const live of [...this.#live]) {
      moves.push(this.#move(live))
      if (moves.length % movesPerTurn === 0) await nextTurn()
    }
    await Promise.all(moves)
  }

  onSwap(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Closes every engine at once. */
  async close(): Promise<void> {
    const retired = [...this.#retired.keys()]
    for (const timer of this.#retired.values()) clearTimeout(timer)
    this.#retired.clear()
    await Promise.all([...retired, this.#held].map(({ engine }) => engine.close()))
  }

  #hold(engine: Engine): Held {
    const held: Held = {
      running: 0,
      engine: {
        ...engine,
        execute: async (request) => {
          held.running++
          try {
            return await engine.execute(request)
          } finally {
            this.#left(held)
          }
        },
        subscribe: async (request) => {
          const resolved = await this.#subscribe(held, request)
          return isEvents(resolved) ? mapStream(resolved, async ({ result }) => result as ExecutionResult) : resolved
        },
      },
    }
    this.#byEngine.set(held.engine, held)
    return held
  }

  /**
   * A subscription whose events are given with the answers, for those who deliver one run to many.
   * @param engine on which it was validated
   * @param isSilent of an event: it has no answer
   * @param seam where events have positions
   */
  follow(
    engine: Engine, request: EngineRequest, isSilent: (event: unknown) => boolean, seam?: Seam,
  ): Promise<AsyncIterableIterator<Resolved> | ExecutionResult> {
    return this.#subscribe(this.#byEngine.get(engine) ?? this.#held, request, isSilent, seam)
  }

  async #subscribe(
    held: Held, request: EngineRequest, isSilent?: (event: unknown) => boolean, seam?: Seam,
  ): Promise<AsyncIterableIterator<Resolved> | ExecutionResult> {
    held.running++
    let live: Live | undefined
    try {
      const run = await held.engine.prepareSubscription(request)
      if (!('open' in run)) return run
      const events = await run.open()
      if (!isEvents(events)) return events
      const subscription = new FollowedSubscription(request, run, events, () => {
        this.#live.delete(begun)
        this.#left(begun.held)
      }, isSilent, seam)
      const begun: Live = { subscription, held }
      live = begun
      this.#live.add(begun)
      if (held !== this.#held) void this.#move(begun)
      return subscription.results
    } finally {
      if (!live) this.#left(held)
    }
  }

  async #move(live: Live): Promise<void> {
    if (!this.#live.has(live)) return
    const former = live.held
    live.held = this.#held
    live.held.running++
    try {
      await live.subscription.follow(live.held.engine)
    } finally {
      live.subscription.whenMoved(() => this.#left(former))
    }
  }

  #left(held: Held): void {
    if (--held.running === 0) held.idle?.()
  }

  #retire(held: Held): void {
    const timer = setTimeout(() => {
      const close = (): void => {
        if (!this.#retired.delete(held)) return
        // Nothing runs on it, so nobody is left to be told.
        held.engine.close().catch(() => undefined)
      }
      if (held.running === 0) close()
      else held.idle = close
    }, this.#graceMs)
    timer.unref()
    this.#retired.set(held, timer)
  }
}
