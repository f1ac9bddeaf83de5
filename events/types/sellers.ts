import Type from 'typebox'
import { Country, Label, Labels, Language, LongText, Name } from './fields.ts'

const profile = {
  name: Type.Optional(Name),
  description: Type.Optional(LongText),
  categories: Type.Optional(Labels),
  language: Type.Optional(Language),
  country: Type.Optional(Country),
  verified: Type.Optional(Type.Boolean()),
  /** Mean of buyers' ratings, 0 to 5. */
  rating: Type.Optional(Type.Number({ minimum: 0, maximum: 5 })),
}

export const SellerRegistered = Type.Object({ ...profile, name: Name })
export const SellerProfileChanged = Type.Object(profile)
export const SellerDeleted = Type.Object({ reason: Type.Optional(Label) })
