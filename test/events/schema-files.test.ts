import assert from 'node:assert/strict'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import Type from 'typebox'
import { Compile } from 'typebox/compile'
import { checkEventSchemas, schemaDirectory, writeEventSchemas } from '../../events/schema-files.ts'
import { eventTypes, type EventTypeDefinition } from '../../events/vocabulary.ts'
import { examples } from './examples.ts'
import { temporaryDirectory } from './temporary-log.ts'

test('the committed schemas are those of the vocabulary', () => {
  assert.deepEqual(checkEventSchemas(), [])
  assert.deepEqual(readdirSync(schemaDirectory).sort(), Object.keys(eventTypes).map((type) => `${type}.json`).sort())
})

test('a committed schema, on its own, accepts the data of its type', () => {
  for (const [type, { data }] of Object.entries(examples)) {
    const schema = JSON.parse(readFileSync(join(schemaDirectory, `${type}.json`), 'utf8'))
    assert.ok(Compile(schema).Check(data), type)
    assert.equal(schema.$id, `urn:freshet:event:${type}:1`)
  }
})

describe('as the vocabulary changes', () => {
  const first: EventTypeDefinition = {
    topic: 'users', subjects: ['user', 'seller'], version: 1, data: Type.Object({ name: Type.String({ maxLength: 9 }) }),
  }
  const wider = Type.Object({ name: Type.String({ maxLength: 10 }) })
  const after = (change: Partial<EventTypeDefinition>) => ({ Met: { ...first, ...change } })

  test('what is missing and what is stale is told, and written', (t) => {
    const directory = temporaryDirectory(t)
    assert.match(checkEventSchemas(directory, { Met: first }).join(), /^Met\.json is missing from /)
    assert.deepEqual(writeEventSchemas(directory, { Met: first }), ['Met.json'])
    assert.deepEqual(checkEventSchemas(directory, { Met: first }), [])
    assert.deepEqual(writeEventSchemas(directory, { Met: first }), [])
    const next = after({ version: 2, data: wider })
    assert.match(checkEventSchemas(directory, next).join(), /^Met\.json is stale/)
    assert.deepEqual(writeEventSchemas(directory, next), ['Met.json'])
    assert.deepEqual(checkEventSchemas(directory, next), [])
  })

  test('a directory that is not there is a directory without files', (t) => {
    const directory = join(temporaryDirectory(t), 'schemas')
    assert.equal(checkEventSchemas(directory, { Met: first }).length, 1)
    writeEventSchemas(directory, { Met: first })
    assert.deepEqual(checkEventSchemas(directory, { Met: first }), [])
  })

  const narrower = Type.Object({ name: Type.String({ maxLength: 8 }) })
  const broken: [string, Record<string, EventTypeDefinition>, RegExp][] = [
    ['a narrower field', after({ version: 2, data: narrower }), /^Met\.json: \/data\/name: 'maxLength' was 9 and is 8/],
    ['a type taken away', {}, /^Met\.json: the type is gone/],
    ['another topic', after({ version: 2, topic: 'sellers' }), /^Met\.json: the topic was users and is sellers/],
    ['a subject taken away', after({ version: 2, subjects: ['user'] }), /^Met\.json: \/subject: a seller was allowed/],
    ['a change without a version', after({ data: wider }), /^Met\.json: the schema changed and its version did not rise; set it to 2/],
    ['a new subject without a version', after({ subjects: ['user', 'seller', 'livestream'] }), /version did not rise/],
    ['a version that falls', after({ version: 0 }), /version did not rise/],
  ]
  for (const [name, vocabulary, fault] of broken) {
    test(`${name} is refused, and nothing is written`, (t) => {
      const directory = temporaryDirectory(t)
      writeEventSchemas(directory, { Met: first })
      const before = readFileSync(join(directory, 'Met.json'), 'utf8')
      const faults = checkEventSchemas(directory, vocabulary)
      assert.equal(faults.length, 1)
      assert.match(faults[0]!, fault)
      assert.throws(() => writeEventSchemas(directory, vocabulary), /were not written:\n- Met\.json/)
      assert.equal(readFileSync(join(directory, 'Met.json'), 'utf8'), before)
    })
  }

  test('a committed file that somebody damaged is told; other files are left alone', (t) => {
    const directory = temporaryDirectory(t)
    writeEventSchemas(directory, { Met: first })
    writeFileSync(join(directory, 'README.md'), 'hello')
    for (const text of ['{', 'null', '{}']) {
      writeFileSync(join(directory, 'Met.json'), text)
      assert.match(checkEventSchemas(directory, { Met: first }).join(), /^Met\.json is no schema of an event; restore/)
    }
    rmSync(join(directory, 'Met.json'))
    assert.deepEqual(writeEventSchemas(directory, { Met: first }), ['Met.json'])
  })
})
