import type { ChangeBatch } from '../ingest/change-reader.ts'
import type { EntityChanged } from '../ingest/changes.ts'
import type { SearchQuery } from '../resolvers/live-list.ts'
import { entityFields, type FieldDefinition } from '../search/entities.ts'
import { legWeights } from '../search/fusion.ts'
import { fieldsOf } from '../search/matches.ts'
import type { Announced } from './announced.ts'
import { idOf, isSeen } from './images.ts'

/** What a batch means for the result of a query. */
export interface Concern {
  /** The result may be another. */
  isDirty: boolean
  /** Livestreams in it that are not what they were, where the result does not say that itself. */
  touched: readonly string[]
}

export type Concerns = (announced: Announced, shows: (id: string) => boolean) => Concern

const none: readonly string[] = []
const isLivestream = ({ entity }: EntityChanged): boolean => entity.startsWith('livestream:')
const isVisible = ({ operation, changed }: EntityChanged): boolean => operation !== 'updated' || Object.keys(changed).some(isSeen)

const touchedOf = (livestreams: readonly EntityChanged[], shows: (id: string) => boolean): readonly string[] =>
  livestreams.length === 0 ? none : livestreams.filter((change) => isVisible(change) && shows(idOf(change.entity))).map(({ entity }) => idOf(entity))

const visible = new WeakMap<ChangeBatch, ReadonlySet<string>>()

/** Livestreams that are not what they were, whoever shows them; looked for once for all. */
export function visibleIn(batch: ChangeBatch): ReadonlySet<string> {
  let ids = visible.get(batch)
  if (!ids) visible.set(batch, ids = new Set(batch.entities.filter((change) => isLivestream(change) && isVisible(change)).map(({ entity }) => idOf(entity))))
  return ids
}

/**
 * A search changes with the texts and vectors that it looks at and with what its filter names, of whichever livestream, and with all that
 * is seen of those in it. Its results hold their livestreams, so that two of them can be compared.
 */
export function searchConcerns({ hybrid, filter }: SearchQuery): Concerns {
  const { text, vector } = legWeights(hybrid)
  const fields = new Set(filter ? fieldsOf(filter) : [])
  if (text > 0) for (const name of searchable) fields.add(name)
  if (vector > 0 && hybrid.vector) fields.add(`vector:${hybrid.vector.space}`)
  return ({ batch }, shows) => {
    const livestreams = batch.entities.filter(isLivestream)
    return {
      touched: none,
      isDirty: touchedOf(livestreams, shows).length > 0
        || livestreams.some(({ operation, changed }) => operation !== 'updated' || Object.keys(changed).some((name) => fields.has(name))),
    }
  }
}

const searchable = Object.entries(entityFields.livestream as Record<string, FieldDefinition>)
  .filter(([, definition]) => definition.searchable).map(([name]) => name)

/** What a batch means for feeds, looked at once for all of them. */
interface FeedNews {
  /** Of those who are or were live. */
  livestreams: readonly EntityChanged[]
  /** Metrics of livestreams or sellers moved: they count in everybody's feed. */
  moved: boolean
  users: ReadonlySet<string>
}

const news = new WeakMap<ChangeBatch, FeedNews>()

function newsOf(batch: ChangeBatch): FeedNews {
  let found = news.get(batch)
  if (!found) {
    const counted = batch.metrics.flatMap(({ entities }) => entities.map(({ entity }) => entity))
    found = {
      livestreams: batch.entities.filter((change) => isLivestream(change) && isOfLive(change)),
      moved: counted.some((entity) => !entity.startsWith('user:')),
      users: new Set([...counted, ...batch.entities.map(({ entity }) => entity)].filter((entity) => entity.startsWith('user:'))),
    }
    news.set(batch, found)
  }
  return found
}

const isOfLive = ({ operation, changed, after }: EntityChanged): boolean =>
  operation === 'deleted' || after?.status === 'LIVE' || changed.status === 'LIVE'

/** A feed changes with those who are live, with their metrics and their sellers', and with its person. */
export const feedConcerns = (userId: string): Concerns => ({ batch }, shows) => {
  const { livestreams, moved, users } = newsOf(batch)
  return { isDirty: moved || livestreams.length > 0 || users.has(`user:${userId}`), touched: touchedOf(livestreams, shows) }
}
