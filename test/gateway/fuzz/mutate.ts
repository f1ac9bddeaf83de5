import type { Random } from '../../federation/differential/random.ts'

/** Bytes that parsers have stumbled over. */
const tokens = [
  '{', '}', '[', ']', '(', ')', '"', '"""', '\\', '\\u0000', '\\uD800', '\\u{1F600}', '$', '$v: Int! = null', '@include(if: true)', '@skip', '...', '...F', '... on',
  'null', 'true', '-0', '1e999', '-1', '9007199254740993', '0.1e-400', '__schema', '__typename', '__proto__', 'constructor', '#', ',', ':', '!', '|', '&', '=',
  'query', 'mutation', 'subscription', 'fragment F on Query { ...F }', '\r\n', '\n', '\t', '\ufeff', '\u0000', '\u2028', '😀', 'ł', '[[[[[[[[[[', '{{{{{{{{{{', '}}}}', '%00', '%', '&query=',
].map((text) => Buffer.from(text))

const raw = [[0xff], [0xfe, 0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80], [0]].map((bytes) => Buffer.from(bytes))

/** Stands for a value that is nested deeper than what writes JSON can follow; see {@link textOf}. */
const deep = '@deep@'

/** As JSON. */
export const textOf = (value: unknown): string =>
  (JSON.stringify(value) ?? 'undefined').replace(`"${deep}"`, () => `${'['.repeat(30_000)}1${']'.repeat(30_000)}`).replace(`"${deep}"`, () => `${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)

/** Values where others are expected. */
const values: (() => unknown)[] = [
  () => null, () => true, () => 0, () => -1, () => 1.5, () => 1e308, () => 9007199254740993, () => '', () => 'x'.repeat(10_000), () => '\ud800', () => '\u0000', () => [], () => ({}),
  () => [[]], () => [null], () => [[[[[[[[[[[1]]]]]]]]]]], () => deep, () => [deep, deep],
  () => JSON.parse('{"__proto__":{"query":"{ __typename }"}}') as unknown, () => ({ toString: 1, valueOf: null, then: 'x', length: -1 }), () => Array.from({ length: 3_000 }, (_, each) => each),
  () => ({ query: '{ __typename }' }), () => '{ __typename }', () => 'livestream:control', () => '2026-01-01T00:00:00Z', () => '-271821-04-20T00:00:00Z', () => '+275760-09-13T00:00:00.001Z',
]

/** The same bytes with a few things wrong. */
export function mutatedBytes(given: Buffer, random: Random): Buffer {
  let bytes = given
  for (let times = 1 + random.below(4); times > 0; times--) {
    const at = random.below(bytes.length + 1)
    const to = Math.min(bytes.length, at + random.below(random.chance(0.8) ? 8 : 200))
    const insert = (what: Buffer, until = at): Buffer => Buffer.concat([bytes.subarray(0, at), what, bytes.subarray(until)])
    switch (random.below(8)) {
      case 0: bytes = insert(random.pick(tokens)); break
      case 1: bytes = insert(random.pick(tokens), to); break
      case 2: bytes = insert(Buffer.alloc(0), to); break
      case 3: bytes = insert(bytes.subarray(at, to)); break
      case 4: bytes = insert(random.pick(raw)); break
      case 5: bytes = bytes.subarray(0, at); break
      case 6: bytes = insert(Buffer.from([random.below(256)]), Math.min(bytes.length, at + 1)); break
      default: bytes = Buffer.concat([bytes.subarray(0, at), ...Array<Buffer>(random.below(50)).fill(random.pick(tokens)), bytes.subarray(at)])
    }
  }
  return bytes
}

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null

/** The same JSON with a few members replaced, renamed, left out or added. */
export function mutatedJson(given: Json, random: Random): unknown {
  if (random.chance(0.03)) return random.pick(values)()
  const copy = structuredClone(given)
  for (let times = 1 + random.below(3); times > 0; times--) {
    let node: Json = copy
    let keys = Object.keys(node)
    while (keys.length > 0) {
      const key = random.pick(keys)
      const inner = node[key]
      if (isObject(inner) && random.chance(0.75) && Object.keys(inner).length > 0) {
        node = inner
        keys = Object.keys(node)
        continue
      }
      const kind = random.below(5)
      if (kind === 0) delete node[key]
      else if (kind === 1) {
        node[random.pick(['query', 'variables', 'extensions', 'operationName', 'documentId', 'id', 'type', 'payload', key + key])] = inner
      } else if (kind === 2 && typeof inner === 'string') node[key] = mutatedBytes(Buffer.from(inner), random).toString('utf8')
      else node[key] = random.pick(values)()
      break
    }
  }
  return copy
}
