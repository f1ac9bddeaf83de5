import type { FreshetEvent } from '../../events/vocabulary.ts'
import type { Effect } from '../effects.ts'
import { given } from './given.ts'

type Profile = FreshetEvent<'SellerProfileChanged'>['data']

const profile = ({ name, description, categories, language, country, verified, rating }: Profile) =>
  ({ name, description, categories, language, country, verified, rating })

export const sellerRegistered = (event: FreshetEvent<'SellerRegistered'>, at: number): Effect[] =>
  [{ entity: event.subject, fields: given({ ...profile(event.data), registeredAt: at }) }]

export const sellerProfileChanged = (event: FreshetEvent<'SellerProfileChanged'>): Effect[] =>
  [{ entity: event.subject, fields: given(profile(event.data)) }]

export const sellerDeleted = (event: FreshetEvent<'SellerDeleted'>): Effect[] =>
  [{ entity: event.subject, tombstone: true }]
