import { GraphQLError } from 'graphql'
import { withTimeLimit } from '../events/abort.ts'
import { NoSuchTopicError, type EventLog, type LogRecord } from '../events/log.ts'
import { createEventReader, type EventSource, type SourceEvent, type WantedEvents } from '../federation/index.ts'
import type { RequestContext } from '../resolvers/context.ts'
import type { Cursors } from '../subscriptions/cursor.ts'
import { deliver } from '../subscriptions/deliver.ts'
import { eventParts } from '../subscriptions/event-source.ts'
import { EventTail } from '../subscriptions/event-tail.ts'
import type { RingOptions } from '../subscriptions/ring.ts'
import { logInTime } from './log-in-time.ts'

export interface LogEventSourceOptions {
  log: EventLog
  cursors: Cursors
  /** Told of events that were skipped, and of topics that cannot be read any further. */
  report: (problem: unknown) => void
  /** How long the log may take to say where its topics begin and end, or to keep an event, ms. */
  timeoutMs?: number
  /** A longer event is skipped. */
  maxEventBytes?: number
  /** How much of each topic is remembered. */
  ring?: Partial<RingOptions>
  /** How often it is looked whether topics that are read have got more partitions, ms. */
  lookEveryMs?: number
  /** Topics that are created because clients name them by their arguments; a further one is refused. */
  maxCreatedTopics?: number
}

/** An event of a topic, as its producer wrote it. */
interface TopicEvent {
  value: SourceEvent['value']
  appendedAt: number
}

/** Of the latest events of all topics that are read, in memory, as bytes on the log. */
const rememberedBytes = 32 * 1024 * 1024

let events = 0

/**
 * Feeds SDL-declared subscriptions from the event log, and publishes to it. Each topic is read once for all who follow it, and its
 * events have positions: so these subscriptions are delivered as Freshet's own are. A topic that a template names and nobody has
 * created comes to be when it is first asked for; one that exists has to have the log's own count of partitions where events with keys are
 * published.
 */
export function logEventSource(
  { log, cursors, report, timeoutMs = 10_000, maxEventBytes, ring, lookEveryMs, maxCreatedTopics = 1_000 }: LogEventSourceOptions,
): EventSource {
  const read = createEventReader({ maxBytes: maxEventBytes, report })
  const asked: Pick<EventLog, 'read' | 'starts' | 'ends' | 'positionsAt'> = {
    read: (options) => log.read(options),
    starts: (topics) => logInTime(log.starts(topics), timeoutMs),
    ends: (topics) => logInTime(log.ends(topics), timeoutMs),
    positionsAt: (topics, time) => logInTime(log.positionsAt(topics, time), timeoutMs),
  }
  const tail = new EventTail<TopicEvent>({
    log: asked, onError: report, pool: { bytes: 0, maxBytes: rememberedBytes }, ...ring, lookEveryMs,
    decode: ({ topic, value, appendedAt }: LogRecord) => {
      const event = read(topic, value)
      return event && { value: event, appendedAt }
    },
  })
  let created = 0
  const create = async (topic: string): Promise<void> => {
    if (created >= maxCreatedTopics) {
      throw new GraphQLError(`No further topic is created because a client names it: there are ${maxCreatedTopics}, as many as there may be.`, {
        extensions: { code: 'LIMIT_EXCEEDED', limit: 'createdTopics' },
      })
    }
    created++
    await logInTime(log.ensureTopics([{ name: topic }]), timeoutMs)
  }
  const onceThere = async <T>(topics: readonly string[], work: () => Promise<T>): Promise<T> => {
    for (let left = topics.length; ; left--) {
      try {
        return await work()
      } catch (error) {
        const missing = missingTopicOf(error)
        if (missing === undefined || left === 0) throw error
        await create(missing)
      }
    }
  }
  let published = 0
  return {
    subscribe: (wanted) => onceThere(wanted.topics, () => follow(wanted)),
    async publish(topic, { key, value }) {
      // Without a key there is no order to keep, so the partitions take turns.
      const place = key === null ? { key, partition: published++ % log.partitions } : { key }
      await onceThere([topic], () => withTimeLimit(undefined, timeoutMs, (signal) => log.append([{ topic, value, ...place }], { signal })))
    },
  }

  async function follow({ topics, passes, keyOf, context }: WantedEvents) {
    const request = (context as RequestContext | undefined)?.delivery ?? { kind: 'whole' }
    const stream = deliver(request, eventParts({
      tail, log: asked, encode: cursors.encode, topics,
      wants: wantsOf(passes),
      // The log says when it was told of it; when it happened, nobody does. What is about nothing that is known replaces nothing.
      show: ({ value, appendedAt }) => ({ value, eventTime: appendedAt, key: keyOf(value) ?? `event ${events++}` }),
    }), cursors)
    try {
      // Where it begins is fixed before anybody is told that the topics are read: nothing falls in between.
      if (request.kind === 'whole' || request.kind === 'stream') await tail.now(topics)
    } catch (error) {
      await stream.return?.()
      throw error
    }
    return stream
  }
}

function wantsOf(passes: WantedEvents['passes']) {
  const { within } = passes
  const wants = ({ value }: TopicEvent): boolean => passes(value)
  return within ? Object.assign(wants, { within: { path: ['value', ...within.path], texts: within.texts } }) : wants
}

/** The topic that nobody has created, where a call failed by that, whatever its error says first. */
function missingTopicOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof NoSuchTopicError) return cause.topic
  return undefined
}

/** Creates the topics that are not there yet. Brokers may know some already, with any count of partitions: those are left. */
export async function ensureEventTopics(log: EventLog, topics: readonly string[]): Promise<void> {
  await Promise.all([...new Set(topics)].map((name) => log.ends([name]).catch(() => log.ensureTopics([{ name }]))))
}
