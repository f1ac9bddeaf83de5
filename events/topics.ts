import type { TopicSpec } from './log.ts'

/** The names on the wire, in one place. A prefix (tests, several deployments on one broker) replaces `freshet`. */
export interface Topics {
  users: string
  sellers: string
  livestreams: string
  engagements: string
  embeddings: string
  /** Effects of an event on entities other than its own key, re-keyed for the one writer of each of those. */
  rekeyed: string
  changes: string
  state: string
  predictions: string
  deadLetters: string
}

export function topicNames(prefix = 'freshet'): Topics {
  return {
    users: `${prefix}.users`,
    sellers: `${prefix}.sellers`,
    livestreams: `${prefix}.livestreams`,
    engagements: `${prefix}.engagements`,
    embeddings: `${prefix}.embeddings`,
    rekeyed: `${prefix}.rekeyed`,
    changes: `${prefix}.changes`,
    state: `${prefix}.state`,
    predictions: `${prefix}.predictions`,
    deadLetters: `${prefix}.dead-letters`,
  }
}

/** The topics that producers write and that are the source of truth. */
export const domainTopics = (topics: Topics): string[] =>
  [topics.users, topics.sellers, topics.livestreams, topics.engagements, topics.embeddings]

/** What ingest reads: the domain topics and what it re-keyed for itself. */
export const ingestedTopics = (topics: Topics): string[] => [...domainTopics(topics), topics.rekeyed]

const DAY = 24 * 60 * 60 * 1000

/** Domain logs and predictions stay for ever; derived ones as long as somebody may have to catch up. */
export const topicSpecs = (topics: Topics): TopicSpec[] => [
  ...domainTopics(topics).map((name) => ({ name })),
  { name: topics.rekeyed, retentionMs: 7 * DAY },
  { name: topics.changes, retentionMs: 7 * DAY },
  { name: topics.state, compacted: true },
  { name: topics.predictions },
  { name: topics.deadLetters },
]

/**
 * The partition of a key: FNV-1a over its UTF-8 bytes (32 bits), modulo the count. One hash for every topic, so that all
 * that concerns an entity meets at the same partition number. Producers in other languages must use the same one.
 */
export function partitionOf(key: string, partitions: number): number {
  let hash = OFFSET_BASIS
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i)
    if (code > 0x7f) return hashBytes(utf8.encode(key)) % partitions
    hash = Math.imul(hash ^ code, PRIME)
  }
  return (hash >>> 0) % partitions
}

const OFFSET_BASIS = 0x811c9dc5
const PRIME = 0x01000193
const utf8 = new TextEncoder()

function hashBytes(bytes: Uint8Array): number {
  let hash = OFFSET_BASIS
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, PRIME)
  return hash >>> 0
}
