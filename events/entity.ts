/** The kinds of entity that events speak of. The list from which types, collections and subgraphs derive. */
export const entityKinds = ['user', 'seller', 'livestream'] as const
export type EntityKind = (typeof entityKinds)[number]

/** An entity's name on the wire: `livestream:ls-42`. It is the record key of every topic and a CloudEvent's `subject`. */
export type EntityKey = `${EntityKind}:${string}`

export const entityKey = (kind: EntityKind, id: string): EntityKey => `${kind}:${id}`

/** Ids are 1–128 characters without white space or control characters; they may hold colons. */
const pattern = /^(user|seller|livestream):([^\s\p{Cc}]{1,128})$/u

/** Splits a key, or gives `null` where it is none. */
export function parseEntityKey(key: string): { kind: EntityKind; id: string } | null {
  const match = pattern.exec(key)
  return match ? { kind: match[1] as EntityKind, id: match[2] as string } : null
}
