import { dataSchemaOf, eventTypes, type EventType } from '../../events/vocabulary.ts'
import type { AppendedEvent } from '../context.ts'
import { badInput, checkSize } from '../errors.ts'
import { DateTime, Json } from '../scalars.ts'
import type { Event, Resolvers } from './generated/types.ts'

/** Most events of one `publish`. */
const maxEvents = 1_000

function checkTypes(types: readonly string[] | null | undefined): readonly string[] {
  const unknown = types?.find((type) => !Object.hasOwn(eventTypes, type))
  if (unknown !== undefined)
    throw badInput(`"types" knows no ${JSON.stringify(unknown.slice(0, 100))}; it knows ${Object.keys(eventTypes).join(', ')}.`)
  return types ?? []
}

export const resolvers: Resolvers = {
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
      subscribe: (_, { types }, { services }) => services.live.events(checkTypes(types)),
      resolve: (event: AppendedEvent): Event => event,
    },
  },
}
