import type { EntityKind } from '../events/entity.ts'

/**
 * What is kept of each kind of entity. The index's schema, the projections' target, change records, filter inputs and
 * orderings derive from this list.
 */
export type FieldType = 'text' | 'keyword' | 'keywords' | 'integer' | 'number' | 'boolean' | 'timestamp'

export interface FieldDefinition {
  type: FieldType
  /** Takes part in full-text search; the number is its weight in BM25. */
  searchable?: number
  filterable?: boolean
  orderable?: boolean
}

const filter = { filterable: true } as const
const order = { filterable: true, orderable: true } as const

/** Timestamps are milliseconds since the epoch, money is in minor units. */
export const entityFields = {
  user: {
    name: { type: 'text', searchable: 2, ...order },
    bio: { type: 'text', searchable: 1 },
    interests: { type: 'keywords', searchable: 1, ...filter },
    language: { type: 'keyword', ...filter },
    country: { type: 'keyword', ...filter },
    registeredAt: { type: 'timestamp', ...order },
  },
  seller: {
    name: { type: 'text', searchable: 2, ...order },
    description: { type: 'text', searchable: 1 },
    categories: { type: 'keywords', searchable: 1, ...filter },
    language: { type: 'keyword', ...filter },
    country: { type: 'keyword', ...filter },
    verified: { type: 'boolean', ...filter },
    rating: { type: 'number', ...order },
    registeredAt: { type: 'timestamp', ...order },
    popularity: { type: 'number', ...order },
  },
  livestream: {
    sellerId: { type: 'keyword', ...filter },
    title: { type: 'text', searchable: 2, ...order },
    description: { type: 'text', searchable: 1 },
    category: { type: 'keyword', searchable: 1, ...order },
    tags: { type: 'keywords', searchable: 1, ...filter },
    language: { type: 'keyword', ...filter },
    thumbnailUrl: { type: 'keyword' },
    /** SCHEDULED, LIVE or ENDED. */
    status: { type: 'keyword', ...order },
    scheduledFor: { type: 'timestamp', ...order },
    startedAt: { type: 'timestamp', ...order },
    endedAt: { type: 'timestamp', ...order },
    auctionId: { type: 'keyword', ...filter },
    auctionActive: { type: 'boolean', ...filter },
    currentBid: { type: 'integer', ...order },
    highestBidderId: { type: 'keyword', ...filter },
    bidCurrency: { type: 'keyword', ...filter },
    giveawayActive: { type: 'boolean', ...filter },
    // Rate-limited copies of metrics, for filters and orderings only; the metric view has the exact values.
    viewersNow: { type: 'integer', ...order },
    popularity: { type: 'number', ...order },
  },
} as const satisfies Record<EntityKind, Record<string, FieldDefinition>>

/** Without one of these an entity is not there: a bid alone does not make a livestream. */
export const coreFields = {
  user: ['name'],
  seller: ['name'],
  livestream: ['title', 'sellerId', 'status'],
} as const satisfies { [K in EntityKind]: readonly (keyof (typeof entityFields)[K])[] }

export type FieldName<K extends EntityKind> = keyof (typeof entityFields)[K] & string

type ValueOf<T extends FieldType> = T extends 'text' | 'keyword' ? string
  : T extends 'keywords' ? readonly string[]
  : T extends 'boolean' ? boolean
  : number

/** The fields of a stored entity. A field that was never set, or was set to null, is absent. */
export type EntityFields<K extends EntityKind> = {
  -readonly [F in FieldName<K>]?: (typeof entityFields)[K][F] extends { type: infer T extends FieldType } ? ValueOf<T> : never
}

export type FieldValue = string | number | boolean | readonly string[]
/** Fields of an entity whose kind is not known statically. */
export type AnyFields = Readonly<Record<string, FieldValue>>

/** Definition of a field by name, or undefined. */
export const fieldOf = (kind: EntityKind, field: string): FieldDefinition | undefined =>
  Object.hasOwn(entityFields[kind], field)
    ? (entityFields[kind] as Record<string, FieldDefinition>)[field]
    : undefined

/** The text from which an entity's embedding is computed; a change of one of these re-embeds, nothing else does. */
export function textOf(kind: EntityKind, fields: AnyFields): string {
  return Object.entries(entityFields[kind] as Record<string, FieldDefinition>)
    .filter(([, definition]) => definition.searchable)
    .map(([name]) => fields[name])
    .filter((value) => value !== undefined)
    .map((value) => (Array.isArray(value) ? value.join(' ') : String(value)))
    .join('\n')
}
