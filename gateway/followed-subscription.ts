import { setImmediate as nextTurn } from 'node:timers/promises'
import { GraphQLError, type ExecutionResult } from 'graphql'
import { codes, isEvents, isPolled, mapStream, Outcome, type Engine, type EngineRequest, type PolledStream, type SubscriptionRun } from '../federation/index.ts'
import { Alarm, woken } from './alarm.ts'
import { handOver } from './hand-over.ts'
import { faultsOf } from './validate.ts'

/** An event of the source, as it is, and the client's answer for it. Neither is there without the other, but in a last word. */
export interface Resolved {
  event?: unknown
  result: ExecutionResult | undefined
}

/** How the events of one source go on behind those of another, where all of them have positions. */
export interface Seam {
  /** The same request, for what comes behind the latest event. */
  behind(request: EngineRequest, latest: unknown): EngineRequest
  /** Whether the event came with, or before, the latest one. */
  includes(latest: unknown, event: unknown): boolean
}

/** An event with the run that has to resolve it, or what ends the subscription. */
type Item = { run: SubscriptionRun; event: unknown } | { last: ExecutionResult }

/** What comes after the events that are there: other events, or a last word. */
type Successor = { run: SubscriptionRun; events: AsyncIterator<unknown> } | { last: ExecutionResult }

const done = { done: true, value: undefined } as const

/**
 * A subscription that outlives the engine on which it began. Where the next engine reads the same events, it resolves them from
 * then on: none is missed, none comes twice. Otherwise they are subscribed to anew before the former ones are left, and told
 * apart by their positions, or by what both select (`hand-over.ts`).
 */
export class FollowedSubscription {
  readonly #request: EngineRequest
  #run: SubscriptionRun
  #events: AsyncIterator<unknown>
  #pull: Promise<IteratorResult<unknown>> | undefined
  #successor: Successor | undefined
  /** Whose events take over as soon as it is known where they are; until then the former plan still resolves. */
  #heir: { run: SubscriptionRun } | undefined
  readonly #releases: (() => void)[] = []
  readonly #alarm = new Alarm()
  #over = false
  #moves = 0
  readonly #onEnd: () => void
  readonly #isSilent: (event: unknown) => boolean
  readonly #seam: Seam | undefined
  /** The latest event that was given out, and that of the source before this one. */
  #latest: unknown
  #former: unknown
  /** What `poll` had to ask a promise for. */
  readonly #outcome = new Outcome<IteratorResult<Resolved, undefined>>()
  #wake: (() => void) | undefined
  /** What clients read, with what it is made from. Polled where the events can be. */
  readonly results: AsyncIterableIterator<Resolved, undefined> | PolledStream<Resolved> & AsyncIterableIterator<Resolved, undefined>

