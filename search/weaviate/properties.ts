import type { EntityKind } from '../../events/entity.ts'
import { entityFields, type FieldDefinition, type FieldValue } from '../entities.ts'
import type { StoredEntity } from '../entity-index.ts'
import { foldedOf, keyOf, wordsOf } from './texts.ts'

/** How an entity's fields lie in the properties of a Weaviate object. */

export interface Property {
  name: string
  dataType: [string]
  tokenization?: 'field' | 'whitespace'
  indexFilterable: boolean
  indexSearchable: boolean
}

export const idProperty = 'entityId'
export const stampProperties = ['revision', 'eventTime', 'appliedAt'] as const

/** Compared and ordered by: the field itself for numbers and booleans. */
export const comparedProperty = (field: string, definition: FieldDefinition | undefined): string =>
  definition === undefined ? keyProperty(idProperty) : isText(definition) ? keyProperty(field) : field
export const foldedProperty = (field: string): string => `${field}_folded`
export const wordsProperty = (field: string): string => `${field}_words`
/** True where the field is there. The engine puts missing values first when it sorts upwards; sorting by this one goes before. */
export const heldProperty = (field: string): string => `${field}_held`
const keyProperty = (field: string): string => `${field}_key`

const isText = ({ type }: FieldDefinition): boolean => type === 'text' || type === 'keyword' || type === 'keywords'
const isCompared = ({ filterable, orderable }: FieldDefinition): boolean => filterable === true || orderable === true

const dataTypes = {
  text: 'text', keyword: 'text', keywords: 'text[]', integer: 'int', timestamp: 'int', number: 'number', boolean: 'boolean',
} as const satisfies Record<FieldDefinition['type'], string>

export const definitionsOf = (kind: EntityKind): [string, FieldDefinition][] =>
  Object.entries(entityFields[kind] as Record<string, FieldDefinition>)

/** All properties of a kind's collection. */
export function propertiesOf(kind: EntityKind): Property[] {
  const stored = (name: string, dataType: string): Property =>
    ({ name, dataType: [dataType], indexFilterable: false, indexSearchable: false })
  const compared = (name: string, dataType: string): Property => ({ ...stored(name, dataType), indexFilterable: true })
  const text = (name: string, dataType = 'text'): Property => ({ ...compared(name, dataType), tokenization: 'field' })
  return [
    stored(idProperty, 'text'), text(keyProperty(idProperty)),
    ...stampProperties.map((name) => stored(name, 'int')),
    ...definitionsOf(kind).flatMap(([name, definition]): Property[] => {
      const dataType = dataTypes[definition.type]
      return [
        isCompared(definition) && !isText(definition) ? compared(name, dataType) : stored(name, dataType),
        ...(isCompared(definition) && isText(definition) ? [text(keyProperty(name), dataType)] : []),
        ...(definition.type === 'text' && definition.filterable ? [text(foldedProperty(name))] : []),
        ...(definition.orderable ? [stored(heldProperty(name), 'boolean')] : []),
        ...(definition.searchable
          ? [{ ...stored(wordsProperty(name), 'text'), indexSearchable: true, tokenization: 'whitespace' as const }] : []),
      ]
    }),
  ]
}

/** What a query asks back: originals only. */
export const returnedProperties = (kind: EntityKind): string[] =>
  [idProperty, ...stampProperties, ...definitionsOf(kind).map(([name]) => name)]

/** The full-text properties with their weights, as the engine writes them. */
export const searchedProperties = (kind: EntityKind): { name: string; weight: number }[] =>
  definitionsOf(kind).flatMap(([name, { searchable }]) => (searchable ? [{ name: wordsProperty(name), weight: searchable }] : []))

export type Stored = Record<string, FieldValue | null>

/** The properties that hold the given fields; `null` removes. The caller has validated the fields. */
export function toProperties(kind: EntityKind, fields: Readonly<Record<string, FieldValue | null>>): Stored {
  const properties: Stored = {}
  for (const [name, definition] of definitionsOf(kind)) {
    const given = fields[name]
    if (given === undefined) continue
    // The engine keeps an empty list as something that is there.
    const value = Array.isArray(given) && given.length === 0 ? null : given
    const put = (property: string, make: (value: FieldValue) => FieldValue): void => {
      properties[property] = value === null ? null : make(value)
    }
    put(name, (original) => original)
    if (isCompared(definition) && isText(definition)) {
      put(keyProperty(name), (text) => (Array.isArray(text) ? text.map(keyOf) : keyOf(text as string)))
    }
    if (definition.type === 'text' && definition.filterable) put(foldedProperty(name), (text) => foldedOf(text as string))
    if (definition.orderable) put(heldProperty(name), () => true)
    if (definition.searchable) put(wordsProperty(name), (text) => wordsOf(Array.isArray(text) ? text.join(' ') : text as string))
  }
  return properties
}

export const identityProperties = (id: string): Stored => ({ [idProperty]: id, [keyProperty(idProperty)]: keyOf(id) })

/** The entity in an object's returned properties. */
export function toEntity(kind: EntityKind, properties: Readonly<Record<string, unknown>>): StoredEntity {
  const fields: Record<string, FieldValue> = {}
  for (const [name] of definitionsOf(kind)) {
    const value = properties[name] as FieldValue | null | undefined
    if (value !== undefined && value !== null) fields[name] = value
  }
  const [revision, eventTime, appliedAt] = stampProperties.map((name) => properties[name] as number)
  return { kind, id: properties[idProperty] as string, fields, revision: revision!, eventTime: eventTime!, appliedAt: appliedAt! }
}
