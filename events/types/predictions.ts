import Type from 'typebox'
import { DateTime, Id, Label } from './fields.ts'

/** What a feed showed to whom, with all that is needed to learn from the outcome later. */
export const FeedServed = Type.Object({
  feedId: Id,
  userId: Id,
  servedAt: DateTime,
  /** Version of the ranking that produced it. */
  model: Label,
  items: Type.Array(
    Type.Object({
      livestreamId: Id,
      position: Type.Integer({ minimum: 0 }),
      score: Type.Number(),
      /** Probability with which this item was shown here (1 where nothing was random). */
      propensity: Type.Number({ minimum: 0, maximum: 1 }),
      features: Type.Record(Type.String({ maxLength: 64 }), Type.Number()),
      sources: Type.Array(Label, { maxItems: 16 }),
    }),
    { maxItems: 500 },
  ),
})
