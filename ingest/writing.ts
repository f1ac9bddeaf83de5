import { withTimeLimit } from '../events/abort.ts'
import type { EntityKind } from '../events/entity.ts'
import type { FieldValue } from '../search/entities.ts'
import type { Embedder } from '../search/embedder.ts'
import type { EntityIndex, IndexWriter, Upsert } from '../search/entity-index.ts'
import { embeddingTextOf, needsEmbedding } from './embedding-text.ts'
import type { EmbeddingText } from './embedding-text.ts'
import { exists, fieldNames, holdVector, liveFields } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import type { IngestObserver, Logger } from './observer.ts'
import { persist } from './persist.ts'
import type { IngestSettings } from './settings.ts'

export interface WritingOptions {
  /** The serving index, or a generation that is being built. */
  writer: IndexWriter
  /** Where vectors of entities about to be deleted are asked for. */
  index: Pick<EntityIndex, 'getMany'>
  embedder: Embedder
  settings: IngestSettings
  logger: Logger
  metrics: IngestObserver
  /** Ends all attempts. */
  signal: AbortSignal
}

/** What a round writes to the index: one write an entity. */
export interface Writes {
  upserts: Upsert[]
  deletes: { kind: EntityKind; id: string }[]
}

/** The most entities of one index call, so that a call's time is bounded. */
const maxUpserts = 100

/** Writes until it is done. Both kinds concern different entities, so their order is free. */
export async function write({ upserts, deletes }: Writes, options: WritingOptions): Promise<void> {
  const { writer } = options
  for (let at = 0; at < upserts.length; at += maxUpserts) {
    const some = upserts.length <= maxUpserts ? upserts : upserts.slice(at, at + maxUpserts)
    await onIndex(options, `writing ${some.length} entities`, () => limited(options, (signal) => writer.upsert(some, signal)))
  }
  if (deletes.length > 0)
    await onIndex(options, `deleting ${deletes.length} entities`, () => limited(options, (signal) => writer.delete(deletes, signal)))
}

/** One index call, bounded in time. */
export const limited = <T>({ signal, settings }: Pick<WritingOptions, 'signal' | 'settings'>, call: (signal: AbortSignal) => Promise<T>): Promise<T> =>
  withTimeLimit(signal, settings.upsertTimeoutMs, call)

const onIndex = <T>({ signal, logger, metrics }: WritingOptions, what: string, work: () => Promise<T>): Promise<T> =>
  persist({ system: 'index', what, signal, logger, metrics }, work)

/** Saves vectors that only the index holds before their entity is deleted there: it may come back. */
export async function holdOrphans(state: EntityState, models: readonly string[], options: WritingOptions): Promise<void> {
  const [stored] = await onIndex(options, 'reading vectors', () => limited(options, (signal) =>
    options.index.getMany(state.kind, [state.id], { withVectors: models, signal })))
  for (const [model, values] of Object.entries(stored?.vectors ?? {})) holdVector(state, model, values)
}

/** Vectors of texts, in order; an empty text has none. */
export async function embedTexts(texts: readonly EmbeddingText[], options: WritingOptions): Promise<(Float32Array | null)[]> {
  const { embedder, signal, logger, metrics } = options
  const wanted = texts.filter(({ text }) => text !== '')
  const vectors = wanted.length === 0 ? [] : await persist(
    { system: 'embedder', what: `embedding ${wanted.length} texts`, signal, logger, metrics },
    () => embedder.embed(wanted.map(({ text }) => text), signal),
  )
  let next = 0
  return texts.map(({ text }) => (text === '' ? null : vectors[next++] as Float32Array))
}

/** All fields of an entity, null where there is none: for an index of which nobody knows what it has. */
export function allFields(state: EntityState): Record<string, FieldValue | null> {
  const fields: Record<string, FieldValue | null> = {}
  for (const name of fieldNames[state.kind]) fields[name] = null
  return Object.assign(fields, liveFields(state))
}

function fullImage(state: EntityState, appliedAt: number): Upsert {
  const vectors: Record<string, Float32Array> = {}
  for (const [model, held] of state.vectors ?? []) {
    if (held.values === null) continue
    vectors[model] = held.values
    held.values = null
  }
  return { kind: state.kind, id: state.id, fields: allFields(state), vectors, revision: state.revision, eventTime: state.eventTime, appliedAt }
}

/**
 * Brings the index to what the states say, without announcing anything: whole entities, so it does not matter what the
 * index had. A remote embedder's texts are left pending unless `embedAll` says otherwise.
 */
export async function writeImages(
  states: Iterable<EntityState>, now: () => number, options: WritingOptions, { embedAll = options.embedder.local } = {},
): Promise<number> {
  const { embedder } = options
  let written = 0
  let some: EntityState[] = []
  const flush = async () => {
    const appliedAt = now()
    const writes: Writes = { upserts: [], deletes: [] }
    const texts: { text: EmbeddingText; state: EntityState; upsert: Upsert }[] = []
    for (const state of some) {
      if (!exists(state)) {
        // Should it come back, its vector has to be made again.
        state.embeddedText = null
        writes.deletes.push({ kind: state.kind, id: state.id })
        continue
      }
      const upsert = fullImage(state, appliedAt)
      writes.upserts.push(upsert)
      const text = embeddingTextOf(state, embedder.model)
      if (embedAll && needsEmbedding(state, text, embedder.model)) texts.push({ text, state, upsert })
    }
    const vectors = await embedTexts(texts.map(({ text }) => text), options)
    for (const [i, { text, state, upsert }] of texts.entries()) {
      upsert.vectors = { ...upsert.vectors, [embedder.model]: vectors[i] as Float32Array | null }
      state.embeddedText = text.name
    }
    await write(writes, options)
    written += some.length
    some = []
  }
  for (const state of states) {
    some.push(state)
    if (some.length === maxUpserts) await flush()
  }
  if (some.length > 0) await flush()
  return written
}
