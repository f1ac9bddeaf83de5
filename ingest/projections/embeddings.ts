import type { FreshetEvent } from '../../events/vocabulary.ts'
import type { Effect } from '../effects.ts'

export const embeddingComputed = (event: FreshetEvent<'EmbeddingComputed'>): Effect[] =>
  [{ entity: event.subject, vector: { model: event.data.model, values: event.data.vector } }]
