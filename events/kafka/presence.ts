import { NoSuchTopicError } from '../log.ts'
import { isUnknownTopic } from './failures.ts'
import { pause, type Link } from './link.ts'

/** How often in a row a topic must be missing: the news of one just created takes a moment to reach every broker. */
const attempts = 8

/** Tells a topic that nobody created from one whose brokers are away: only the latter is worth waiting for. */
export class TopicPresence {
  readonly #link: Pick<Link, 'run'>
  readonly #seen = new Set<string>()

  constructor(link: Pick<Link, 'run'>) {
    this.#link = link
  }

  /**
   * Waits until the brokers know these topics. One that was there before is not asked for again.
   * @throws NoSuchTopicError; LogUnavailableError when `signal` is aborted
   */
  async require(topics: Iterable<string>, signal: AbortSignal): Promise<void> {
    for (const topic of new Set(topics)) if (!this.#seen.has(topic)) await this.#find(topic, signal)
  }

  /** They may have been deleted. */
  forget(topics: Iterable<string>): void {
    for (const topic of topics) this.#seen.delete(topic)
  }

  async #find(topic: string, signal: AbortSignal): Promise<void> {
    for (let missed = 0; missed < attempts; missed++) {
      // Not thrown: the brokers have answered, and others use the same connection.
      const found = await this.#link.run(signal, (connection) => connection.know([topic]).then(() => true, (error: unknown) => {
        if (isUnknownTopic(error)) return false
        throw error
      }))
      if (found) {
        this.#seen.add(topic)
        return
      }
      await pause(missed, signal)
    }
    throw new NoSuchTopicError(topic)
  }
}
