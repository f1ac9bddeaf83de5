import { normalised } from '../search/vector-math.ts'
import type { RequestContext } from './context.ts'
import { badInput, checkText } from './errors.ts'

/** How near something must be, by the cosine of vectors of one model. */
export interface Near {
  space: string
  values: Float32Array
  minSimilarity: number
}

export interface NearArguments {
  text?: string | null
  vector?: readonly number[] | null
  model?: string | null
  minSimilarity: number
}

const maxTextLength = 1_000
const maxDimensions = 4_096

/**
 * The direction of a client's vector, as one of length 1: nothing else counts for cosines, and in 32-bit floats squares of large and
 * small numbers are infinite or 0.
 *
 * @throws GraphQLError `BAD_USER_INPUT` where it has none
 */
export function directionOf(name: string, vector: readonly number[]): Float32Array {
  const largest = vector.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  if (vector.length > maxDimensions || largest === 0)
    throw badInput(`"${name}" must have 1 to ${maxDimensions} numbers that are not all 0, but has ${vector.length}${vector.length > 0 && largest === 0 ? ' that are' : ''}.`)
  return normalised(Float32Array.from(vector, (value) => value / largest))
}

/** Embeds the text, where a text is given. */
export async function toNear({ text, vector, model, minSimilarity }: NearArguments, { services: { embedder }, signal }: RequestContext): Promise<Near> {
  if ((text == null) === (vector == null)) throw badInput('"near" needs either "text" or "vector".')
  if (!(minSimilarity >= -1 && minSimilarity <= 1)) throw badInput(`"near.minSimilarity" must be from -1 to 1, but is ${minSimilarity}.`)
  if (vector != null) return { space: model ?? embedder.model, values: directionOf('near.vector', vector), minSimilarity }
  checkText('near.text', text!, maxTextLength)
  if (model != null && model !== embedder.model)
    throw badInput(`"near.text" is embedded by "${embedder.model}"; to compare with vectors of "${model}" give a "vector" of that model.`)
  const [values] = await embedder.embed([text!], signal)
  if (!values?.some((value) => value !== 0)) throw badInput('"near.text" has no words.')
  return { space: embedder.model, values, minSimilarity }
}
