import type { FreshetEvent } from '../../events/vocabulary.ts'
import type { Effect } from '../effects.ts'
import { given } from './given.ts'

type Profile = FreshetEvent<'UserProfileChanged'>['data']

const profile = ({ name, bio, interests, language, country }: Profile) => ({ name, bio, interests, language, country })

export const userRegistered = (event: FreshetEvent<'UserRegistered'>, at: number): Effect[] =>
  [{ entity: event.subject, fields: given({ ...profile(event.data), registeredAt: at }) }]

export const userProfileChanged = (event: FreshetEvent<'UserProfileChanged'>): Effect[] =>
  [{ entity: event.subject, fields: given(profile(event.data)) }]

export const userDeleted = (event: FreshetEvent<'UserDeleted'>): Effect[] =>
  [{ entity: event.subject, tombstone: true }]
