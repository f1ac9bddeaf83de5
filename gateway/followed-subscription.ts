import { setImmediate as nextTurn } from 'node:timers/promises'
import { GraphQLError, validate, type ExecutionResult } from 'graphql'
import { codes, isEvents, mapStream, type Engine, type EngineRequest, type SubscriptionRun } from '../federation/index.ts'
import { Alarm, woken } from './alarm.ts'
import { handOver } from './hand-over.ts'

/** An event of the source, as it is, and the client's answer for it. Neither is there without the other, but in a last word. */
export interface Resolved {
  event?: unknown
  result: ExecutionResult | undefined
}

/** An event with the run that has to resolve it, or what ends the subscription. */
type Item = { run: SubscriptionRun; event: unknown } | { last: ExecutionResult }

/** What comes after the events that are there: other events, or a last word. */
type Successor = { run: SubscriptionRun; events: AsyncIterator<unknown> } | { last: ExecutionResult }

const done = { done: true, value: undefined } as const

/**
 * A subscription that outlives the engine on which it began. Where the next engine reads the same events, it resolves them from
 * then on: none is missed, none comes twice. Otherwise they are subscribed to anew before the former ones are left, and told
 * apart by what both select (`hand-over.ts`).
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
  /** What clients read, with what it is made from. */
  readonly results: AsyncIterableIterator<Resolved>

  /** @param isSilent of an event: there is nothing to answer for it */
  constructor(
    request: EngineRequest, run: SubscriptionRun, events: AsyncIterable<unknown>, onEnd: () => void,
    isSilent: (event: unknown) => boolean = () => false,
  ) {
    this.#request = request
    this.#run = run
    this.#events = events[Symbol.asyncIterator]()
    const end = (): typeof done => {
      if (!this.#over) onEnd()
      this.#over = true
      this.#release()
      this.#alarm.ring()
      return done
    }
    const items: AsyncIterableIterator<Item> = {
      [Symbol.asyncIterator]() {
        return this
      },
      next: async () => {
        try {
          return await this.#next() ?? end()
        } catch (error) {
          end()
          throw error
        }
      },
      return: async () => {
        end()
        const successor = this.#successor
        await Promise.all([this.#events.return?.(), successor && 'events' in successor ? successor.events.return?.() : undefined])
        return done
      },
    }
    this.results = mapStream<Item, Resolved>(
      items,
      async (item) => 'last' in item ? { result: item.last }
        : { event: item.event, result: isSilent(item.event) ? undefined : await item.run.resolve(item.event) },
      { failed: (cause) => ({ result: this.#run.failed(cause) }), atOnce: run.atOnce })
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
    const events = await run.open()
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

  async #planned(engine: Engine): Promise<SubscriptionRun | ExecutionResult> {
    const faults = validate(engine.schema, this.#request.document)
    return faults.length === 0 ? engine.prepareSubscription(this.#request) : { errors: [new GraphQLError(
      `The schema has changed, and what is subscribed to is not part of it any more: ${faults[0]?.message}`, { extensions: { code: codes.gone } })] }
  }

  #succeed(successor: Successor): void {
    const former = this.#successor
    if (former && 'events' in former) void former.events.return?.()
    this.#successor = successor
    this.#alarm.ring()
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
        if (!result.done) return { done: false, value: { run: this.#run, event: result.value } }
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
    }
    return undefined
  }
}
