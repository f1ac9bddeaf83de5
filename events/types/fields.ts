import Type from 'typebox'

/** Building blocks of the event schemas. Every text and list has a bound: an event comes from outside. */

export const Id = Type.String({ minLength: 1, maxLength: 128, pattern: '^[^\\s\\u0000-\\u001f\\u007f]+$' })
export const Name = Type.String({ minLength: 1, maxLength: 200 })
export const Title = Type.String({ minLength: 1, maxLength: 300 })
export const LongText = Type.String({ maxLength: 10_000 })
export const Label = Type.String({ minLength: 1, maxLength: 64 })
export const Labels = Type.Array(Label, { maxItems: 50 })
/** BCP 47, as in `en` or `pt-BR`. */
export const Language = Type.String({ pattern: '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$', maxLength: 35 })
/** ISO 3166-1 alpha-2. */
export const Country = Type.String({ pattern: '^[A-Z]{2}$' })
/** ISO 4217. */
export const Currency = Type.String({ pattern: '^[A-Z]{3}$' })
/** Money in the currency's minor unit (cents), whole, so that sums are exact. */
export const Amount = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000 })
/** RFC 3339 with a zone. */
export const DateTime = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(\\.\\d{1,9})?(Z|[+-]\\d{2}:\\d{2})$',
  maxLength: 35,
})
export const Url = Type.String({ maxLength: 2_000, pattern: '^https?://' })
