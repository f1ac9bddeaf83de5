import type { Logger } from '../ingest/observer.ts'
import { explain, SubgraphOutage } from './errors.ts'

/** Between two lines about one system that is away, ms. */
const quietMs = 10_000

/** Systems and subgraphs that are remembered; beyond them the one that was told of longest ago is forgotten. */
const mostRemembered = 1_000

/**
 * Tells the operator what went wrong: what nobody expected with its stack, each time. A system that is away is met by every request, and
 * where in Freshet says nothing: it is told in a line, at once and then every ten seconds, with how many more there were.
 */
export class FailureLog {
  readonly #logger: Logger
  readonly #clock: () => number
  readonly #told = new Map<string, { at: number; more: number }>()

  constructor(logger: Logger, clock: () => number) {
    this.#logger = logger
    this.#clock = clock
  }

  tell(error: unknown): void {
    const explained = explain(error)
    if (explained) return this.#outage(explained.message, (error as Error).message)
    if (error instanceof SubgraphOutage) return this.#outage(error.message, `${error.message}${error.reason}`)
    this.#logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
  }

  #outage(what: string, words: string): void {
    const now = this.#clock()
    const told = this.#told.get(what)
    if (told && now - told.at < quietMs) return void told.more++
    this.#told.delete(what)
    this.#told.set(what, { at: now, more: 0 })
    if (this.#told.size > mostRemembered) this.#told.delete(this.#told.keys().next().value!)
    this.#logger.warn(`a request failed: ${words}`, told && told.more > 0 ? { alike: told.more } : undefined)
  }
}
