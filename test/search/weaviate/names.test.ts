import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { aliasOf, collectionOf, generationIn, spaceIn, uuidOf, vectorOf } from '../../../search/weaviate/names.ts'

describe('names in Weaviate', () => {
  it('of vectors are valid and give back space and dimensions', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 8192 }), (space, dimensions) => {
      const name = vectorOf(space, dimensions)
      assert.match(name, /^[A-Za-z][0-9A-Za-z_]*$/)
      assert.deepEqual(spaceIn(name), { space, dimensions })
    }))
    assert.equal(vectorOf('text-embedding-3-small', 1536), 'vtext_2dembedding_2d3_2dsmall__1536')
    for (const other of ['default', 'va__0', 'va_8', 'va__08', 'v__', 'v_g1__8']) assert.equal(spaceIn(other), null, other)
  })

  it('of collections are valid, and their generation is read only from the own prefix and kind', () => {
    assert.equal(aliasOf('freshet', 'livestream'), 'Freshet_Livestream')
    assert.equal(aliasOf('a.b', 'user'), 'A_2eb_User')
    assert.equal(collectionOf('freshet', 'user', 12), 'Freshet_User_g12')
    assert.equal(generationIn('freshet', 'user', 'Freshet_User_g12'), 12)
    for (const other of ['Freshet_Seller_g12', 'Freshet_User', 'Freshet_User_g', 'Freshet_User_g012', 'Freshet_User_g1_User_g2', 'Other_User_g1']) {
      assert.equal(generationIn('freshet', 'user', other), null, other)
    }
    assert.equal(generationIn('freshet', 'user', collectionOf('freshet_user_g1', 'user', 3)), null)
  })

  // The value is Python's `uuid.uuid5` of the same namespace and name.
  it('of objects are UUIDs of version 5, always the same, and different for every entity', () => {
    assert.match(uuidOf('user', 'u-1'), /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(uuidOf('user', 'u-1'), 'b2d70236-6dae-5677-b012-42b68d2e6158')
    const names = (['user', 'seller'] as const).flatMap((kind) => ['a', 'A', 'é', 'e\u0301', ''].map((id) => uuidOf(kind, id)))
    assert.equal(new Set(names).size, names.length)
  })
})
