import assert from 'node:assert/strict'
import { test } from 'node:test'
import { buildSchema, GraphQLScalarType, parse, print, specifiedRules, validate } from 'graphql'
import {
  buildSubgraph, composeSubgraphs, createEngine, FiniteNumbersRule, httpSubgraph, inProcessSubgraph,
} from '../../federation/index.ts'
import { serveSubgraph } from './remote.ts'

const typeDefs = `
  scalar Big
  input Inner { big: Big, float: Float, inner: Inner }
  type Query { float(x: Float): String, floats(x: [Float!]): String, int(x: Int): String, id(x: ID): String, text(x: String): String, big(x: Big): String, inner(x: Inner): String }`
const schema = buildSchema(typeDefs)
const digits = '9'.repeat(400)

const faults = (query: string): string[] =>
  validate(schema, parse(query), [...specifiedRules, FiniteNumbersRule]).map(({ message }) => message)

const beyond = 'takes numbers from -1.7976931348623157e+308 to 1.7976931348623157e+308, not'

test('number literals that no double can hold are refused where they would be read as one', () => {
  assert.deepEqual(faults('{ float(x: 1e400) }'), [`Float ${beyond} 1e400.`])
  assert.deepEqual(faults('{ float(x: -1.5E+309) }'), [`Float ${beyond} -1.5E+309.`])
  assert.deepEqual(faults(`{ float(x: ${digits}) }`), [`Float ${beyond} ${'9'.repeat(39)}….`])
  assert.deepEqual(faults('{ floats(x: [1, 1e400]) }'), [`Float ${beyond} 1e400.`])
  assert.deepEqual(faults('{ floats(x: 1e400) }'), [`Float ${beyond} 1e400.`])
  assert.deepEqual(faults('{ inner(x: { inner: { float: 1e400 } }) }'), [`Float ${beyond} 1e400.`])
  assert.deepEqual(faults('query ($x: Float = 1e400) { float(x: $x) }'), [`Float ${beyond} 1e400.`])
  assert.deepEqual(faults('{ big(x: 1e400) }'), [`Big ${beyond} 1e400.`])
  assert.deepEqual(faults('{ big(x: { a: [1e400] }) }'), [`A custom scalar ${beyond} 1e400.`])
})

test('whatever a double can hold, and whole numbers that are taken as text, pass', () => {
  for (const query of [
    '{ float(x: 1.7976931348623157e308) }', '{ float(x: 1e-400) }', `{ id(x: ${digits}) }`, `{ big(x: ${digits}) }`, `{ big(x: { a: ${digits} }) }`,
    '{ inner(x: { big: 1e300, float: -1e300 }) }',
  ]) assert.deepEqual(faults(query), [], query)
})

test('what another rule refuses is said once', () => {
  for (const query of ['{ int(x: 1e400) }', `{ int(x: ${digits}) }`, '{ id(x: 1e400) }', '{ text(x: 1e400) }']) assert.equal(faults(query).length, 1, query)
})

test('variables of custom scalars that hold infinity are refused, and reach no subgraph as null', async () => {
  const Big = new GraphQLScalarType<unknown, unknown>({ name: 'Big', parseValue: (value) => value, parseLiteral: (node) => print(node) })
  const show = (_: unknown, { x }: { x: unknown }) => JSON.stringify(x)
  const executable = buildSubgraph({ typeDefs, resolvers: { Big, Query: { big: show, inner: show } } })
  const { supergraphSdl } = composeSubgraphs([{ name: 'numbers', typeDefs }])
  await using remote = await serveSubgraph(executable)
  for (const transport of [inProcessSubgraph({ schema: executable }), httpSubgraph({ url: remote.url })]) {
    const engine = createEngine({ supergraphSdl, subgraphs: new Map([['numbers', transport]]) })
    const ask = async (query: string, x?: unknown): Promise<unknown> => {
      const { data, errors } = await engine.execute({ document: parse(query), variables: x === undefined ? {} : { x } })
      return errors?.map(({ message, extensions }) => [message, extensions.code]) ?? { ...data }
    }
    const refused = [['Variable "$x" holds a number that is too large; expected numbers from -1.7976931348623157e+308 to 1.7976931348623157e+308.', 'BAD_USER_INPUT']]
    const [big, inner] = ['query ($x: Big) { big(x: $x) }', 'query ($x: Inner) { inner(x: $x) }']
    for (const x of [Infinity, -Infinity, [1, [Infinity]], { a: { b: [{ c: Infinity }] } }]) assert.deepEqual(await ask(big, x), refused)
    assert.deepEqual(await ask(inner, { inner: { big: [Infinity] } }), refused)
    assert.deepEqual(await ask(`query ($x: Big = ${digits}) { big(x: $x) }`), refused)
    let deep: unknown = 1e300
    for (let level = 0; level < 3; level++) deep = { a: [deep] }
    assert.deepEqual(await ask(big, deep), { big: JSON.stringify(deep) })
    let deeper: unknown = Infinity
    for (let level = 0; level < 100_000; level++) deeper = [deeper]
    assert.deepEqual(await ask(big, deeper), refused)
    await engine.close()
  }
})
