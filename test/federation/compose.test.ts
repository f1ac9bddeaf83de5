import assert from 'node:assert/strict'
import { test } from 'node:test'
import { composeSubgraphs, CompositionError } from '../../federation/index.ts'

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@requires", "@external"])'

const problems = (...subgraphs: [name: string, typeDefs: string][]) => {
  try {
    composeSubgraphs(subgraphs.map(([name, typeDefs]) => ({ name, typeDefs })))
  } catch (error) {
    assert.ok(error instanceof CompositionError)
    return error.problems
  }
  return []
}

test('names each SDL that does not parse, with line and column', () => {
  assert.deepEqual(problems(['a', 'type Query {\n  x: }'], ['b', 'type { }'], ['c', 'type Query { ok: Int }']), [
    { message: 'Syntax Error: Expected Name, found "}".', code: 'INVALID_GRAPHQL', subgraph: 'a', line: 2, column: 6 },
    { message: 'Syntax Error: Expected Name, found "{".', code: 'INVALID_GRAPHQL', subgraph: 'b', line: 1, column: 6 },
  ])
})

test('names every conflict and points at the line', () => {
  const found = problems(
    ['a', `${link}\ntype Query { z: Z }\ntype Z {\n  x: Int\n}`],
    ['b', `${link}\n\ntype Z { x: String }\ntype Query { b: Int }`],
  )
  assert.deepEqual(found.map(({ code, subgraph, line }) => ({ code, subgraph, line })), [
    { code: 'FIELD_TYPE_MISMATCH', subgraph: 'b', line: 3 },
    { code: 'INVALID_FIELD_SHARING', subgraph: 'b', line: 3 },
  ])
  assert.match(new CompositionError(found).message, /\n- b:3:10: Type of field "Z\.x" is incompatible/)
})

test('names the subgraph whose own rules are broken', () => {
  const [problem] = problems(['a', `${link}\ntype Query { a: A }\ntype A @key(fields: "nope") { id: ID! }`])
  assert.deepEqual([problem?.code, problem?.subgraph, problem?.line], ['KEY_INVALID_FIELDS', 'a', 3])
})
