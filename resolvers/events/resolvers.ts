import { GraphQLError } from 'graphql'
import { dataSchemaOf, eventTypes, type EventType } from '../../events/vocabulary.ts'
import type { AppendedEvent } from '../context.ts'
import { badInput, checkSize } from '../errors.ts'
import { deliveryOf } from '../delivery.ts'
import type { Gap, SourceEvent } from '../live.ts'
import { toNear } from '../near.ts'
import { Cursor, DateTime, Json } from '../scalars.ts'
import type { Event, Resolvers } from './generated/types.ts'

/** Most events of one `publish`. */
const maxEvents = 1_000

function checkTypes(types: readonly string[] | null | undefined): readonly EventType[] {
  const unknown = types?.find((type) => !Object.hasOwn(eventTypes, type))
  if (unknown !== undefined)
    throw badInput(`"types" knows no ${JSON.stringify(unknown.slice(0, 100))}; it knows ${Object.keys(eventTypes).join(', ')}.`)
  return (types ?? []) as readonly EventType[]
}

const reasons: Record<Gap['reason'], string> = {
  RETENTION: 'the log does not reach back to where you want to go on',
  CURSOR: 'the cursor is none of this log',
  BUFFER: 'you did not take them in time',
}

export const resolvers: Resolvers = {
  Cursor,
  DateTime,
  JSON: Json,
  Query: {
    eventTypes: (_parent, _args, { services: { publisher } }) =>
      Object.entries(eventTypes).map(([name, { topic, version, data }]) => ({
        name,
        topic: publisher.topics[topic],
        version,
        schema: { $id: dataSchemaOf(name as EventType), ...JSON.parse(JSON.stringify(data)) },
      })),
  },
  Mutation: {
    publish: (_, { events }, { services, signal }) => {
      checkSize('events', events.length, { min: 1, max: maxEvents })
      return services.publisher.publish(events, signal)
    },
  },
  Subscription: {
    events: {
      subscribe: async (_, { types, near, ...delivery }, context) => {
        const wanted = { types: checkTypes(types), ...(near && { near: await toNear(near, context) }) }
        return context.services.live.events(wanted, deliveryOf(delivery, context))
      },
      resolve: ({ value, gap }: SourceEvent<AppendedEvent>): Event => {
        if (!gap) return value
        throw new GraphQLError(`Events are missing: ${reasons[gap.reason]}. What comes now follows what is missing.`, { extensions: { code: 'DELIVERY_GAP', gap } })
      },
    },
  },
}
