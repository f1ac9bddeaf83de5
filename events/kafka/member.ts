import { setTimeout as delay } from 'node:timers/promises'
import type { Consumer, ConsumerGroupJoinEvent, ConsumerHeartbeatEvent } from 'kafkajs'
import { partitionAssigner } from './assigner.ts'
import { Client, type ClientSettings } from './client.ts'

/** A member is taken for dead after this many ms without a heartbeat: brokers allow no less by default. */
export const sessionTimeout = 6_000
/** Also bounds how long a member takes to notice a rebalance. */
const heartbeatInterval = 500
/** How often the idle loop of kafkajs comes round to its heartbeat, in ms. */
const loopInterval = 100
/** How long leaving in good order may take, in ms; a member that just vanishes is waited for by the others. */
const leaveWithin = 3_000

/** What this process owned last, over all its memberships of a group. */
export interface Ownership {
  partitions: readonly number[]
  generation: number
}

export interface MembershipOptions {
  settings: ClientSettings
  group: string
  topics: readonly string[]
  partitions: number
  /** Updated at every assignment. */
  ownership: Ownership
  /** The generation is live: these partitions are ours until `onRevoked`. */
  onAssigned(ownership: Ownership): void
  onRevoked(): void
  /** This membership is over; a new one may be tried. */
  onLost(reason: unknown): void
}

/**
 * One membership of a consumer group: joining, heartbeats, leaving. kafkajs's consumer does only this; it never fetches, since
 * every partition is paused, so a long recovery or a slow reader cannot keep it from its heartbeats.
 */
export class Membership {
  readonly #options: MembershipOptions
  readonly #client: Client
  readonly #consumer: Consumer
  #joined: readonly number[] | undefined
  /** Whether a heartbeat of the joined generation was answered. */
  #live = false
  #watchdog: NodeJS.Timeout | undefined
  #over = false

  constructor(options: MembershipOptions) {
    this.#options = options
    // Few retries: a new membership begins afresh, where kafkajs goes on asking a coordinator that has moved.
    const retry = { retries: 3, initialRetryTime: 50, maxRetryTime: 500, restartOnFailure: async () => false }
    this.#client = new Client(options.settings, retry)
    this.#consumer = this.#client.kafka.consumer({
      groupId: options.group,
      partitionAssigners: [partitionAssigner(options.partitions, () => options.ownership)],
      sessionTimeout,
      rebalanceTimeout: sessionTimeout,
      heartbeatInterval,
      maxWaitTimeInMs: loopInterval,
      allowAutoTopicCreation: false,
      retry,
    })
    const { GROUP_JOIN, HEARTBEAT, REBALANCING, CRASH, STOP } = this.#consumer.events
    this.#consumer.on(GROUP_JOIN, ({ payload }) => this.#onJoined(payload))
    this.#consumer.on(HEARTBEAT, ({ payload }) => this.#onHeartbeat(payload))
    this.#consumer.on(REBALANCING, () => this.#revoke())
    this.#consumer.on(CRASH, ({ payload }) => this.#lose(payload.error))
    this.#consumer.on(STOP, () => this.#lose(new Error('the consumer stopped')))
  }

  async start(): Promise<void> {
    try {
      await this.#consumer.connect()
      await this.#consumer.subscribe({ topics: [...this.#options.topics] })
      await this.#consumer.run({ autoCommit: false, eachBatch: async () => {} })
    } catch (error) {
      this.#lose(error)
    }
  }

  async commit(positions: readonly { topic: string; partition: number; offset: string }[]): Promise<void> {
    if (!this.#over) await this.#consumer.commitOffsets([...positions])
  }

  /** Leaves the group, so that the others take over at once. */
  async leave(): Promise<void> {
    this.#end()
    const left = this.#consumer.disconnect().catch(() => {})
    const limit = new AbortController()
    await Promise.race([left, delay(leaveWithin, undefined, { signal: limit.signal }).catch(() => {})])
    limit.abort()
    this.#client.destroy()
  }

  #onJoined({ memberAssignment }: ConsumerGroupJoinEvent['payload']): void {
    // Not every way to a new generation is announced by REBALANCING.
    this.#revoke()
    if (this.#over) return
    const topics = Object.keys(memberAssignment)
    if (topics.length > 0) this.#consumer.pause(topics.map((topic) => ({ topic })))
    this.#joined = [...new Set(Object.values(memberAssignment).flat())].sort((a, b) => a - b)
    this.#watch()
  }

  /** kafkajs tells the generation only here. The heartbeat also proves that the coordinator counts us in. */
  #onHeartbeat({ groupGenerationId }: ConsumerHeartbeatEvent['payload']): void {
    if (this.#over) return
    this.#watch()
    if (this.#joined === undefined || this.#live) return
    this.#live = true
    const { ownership } = this.#options
    ownership.partitions = this.#joined
    ownership.generation = groupGenerationId
    this.#options.onAssigned(ownership)
  }

  /** Without heartbeats others may own our partitions by now: stop before they can begin. */
  #watch(): void {
    clearTimeout(this.#watchdog)
    this.#watchdog = setTimeout(() => this.#lose(new Error('no heartbeat was answered within the session time-out')), sessionTimeout - heartbeatInterval)
  }

  #revoke(): void {
    if (this.#joined === undefined) return
    this.#joined = undefined
    this.#live = false
    this.#options.onRevoked()
  }

  #lose(reason: unknown): void {
    if (this.#over) return
    this.#end()
    this.#options.onLost(reason)
  }

  #end(): void {
    this.#over = true
    clearTimeout(this.#watchdog)
    this.#revoke()
  }
}
