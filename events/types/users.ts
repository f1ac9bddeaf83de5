import Type from 'typebox'
import { Country, Label, Labels, Language, LongText, Name } from './fields.ts'

const profile = {
  name: Type.Optional(Name),
  bio: Type.Optional(LongText),
  /** Categories that the person says to like. */
  interests: Type.Optional(Labels),
  language: Type.Optional(Language),
  country: Type.Optional(Country),
}

export const UserRegistered = Type.Object({ ...profile, name: Name, referrer: Type.Optional(Label) })
export const UserProfileChanged = Type.Object(profile)
export const UserDeleted = Type.Object({ reason: Type.Optional(Label) })
