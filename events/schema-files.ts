import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { incompatibilities, type JsonSchema } from './compatibility.ts'
import { dataSchemaOf, eventTypes, type EventType, type EventTypeDefinition } from './vocabulary.ts'

/** Where the schemas are committed: for producers in other languages, and to remember what was promised to them. */
export const schemaDirectory = join(import.meta.dirname, 'schemas')

type Vocabulary = Readonly<Record<string, EventTypeDefinition>>

interface SchemaFile extends JsonSchema {
  'x-freshet': { topic: string; subjects: string[]; version: number }
}

/** The files as they should be: name → text. The JSON Schema is that of an event's `data`. */
function renderEventSchemas(vocabulary: Vocabulary = eventTypes): Map<string, string> {
  return new Map(Object.entries(vocabulary).map(([type, { topic, subjects, version, data }]) => {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      $id: vocabulary === eventTypes ? dataSchemaOf(type as EventType) : `urn:freshet:event:${type}:${version}`,
      title: type,
      'x-freshet': { topic, subjects, version },
      ...data,
    }
    return [`${type}.json`, `${JSON.stringify(schema, null, 2)}\n`]
  }))
}

/**
 * What is wrong with the committed schemas, one sentence each; empty when all is well: a file that is missing, stale or
 * of a type that is gone; a change that is not backward compatible; a change without a new version.
 */
export function checkEventSchemas(directory = schemaDirectory, vocabulary: Vocabulary = eventTypes): string[] {
  const rendered = renderEventSchemas(vocabulary)
  const committed = read(directory)
  const faults = promisesBroken(committed, rendered)
  if (faults.length > 0) return faults
  return [...rendered].flatMap(([name, text]) => {
    const old = committed.get(name)
    if (old === undefined) return [`${name} is missing from ${directory}; write the event schemas anew.`]
    return old === text ? [] : [`${name} is stale; write the event schemas anew.`]
  })
}

/**
 * Writes the files that are missing or stale, and returns their names.
 *
 * @throws Error when a change would break what the committed files promise; then nothing is written
 */
export function writeEventSchemas(directory = schemaDirectory, vocabulary: Vocabulary = eventTypes): string[] {
  const rendered = renderEventSchemas(vocabulary)
  const committed = read(directory)
  const faults = promisesBroken(committed, rendered)
  if (faults.length > 0) throw new Error(['The event schemas were not written:', ...faults].join('\n- '))
  mkdirSync(directory, { recursive: true })
  const stale = [...rendered].filter(([name, text]) => committed.get(name) !== text)
  for (const [name, text] of stale) writeFileSync(join(directory, name), text)
  return stale.map(([name]) => name)
}

function read(directory: string): Map<string, string> {
  let names: string[]
  try {
    names = readdirSync(directory)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return new Map()
    throw error
  }
  const schemas = names.filter((name) => name.endsWith('.json'))
  return new Map(schemas.map((name) => [name, readFileSync(join(directory, name), 'utf8')]))
}

function promisesBroken(committed: Map<string, string>, rendered: Map<string, string>): string[] {
  return [...committed].flatMap(([name, oldText]) => {
    const newText = rendered.get(name)
    if (newText === undefined) {
      return [`${name}: the type is gone from the vocabulary, but events of it are in the log; keep the type.`]
    }
    if (newText === oldText) return []
    const before = parse(oldText)
    if (!before) return [`${name} is no schema of an event; restore the committed file.`]
    return faultsOf(before, JSON.parse(newText) as SchemaFile).map((fault) => `${name}: ${fault}`)
  })
}

function parse(text: string): SchemaFile | null {
  try {
    const schema = JSON.parse(text) as Partial<SchemaFile> | null
    return schema?.['x-freshet'] ? (schema as SchemaFile) : null
  } catch {
    return null
  }
}

function faultsOf(before: SchemaFile, after: SchemaFile): string[] {
  const [was, is] = [before['x-freshet'], after['x-freshet']]
  const faults = incompatibilities(before, after)
  if (was.topic !== is.topic) {
    faults.push(`the topic was ${was.topic} and is ${is.topic}; what is there would be read no more`)
  }
  for (const kind of was.subjects) {
    if (!is.subjects.includes(kind)) faults.push(`/subject: a ${kind} was allowed and is not any more`)
  }
  if (faults.length > 0 || is.version > was.version) return faults
  const same = isDeepStrictEqual(schemaOnly(before), schemaOnly(after)) && isDeepStrictEqual(was.subjects, is.subjects)
  if (same && is.version === was.version) return []
  return [`the schema changed and its version did not rise; set it to ${was.version + 1} (events/vocabulary.ts)`]
}

/** The schema without the words about it. */
const schemaOnly = ({ $schema: _, $id: __, title: ___, 'x-freshet': ____, ...schema }: SchemaFile): JsonSchema => schema
