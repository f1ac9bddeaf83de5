import { hash } from 'node:crypto'
import type { EntityKind } from '../../events/entity.ts'

/** Names on the server: deterministic, so that every process finds what another one made. */

/** Any text as letters, digits and underscores, reversibly: other bytes become `_` and two hexadecimal digits. */
const encode = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte)
    return /[0-9A-Za-z]/.test(character) ? character : `_${byte.toString(16).padStart(2, '0')}`
  }).join('')

const decode = (encoded: string): string =>
  decodeURIComponent(encoded.replace(/_([0-9a-f]{2})/g, '%$1'))

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** The alias that queries and writes go to. */
export const aliasOf = (prefix: string, kind: EntityKind): string => `${capitalised(encode(prefix))}_${capitalised(kind)}`

export const collectionOf = (prefix: string, kind: EntityKind, generation: number): string => `${aliasOf(prefix, kind)}_g${generation}`

/** The number in the name of one of the kind's collections, or null. */
export function generationIn(prefix: string, kind: EntityKind, collection: string): number | null {
  const start = `${aliasOf(prefix, kind)}_g`
  const number = collection.startsWith(start) ? collection.slice(start.length) : ''
  return /^[1-9]\d*$/.test(number) ? Number(number) : null
}

/**
 * The named vector of a space. Its dimensions are part of the name: the server says them nowhere else, and every process
 * must know them before it writes or asks.
 */
export const vectorOf = (space: string, dimensions: number): string => `v${encode(space)}__${dimensions}`

export function spaceIn(vector: string): { space: string; dimensions: number } | null {
  const match = /^v((?:[0-9A-Za-z]|_[0-9a-f]{2})*)__([1-9]\d*)$/.exec(vector)
  return match ? { space: decode(match[1]!), dimensions: Number(match[2]) } : null
}

/** Namespace of the UUIDs below, itself drawn at random once. */
const namespace = Buffer.from('5d3a2c0e9b7f4e6c8a41c6f20b9d7e13', 'hex')

/** The object's UUID: version 5 (RFC 9562, section 5.5) of kind and id. */
export function uuidOf(kind: EntityKind, id: string): string {
  const digest = hash('sha1', Buffer.concat([namespace, Buffer.from(`${kind}:${id}`)]), 'buffer')
  digest[6] = (digest[6]! & 0x0f) | 0x50
  digest[8] = (digest[8]! & 0x3f) | 0x80
  const hex = digest.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`
}
