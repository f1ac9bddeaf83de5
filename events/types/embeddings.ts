import Type from 'typebox'

/** A vector that was computed elsewhere. Vectors of one model form one space; their length must equal `dimensions`. */
export const EmbeddingComputed = Type.Object({
  model: Type.String({ minLength: 1, maxLength: 100, pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]*$' }),
  dimensions: Type.Integer({ minimum: 1, maximum: 4_096 }),
  vector: Type.Array(Type.Number({ minimum: -1e6, maximum: 1e6 }), { minItems: 1, maxItems: 4_096 }),
})
