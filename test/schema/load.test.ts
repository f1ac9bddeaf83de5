import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { parse } from 'graphql'
import { CompositionError, composeSubgraphs } from '../../federation/index.ts'
import { ownDefinitions } from '../../resolvers/compose.ts'
import { subgraphNames } from '../../resolvers/subgraphs.ts'
import { loadSubgraph } from '../../schema/load.ts'

const linesOf = (place: string): string[] => readFileSync(new URL(`../../${place}`, import.meta.url), 'utf8').split('\n')

test('every line of a subgraph\'s SDL is found where it was written', () => {
  const places = new Set<string>()
  for (const name of subgraphNames) {
    const { sdl, placeOf } = loadSubgraph(name)
    for (const [index, text] of sdl.split('\n').entries()) {
      if (text === '') continue
      const { place, line } = placeOf(index + 1)
      assert.equal(linesOf(place)[line - 1], text)
      places.add(place)
    }
  }
  assert.deepEqual([...places].sort(), [...subgraphNames.map((name) => `schema/${name}.graphql`), 'schema/shared.graphql'].sort())
})

test('a subgraph has of what is shared just what it uses', () => {
  const shared = new Set(parse(linesOf('schema/shared.graphql').join('\n')).definitions.map((node) => 'name' in node ? node.name?.value : undefined))
  const { sdl } = loadSubgraph('users')
  const declared = parse(sdl).definitions.flatMap((node) => 'name' in node && node.name && shared.has(node.name.value) ? [node.name.value] : [])
  for (const name of declared) assert.ok(sdl.split(new RegExp(`\\b${name}\\b`)).length > 2, `${name} is used`)
  assert.ok(declared.length < shared.size)
})

const problemsOf = (name: string, change: (sdl: string) => string): string[] => {
  try {
    composeSubgraphs(ownDefinitions().map((each) => each.name === name ? { ...each, typeDefs: change(each.typeDefs) } : each))
  } catch (error) {
    if (error instanceof CompositionError) return error.lines
    throw error
  }
  return []
}

test('what is wrong with an own subgraph is said with file and line', () => {
  assert.deepEqual(problemsOf('users', (sdl) => sdl), [])
  const line = linesOf('schema/users.graphql').findIndex((text) => text.startsWith('type User ')) + 1
  assert.ok(line > 0)
  const [unknownKey] = problemsOf('users', (sdl) => sdl.replace(/^type User @key\(fields: "id"\)/m, 'type User @key(fields: "nothing")'))
  assert.match(unknownKey!, new RegExp(`^schema/users\\.graphql:${line}:\\d+: .*nothing`))
  const [syntax] = problemsOf('users', (sdl) => sdl.replace(/^type User /m, 'type User ) '))
  assert.match(syntax!, new RegExp(`^schema/users\\.graphql:${line}:\\d+: Syntax Error`))
})

test('and that of what is shared by its own file', () => {
  const line = linesOf('schema/shared.graphql').findIndex((text) => text === 'scalar Cursor') + 1
  const [problem] = problemsOf('livestreams', (sdl) => sdl.replace(/^scalar Cursor$/m, 'scalar )'))
  assert.match(problem!, new RegExp(`^schema/shared\\.graphql:${line}:\\d+: Syntax Error`))
})
