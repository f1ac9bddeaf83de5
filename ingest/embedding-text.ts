import { textOf } from '../search/entities.ts'
import { liveFields } from './entity-state.ts'
import type { EntityState } from './entity-state.ts'
import { hash53 } from './hash.ts'

/** The text of an entity's own embedding, and a name for it that no other model and (practically) no other text has. */
export interface EmbeddingText {
  text: string
  name: string
}

export function embeddingTextOf(state: EntityState, model: string): EmbeddingText {
  const text = textOf(state.kind, liveFields(state))
  return { text, name: `${model} ${hash53(text).toString(36)}` }
}

/** In place of a text's name: the vector of another text may be in the index or on its way there. */
export const doubtfulText = '?'

/**
 * Whether ingest has to compute the vector: the text is another than the one embedded last, and nobody else's
 * EmbeddingComputed speaks for the same model. An empty text has no vector, so it only takes one away.
 */
export const needsEmbedding = (state: EntityState, { text, name }: EmbeddingText, model: string): boolean =>
  state.embeddedText !== name && !state.vectors?.has(model) && (text !== '' || state.embeddedText !== null)