  /**
   * @param isSilent of an event: there is nothing to answer for it
   * @param seam where events have positions
   */
  constructor(
    request: EngineRequest, run: SubscriptionRun, events: AsyncIterable<unknown>, onEnd: () => void,
    isSilent: (event: unknown) => boolean = () => false, seam?: Seam,
  ) {
    this.#request = request
    this.#run = run
    this.#events = events[Symbol.asyncIterator]()
    this.#onEnd = onEnd
    this.#isSilent = isSilent
    this.#seam = seam
    const items: AsyncIterableIterator<Item> = {
      [Symbol.asyncIterator]() {
        return this
      },
      next: async () => {
        try {
          return await this.#next() ?? this.#end()
        } catch (error) {
          this.#end()
          throw error
        }
      },
      return: async () => {
        this.#end()
        const successor = this.#successor
        await Promise.all([this.#events.return?.(), successor && 'events' in successor ? successor.events.return?.() : undefined])
        return done
      },
    }
    const results = mapStream<Item, Resolved>(
      items,
      async (item) => 'last' in item ? { result: item.last } : { event: item.event, result: isSilent(item.event) ? undefined : await item.run.resolve(item.event) },
      { failed: (cause) => ({ result: this.#run.failed(cause) }), atOnce: run.atOnce })
    this.results = isPolled(this.#events) && run.atOnce === 1 ? { ...results, poll: (wake) => this.#poll(wake, results) } : results
  }

  #end(): typeof done {
    if (!this.#over) this.#onEnd()
    this.#over = true
    this.#release()
    this.#alarm.ring()
    return done
  }

  /** Without promises, as long as neither another source takes over nor an answer has to be waited for. */
  #poll(wake: () => void, results: AsyncIterator<Resolved, undefined>): IteratorResult<Resolved, undefined> | undefined {
    if (this.#outcome.isAwaited) return this.#outcome.poll(wake)
    if (this.#over) return done
    const events = this.#events
    if (this.#successor || this.#heir || this.#pull || !isPolled(events)) {
      this.#outcome.await(results.next())
      return this.#outcome.poll(wake)
    }
    this.#wake = wake
    let pulled: IteratorResult<unknown, undefined> | undefined
    try {
      pulled = events.poll(wake)
    } catch (cause) {
      this.#end()
      return { done: false, value: { result: this.#run.failed(cause) } }
    }
    if (!pulled) return undefined
    if (pulled.done) return this.#end()
    const event = pulled.value
    this.#latest = event
    if (this.#isSilent(event)) return { done: false, value: { event, result: undefined } }
    try {
      const result = this.#run.resolve(event)
      if (!(result instanceof Promise)) return { done: false, value: { event, result } }
      this.#outcome.await(result.then((resolved) => ({ done: false, value: { event, result: resolved } })))
    } catch (error) {
      void results.return?.()
      throw error
    }
    return this.#outcome.poll(wake)
  }

  /** Goes on by this engine's plan. Resolves once that is sure, or the subscription is to end. */
  async follow(engine: Engine): Promise<void> {
    const move = ++this.#moves
    const isStale = (): boolean => this.#over || move !== this.#moves
    const run = await this.#planned(engine)
    if (isStale()) return
    if (!('open' in run)) return this.#succeed({ last: run })
    // What is about to take over reads these events already, or what is read now does.
    const successor = this.#successor
    const reading = successor && 'run' in successor ? successor : this.#heir
    if (run.hasEventsOf(reading?.run ?? this.#run)) {
      if (reading) reading.run = run
      else this.#run = run
      return
    }
    const behind = await this.#behind(engine, run)
    if (!('open' in behind)) return isStale() ? undefined : this.#succeed({ last: behind })
    const events = await behind.open()
    if (!isEvents(events)) return isStale() ? undefined : this.#succeed({ last: events })
    const opened = events[Symbol.asyncIterator]()
    if (isStale()) return void await opened.return?.()
    this.#succeed({ run, events: opened })
  }

  /** Calls the action once the plans of former engines are not needed any more. */
  whenMoved(action: () => void): void {
    const successor = this.#successor
    const isHandingOver = this.#heir !== undefined || (successor && 'run' in successor && this.#needsHandOver(successor.run))
    if (isHandingOver && !this.#over) this.#releases.push(action)
    else action()
  }

  #release(): void {
    for (const action of this.#releases.splice(0)) action()
  }

  /** Of a subgraph in another process nobody knows which events were given by one subscription and not by another. */
  #needsHandOver(run: SubscriptionRun): boolean {
    return this.#run.source.asked !== undefined && run.source.asked !== undefined
  }

  #handOver(heir: Exclude<Successor, { last: ExecutionResult }>): void {
    this.#successor = undefined
    this.#alarm.reset()
    this.#heir = heir
    this.#events = handOver(this.#events, this.#pull, heir.events, () => {
      this.#run = heir.run
      if (this.#heir !== heir) return
      this.#heir = undefined
      this.#release()
    })
    this.#pull = undefined
  }

  /** The run of what comes behind all that was given out; the same where nobody knows what that is. */
  async #behind(engine: Engine, run: SubscriptionRun): Promise<SubscriptionRun | ExecutionResult> {
    if (!this.#seam || this.#latest === undefined || run.source.transport.positioned !== true) return run
    return engine.prepareSubscription(this.#seam.behind(this.#request, this.#latest))
  }

  #isRepeated(event: unknown): boolean {
    return this.#former !== undefined && this.#seam !== undefined && this.#seam.includes(this.#former, event)
  }

  async #planned(engine: Engine): Promise<SubscriptionRun | ExecutionResult> {
    const faults = faultsOf(engine.schema, this.#request.document)
    return faults.length === 0 ? engine.prepareSubscription(this.#request) : { errors: [new GraphQLError(
      `The schema has changed, and what is subscribed to is not part of it any more: ${faults[0]?.message}`, { extensions: { code: codes.gone } })] }
  }

  #succeed(successor: Successor): void {
    const former = this.#successor
    if (former && 'events' in former) void former.events.return?.()
    this.#successor = successor
    this.#alarm.ring()
    this.#wake?.()
  }

  async #next(): Promise<IteratorYieldResult<Item> | undefined> {
    while (!this.#over) {
      if (this.#successor && 'run' in this.#successor && this.#needsHandOver(this.#successor.run)) this.#handOver(this.#successor)
      this.#pull ??= this.#events.next().catch((cause: unknown) => {
        if (this.#successor) return done
        throw cause
      })
      // What is there already is handed out before what succeeds it.
      const result = await (this.#successor ? Promise.race([this.#pull, nextTurn(woken)]) : this.#alarm.wait(this.#pull))
      if (result !== woken) {
        this.#pull = undefined
        if (!result.done) {
          if (this.#isRepeated(result.value)) continue
          this.#latest = result.value
          return { done: false, value: { run: this.#run, event: result.value } }
        }
        if (!this.#successor) return undefined
      } else if (!this.#successor || ('run' in this.#successor && this.#needsHandOver(this.#successor.run))) continue
      const successor: Successor = this.#successor
      this.#successor = undefined
      this.#alarm.reset()
      this.#pull = undefined
      if (result === woken) void this.#events.return?.()
      if ('last' in successor) {
        this.#events = { next: () => Promise.resolve(done) }
        return { done: false, value: successor }
      }
      this.#run = successor.run
      this.#events = successor.events
      this.#former = this.#latest
    }
    return undefined
  }
}
