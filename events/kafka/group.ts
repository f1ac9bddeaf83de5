import { parsePartitionKey, partitionKey, type Assignment, type LogRecord, type Positions, type ReadOptions } from '../log.ts'
import type { Connection, ClientSettings, Logger } from './client.ts'
import { describeFailure, isPermanent } from './failures.ts'
import { pause, type Link } from './link.ts'
import { Membership, type Ownership } from './member.ts'

export interface GroupOptions {
  settings: ClientSettings
  group: string
  topics: readonly string[]
  partitions: number
  /** Aborted when the member leaves or the log is closed. */
  signal: AbortSignal
  /** For questions to the coordinator. */
  link: Link
  logger: Logger
  read(options: ReadOptions): AsyncIterable<LogRecord[]>
  /** Given what is still to be waited for once the member was told to leave. */
  onLeaving(left: Promise<void>): void
}

/** Joins a group and yields an assignment after each rebalance; joins again whenever the membership is lost. */
export async function* joinGroup(options: GroupOptions): AsyncGenerator<Assignment, void> {
  const { group, signal, logger } = options
  const ownership: Ownership = { partitions: [], generation: -1 }
  for (let attempt = 0; !signal.aborted; attempt++) {
    const member = new GroupMember(options, ownership)
    try {
      for await (const assignment of member.assignments()) {
        attempt = -1
        yield assignment
      }
    } finally {
      await member.leave()
    }
    if (signal.aborted) return
    if (isPermanent(member.reason)) throw member.reason
    // Told once: later attempts fail for the reason that the links tell.
    if (attempt <= 0) logger.warn(`lost the membership of the group ${group}; joining again`, { reason: describeFailure(member.reason) })
    await pause(Math.max(attempt, 0), signal)
  }
}

class GroupMember {
  /** Why the membership ended, unless it was left. */
  reason: unknown
  readonly #options: GroupOptions
  readonly #membership: Membership
  readonly #onAbort = (): void => void this.leave()
  #left: Promise<void> | undefined
  #current: AbortController | undefined
  #next: Assignment | undefined
  #over = false
  #wake: (() => void) | undefined

  constructor(options: GroupOptions, ownership: Ownership) {
    this.#options = options
    this.#membership = new Membership({
      settings: options.settings,
      group: options.group,
      topics: options.topics,
      partitions: options.partitions,
      ownership,
      onAssigned: (assigned) => void this.#assign(assigned),
      onRevoked: () => this.#revoke(),
      onLost: (reason) => this.#lose(reason),
    })
    options.signal.addEventListener('abort', this.#onAbort)
  }

  /** Only the latest: an assignment that was revoked before anybody took it is not given out. */
  async *assignments(): AsyncGenerator<Assignment, void> {
    void this.#membership.start()
    while (!this.#over && !this.#options.signal.aborted) {
      const assignment = this.#next
      this.#next = undefined
      if (assignment && !assignment.signal.aborted) yield assignment
      else await new Promise<void>((resolve) => { this.#wake = resolve })
    }
  }

  /** Does not wait for anybody to ask for the next assignment: the others are waiting for our partitions. */
  leave(): Promise<void> {
    this.#options.signal.removeEventListener('abort', this.#onAbort)
    this.#revoke()
    if (!this.#left) this.#options.onLeaving(this.#left = this.#membership.leave())
    return this.#left
  }

  async #assign({ partitions, generation }: Ownership): Promise<void> {
    const { signal } = this.#current = new AbortController()
    try {
      const committed = await this.#options.link.run(signal, (connection) => this.#committed(connection, partitions))
      if (signal.aborted) return
      this.#next = {
        epoch: generation,
        partitions,
        signal,
        committed,
        read: (options) => this.#read(partitions, signal, options),
        commit: (positions) => this.#commit(signal, positions),
      }
      this.#wake?.()
    } catch (error) {
      if (!signal.aborted) this.#lose(error)
    }
  }

  async #committed({ cluster }: Connection, partitions: readonly number[]): Promise<Positions> {
    if (partitions.length === 0) return {}
    const { group, topics } = this.#options
    const coordinator = await cluster.findGroupCoordinator({ groupId: group })
    const { responses } = await coordinator.offsetFetch({
      groupId: group,
      topics: topics.map((topic) => ({ topic, partitions: partitions.map((partition) => ({ partition, offset: '-1' })) })),
    })
    const positions: Record<string, number> = {}
    for (const { topic, partitions: committed } of responses) {
      for (const { partition, offset } of committed) if (Number(offset) >= 0) positions[partitionKey(topic, partition)] = Number(offset)
    }
    return positions
  }

  #read(partitions: readonly number[], signal: AbortSignal, options: ReadOptions): AsyncIterable<LogRecord[]> {
    const foreign = Object.keys(options.from).find((key) => !partitions.includes(parsePartitionKey(key).partition))
    if (foreign !== undefined) throw new RangeError(`expected positions of the owned partitions ${partitions.join(', ')}, got one for ${foreign}`)
    return this.#options.read({ ...options, signal: AbortSignal.any([signal, options.signal]) })
  }

  /** A commit that fails is only told: it is there for people who watch the lag. */
  async #commit(signal: AbortSignal, positions: Positions): Promise<void> {
    if (signal.aborted) return
    const offsets = Object.entries(positions).map(([key, offset]) => ({ ...parsePartitionKey(key), offset: String(offset) }))
    try {
      await this.#membership.commit(offsets)
    } catch (error) {
      if (!signal.aborted) this.#options.logger.warn(`could not commit positions of the group ${this.#options.group}`, { reason: describeFailure(error) })
    }
  }

  #revoke(): void {
    this.#current?.abort()
    this.#wake?.()
  }

  #lose(reason: unknown): void {
    this.reason ??= reason
    this.#over = true
    this.#revoke()
  }
}
