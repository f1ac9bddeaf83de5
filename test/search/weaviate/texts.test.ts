import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { containsPattern, foldedOf, keyOf, wordsOf } from '../../../search/weaviate/texts.ts'

const text = fc.string({ unit: 'grapheme', maxLength: 12 })
const awkward = fc.array(fc.constantFrom('a', 'A', 'É', '*', '?', '\n', ' ', '\t', '\\', '.', '\u{1F600}', '\uFFFD', '\u3000', 'ß'), { maxLength: 6 })
  .map((parts) => parts.join(''))

/** As the server matches `like` on a property that is one token: trimmed, `*` for anything but a line feed. */
const like = (pattern: string, held: string): boolean =>
  new RegExp(`^${pattern.trim().replace(/[.\\+^$()[\]{}|]/g, '\\$&').replaceAll('?', '.').replaceAll('*', '.*')}$`, 'u').test(held.trim())

describe('texts in Weaviate', () => {
  it('have keys that are equal for equal texts only, and ordered as the texts are, whatever their case', () => {
    fc.assert(fc.property(fc.oneof(text, awkward), fc.oneof(text, awkward), (a, b) => {
      assert.equal(keyOf(a) === keyOf(b), a === b)
      assert.equal(keyOf(a) < keyOf(b), a < b)
      // The server orders without regard to case and trims.
      assert.equal(keyOf(a), keyOf(a).toLowerCase().trim())
      assert.notEqual(keyOf(a), '')
    }), { numRuns: 500 })
  })

  it('contain what they contain, wildcards, line feeds and white space included', () => {
    fc.assert(fc.property(awkward, awkward, (held, part) => {
      assert.equal(like(containsPattern(part), foldedOf(held)), held.toLowerCase().includes(part.toLowerCase()))
    }), { numRuns: 2000 })
    assert.ok(!like(containsPattern('*'), foldedOf('abc')))
    assert.ok(like(containsPattern('*'), foldedOf('a*c')))
  })

  it('have the words that the embedded index finds in them', () => {
    assert.equal(wordsOf('  Größe: 50% of हिन्दी, ＦＵＬＬ-width! '), 'größe 50 of हिन्दी full width')
  })
})
