import { EventsJudge, MetricsJudge, NearEventsJudge, StateJudge, type Judge } from './judges.ts'
import { near, type Ledger } from './ledger.ts'
import { EvaluatedJudge, ListJudge } from './list-judges.ts'

export interface OperationsOptions {
  ledger: Ledger
  /** Each of these is followed by a subscription of its own. */
  followed: number
  /** Metrics are seen before they are announced, so a crash may take some back until they are counted again. */
  metricsMayFall?: boolean
  /**
   * What every chat says and every livestream is described by, and how often over that is asked for, of each event or each state: more
   * than connections hold for those who do not read.
   */
  bulk?: { words: string; events?: number; states?: number }
}

const listFirst = 8
/** Half as many are near. */
const nearFirst = 4
/** By meaning alone: every livestream has a place, which moves with its title. */
const update = 'kind added { rank node { id title revision } } removed moved { id rank } updated { rank node { id title revision } }'
const search = 'searchLivestreams(hybrid: { text: "n0000042", alpha: 1 }, filter: { category: { eq: "vinyl" } }, first: 8'
const chatsAndChanges = 'types: ["ChatPosted", "LivestreamChanged"]'
/** All that there are of a category: nothing is left to be tried at random. */
const feed = 'feed(userId: "ada", filter: { category: { eq: "vinyl" } }, first: 50'
/** Transports of which a connection has any number of subscriptions. */
const sharesConnection = new Set(['graphql-ws', 'single-connection SSE'])

const list = (category: string, first: number, more = ''): string => `subscription {
  livestreams(filter: { category: { eq: "${category}" } }, orderBy: [{ field: TITLE }], first: ${first} ${more}) { ${update} }
}`
const copies = (field: string, length = 0): string => Array.from({ length }, (_, n) => `copy${n}: ${field}`).join(' ')

/** What searches and feeds must show at rest: its fields are those of the judges. */
export const evaluatedQuery = `{ ${search}) { nodes { id title } } ${feed}) { nodes { id title } } }`

/** The subscriptions that are followed by a transport, of every kind, and who judges each. */
export function* operationsBy(transport: string, { ledger, followed, metricsMayFall, bulk }: OperationsOptions): Generator<[Judge, string]> {
  yield [new EventsJudge(`events by ${transport}`, ledger), `subscription { events(${chatsAndChanges}) { id type subject ${copies('data', bulk?.events)} } }`]
  for (const id of ledger.livestreams.slice(0, followed))
    yield [new StateJudge(`livestream ${id} by ${transport}`, ledger, id), `subscription { livestream(id: "${id}") { id title revision ${copies('description', bulk?.states)} } }`]
  const id = ledger.livestreams[0] as string
  yield [new MetricsJudge(`metrics by ${transport}`, ledger, { id, mayFall: metricsMayFall }),
    `subscription { metrics(entities: ["livestream:${id}"]) { metrics { chats { total } } } }`]
  for (const category of ['vinyl', 'cards'])
    yield [new ListJudge(`${category} by ${transport}`, ledger, { category, first: listFirst }), list(category, listFirst)]
  // What decides on them is the same for all transports; and bulk is about nothing.
  if (!bulk && sharesConnection.has(transport)) {
    yield [new NearEventsJudge(`near events by ${transport}`, ledger), `subscription { events(${chatsAndChanges}, ${near}) { id type subject } }`]
    yield [new ListJudge(`near vinyl by ${transport}`, ledger, { category: 'vinyl', first: nearFirst, nearOnly: true }), list('vinyl', nearFirst, near)]
  }
  for (const [name, field, query] of [['search', 'searchLivestreams', search], ['feed', 'feed', feed]] as const)
    yield [new EvaluatedJudge(`a ${name} by ${transport}`, ledger, field), `subscription { ${query}, throttleMs: 100) { ${update} } }`]
}
