import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse, validate } from 'graphql'
import {
  buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph, type EngineOptions, type SubgraphTransport,
} from '../../../federation/index.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: [
  "@key", "@requires", "@external", "@provides", "@shareable", "@override", "@interfaceObject"
])`

interface Part { typeDefs: string, resolvers?: object }

/** Runs operations over the subgraphs; `calls` has what each subgraph was asked. */
const federation = (parts: Record<string, Part>, planner: EngineOptions['planner']) => {
  const calls: string[] = []
  const subgraphs = new Map(Object.entries(parts).map(([name, { typeDefs, resolvers }]) => {
    const schema = buildSubgraph({ typeDefs: link + typeDefs, resolvers })
    const transport = inProcessSubgraph({ schema })
    const watched: SubgraphTransport = {
      ...transport,
      execute: (request) => {
        calls.push(`${name}: ${request.query}`)
        // As a remote subgraph would: what is sent has to be valid.
        assert.deepEqual(validate(schema, parse(request.query)), [], request.query)
        return transport.execute(request)
      },
    }
    return [name, watched] as const
  }))
  const { supergraphSdl } = composeSubgraphs(Object.entries(parts).map(([name, { typeDefs }]) =>
    ({ name, typeDefs: link + typeDefs })))
  const engine = createEngine({ supergraphSdl, subgraphs, planner, sharing: 'off' })
  const run = async (query: string, variables?: Record<string, unknown>): Promise<unknown> => {
    const document = parse(query)
    assert.deepEqual(validate(engine.schema, document), [])
    calls.length = 0
    const { data, errors } = await engine.execute({ document, variables })
    assert.deepEqual(errors, undefined)
    return JSON.parse(JSON.stringify(data))
  }
  return { run, calls, engine, [Symbol.asyncDispose]: () => engine.close() }
}

const asked = (calls: readonly string[]): string[] => calls.map((call) => call.slice(0, call.indexOf(':')))

interface Node { id: string, [name: string]: unknown }

for (const planner of ['native', 'own'] as const) {
  const named = (name: string) => `${name} (${planner} planner)`

  test(named('fields that require one field with different arguments each get their own value'), async () => {
    await using shop = federation({
      a: {
        typeDefs: 'type Query { item: Item } type Item @key(fields: "id") { id: ID! name: String price(in: String!): Int }',
        resolvers: {
          Query: { item: () => ({ id: '1' }) },
          Item: {
            name: ({ id }: Node) => `item ${id}`, price: (_: Node, args: { in: string }) => args.in === 'EUR' ? 10 : 11,
          },
        },
      },
      b: {
        typeDefs: `type Item @key(fields: "id") {
          id: ID! name: String @external price(in: String!): Int @external twin: Item @external
          euros: String @requires(fields: "price(in: \\"EUR\\")")
          dollars: String @requires(fields: "twin { name } price(in: \\"USD\\")")
        }`,
        resolvers: {
          Item: {
            euros: ({ price }: Node) => `€${String(price)}`,
            dollars: ({ price, twin }: Node & { twin: Node }) => `${String(twin.name)} for $${String(price)}`,
          },
        },
      },
      c: { typeDefs: 'type Item @key(fields: "id") { id: ID! twin: Item }', resolvers: { Item: { twin: () => ({ id: '2' }) } } },
    }, planner)
    assert.deepEqual(await shop.run('{ item { euros dollars } }'), { item: { euros: '€10', dollars: 'item 2 for $11' } })
    assert.deepEqual(await shop.run('{ item { dollars euros price(in: "EUR") other: price(in: "USD") } }'),
      { item: { dollars: 'item 2 for $11', euros: '€10', price: 10, other: 11 } })
  })

  test(named('a requirement that requires is fetched first'), async () => {
    await using parts = federation({
      a: {
        typeDefs: 'type Query { t: T } type T @key(fields: "id") { id: ID! one: Int }',
        resolvers: { Query: { t: () => ({ id: '1' }) }, T: { one: () => 1 } },
      },
      b: {
        typeDefs: 'type T @key(fields: "id") { id: ID! one: Int @external two: Int @requires(fields: "one") }',
        resolvers: { T: { two: ({ one }: { one: number }) => one * 2 } },
      },
      c: {
        typeDefs: 'type T @key(fields: "id") { id: ID! two: Int @external three: Int @requires(fields: "two") }',
        resolvers: { T: { three: ({ two }: { two: number }) => two + 1 } },
      },
    }, planner)
    assert.deepEqual(await parts.run('{ t { three } }'), { t: { three: 3 } })
    assert.deepEqual(asked(parts.calls), ['a', 'b', 'c'])
  })

  test(named('a subgraph to which no key leads is reached by one that has both keys'), async () => {
    await using parts = federation({
      a: {
        typeDefs: 'type Query { t: T } type T @key(fields: "id") { id: ID! }',
        resolvers: { Query: { t: () => ({ id: '1' }) } },
      },
      b: {
        typeDefs: 'type T @key(fields: "id") @key(fields: "code") { id: ID! code: String! }',
        resolvers: { T: { code: ({ id }: Node) => `c${id}` } },
      },
      c: { typeDefs: 'type T @key(fields: "code") { code: String! x: String }', resolvers: { T: { x: ({ code }: Node) => `x${String(code)}` } } },
    }, planner)
    assert.deepEqual(await parts.run('{ t { x } }'), { t: { x: 'xc1' } })
  })

  test(named('what no key leads to is asked of each subgraph that has the field above it'), async () => {
    await using parts = federation({
      a: {
        typeDefs: 'type Query { box: Box @shareable } type Box { left: Int inner: Inner @shareable } type Inner { a: Int }',
        resolvers: { Query: { box: () => ({ left: 1, inner: { a: 1 } }) } },
      },
      b: {
        typeDefs: 'type Query { box: Box @shareable } type Box { right: Int inner: Inner @shareable } type Inner { b: Int }',
        resolvers: { Query: { box: () => ({ right: 2, inner: { b: 2 } }) } },
      },
    }, planner)
    assert.deepEqual(await parts.run('{ box { left right inner { a b } } }'),
      { box: { left: 1, right: 2, inner: { a: 1, b: 2 } } })
    assert.deepEqual(asked(parts.calls).sort(), ['a', 'b'])
  })

  test(named('of subgraphs that share a field, the one that brings most is asked'), async () => {
    await using parts = federation({
      a: {
        typeDefs: 'type Query { t: T @shareable } type T @key(fields: "id") { id: ID! x: Int @shareable }',
        resolvers: { Query: { t: () => ({ id: '1', x: 5 }) } },
      },
      b: {
        typeDefs: 'type Query { t: T @shareable } type T @key(fields: "id") { id: ID! x: Int @shareable y: Int }',
        resolvers: { Query: { t: () => ({ id: '1', x: 5, y: 6 }) } },
      },
    }, planner)
    assert.deepEqual(await parts.run('{ t { x y } }'), { t: { x: 5, y: 6 } })
    assert.deepEqual(asked(parts.calls), ['b'])
  })

  test(named('an interface object is taken for its type where the selection asks for it'), async () => {
    const items = [{ __typename: 'Book', id: 'b1', pages: 3 }, { __typename: 'Song', id: 's1', pages: 0 }]
    await using parts = federation({
      a: {
        typeDefs: `interface Item @key(fields: "id") { id: ID! }
          type Book implements Item @key(fields: "id") { id: ID! pages: Int }
          type Song implements Item @key(fields: "id") { id: ID! length: Int }
          type Query { first: Item }`,
        resolvers: {
          Query: { first: () => items[0] },
          Item: { __resolveReference: ({ id }: Node) => items.find((item) => item.id === id) },
        },
      },
      b: {
        typeDefs: 'type Item @key(fields: "id") @interfaceObject { id: ID! stars: Int } type Query { rated: [Item!]! }',
        resolvers: {
          Query: { rated: () => [{ id: 'b1' }, { id: 's1' }] }, Item: { stars: ({ id }: Node) => id === 'b1' ? 5 : 4 },
        },
      },
    }, planner)
    assert.deepEqual(await parts.run('{ rated { stars __typename ... on Book { pages } } }'), {
      rated: [{ stars: 5, __typename: 'Book', pages: 3 }, { stars: 4, __typename: 'Song' }],
    })
    assert.deepEqual(await parts.run('{ rated { stars } }'), { rated: [{ stars: 5 }, { stars: 4 }] })
    assert.deepEqual(asked(parts.calls), ['b'])
    assert.deepEqual(await parts.run('{ first { stars ... on Book { pages } } }'), { first: { stars: 5, pages: 3 } })
  })

  test(named('a subgraph is not asked for what the variables exclude'), async () => {
    await using parts = federation({
      a: { typeDefs: 'type Query { t: T } type T @key(fields: "id") { id: ID! }', resolvers: { Query: { t: () => ({ id: '1' }) } } },
      b: { typeDefs: 'type T @key(fields: "id") { id: ID! x: Int y: Int }', resolvers: { T: { x: () => 1, y: () => 2 } } },
    }, planner)
    const query = 'query ($no: Boolean!, $yes: Boolean!) { t { x @skip(if: $no) ... @include(if: $yes) @skip(if: $no) { y } } }'
    assert.deepEqual(await parts.run(query, { no: true, yes: true }), { t: {} })
    assert.deepEqual(asked(parts.calls), ['a'])
    assert.deepEqual(await parts.run(query, { no: false, yes: true }), { t: { x: 1, y: 2 } })
    assert.deepEqual(await parts.run(query, { no: false, yes: false }), { t: { x: 1 } })
    const twice = 'query ($no: Boolean!, $yes: Boolean!) { t @include(if: $no) { x } t @include(if: $yes) { y } }'
    assert.deepEqual(await parts.run(twice, { no: false, yes: true }), { t: { y: 2 } })
    assert.doesNotMatch(parts.calls.join(), /x/)
  })

  test(named('a key that several types have with different nullability is asked for under names of its own'), async () => {
    await using parts = federation({
      a: {
        typeDefs: `union U = A | B type Query { us: [U!]! }
          type A @key(fields: "id") { id: ID! } type B @key(fields: "id") { id: ID }`,
        resolvers: { Query: { us: () => [{ __typename: 'A', id: '1' }, { __typename: 'B', id: '2' }] } },
      },
      b: {
        typeDefs: 'type A @key(fields: "id") { id: ID! x: Int } type B @key(fields: "id") { id: ID x: Int }',
        resolvers: { A: { x: () => 1 }, B: { x: () => 2 } },
      },
    }, planner)
    assert.deepEqual(await parts.run('{ us { ... on A { x } ... on B { x } } }'), { us: [{ x: 1 }, { x: 2 }] })
  })
}

test('the own planner asks a subgraph once for all that can be asked at the time', async () => {
  await using parts = federation({
    a: {
      typeDefs: 'type Query { t: T ts: [T] } type T @key(fields: "id") { id: ID! other: T }',
      resolvers: {
        Query: { t: () => ({ id: '1' }), ts: () => [{ id: '2' }, { id: '3' }] }, T: { other: () => ({ id: '4' }) },
      },
    },
    b: { typeDefs: 'type T @key(fields: "id") { id: ID! x: Int }', resolvers: { T: { x: ({ id }: Node) => Number(id) } } },
  }, 'own')
  assert.deepEqual(await parts.run('{ t { x other { x } } ts { x } }'),
    { t: { x: 1, other: { x: 4 } }, ts: [{ x: 2 }, { x: 3 }] })
  assert.deepEqual(asked(parts.calls), ['a', 'b'])
})

test('the own planner does not look for a key behind itself: what cannot be reached from one subgraph is asked of the other', async () => {
  // Neither a nor c is entered without a code, which b does not know: the owner has to be asked of a.
  await using parts = federation({
    a: {
      typeDefs: 'type P @key(fields: "id") { id: ID! owner: T @shareable } type T @key(fields: "code") { code: String! extra: Int }',
      resolvers: { P: { owner: ({ id }: Node) => ({ code: `c${id}` }) }, T: { extra: () => 7 } },
    },
    b: {
      typeDefs: `type Query { p: P } type P @key(fields: "id") { id: ID! owner: T @shareable }
        type T @key(fields: "id") { id: ID! boss(n: Int): P @shareable }`,
      resolvers: { Query: { p: () => ({ id: '1' }) }, P: { owner: ({ id }: Node) => ({ id: `t${id}` }) }, T: { boss: ({ id }: Node) => ({ id: `${id.slice(1)}1` }) } },
    },
    c: {
      typeDefs: 'type T @key(fields: "code") { code: String! boss(n: Int): P @shareable } type P @key(fields: "id") { id: ID! }',
      resolvers: { T: { boss: ({ code: text }: { code: string }) => ({ id: `${text.slice(1)}1` }) } },
    },
  }, 'own')
  const depth = 6
  const selection = Array.from({ length: depth }).reduce<string>((inner) => `owner { code extra boss { id ${inner} } }`, 'id')
  const expected = (id: string, left: number): object => left === 0 ? { id } : { owner: { code: `c${id}`, extra: 7, boss: { id: `${id}1`, ...expected(`${id}1`, left - 1) } } }
  assert.deepEqual(await parts.run(`{ p { ${selection} } }`), { p: expected('1', depth) })
})

test('an operation that would become more fetches than anybody can want is refused, soon', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `T${index}`)
  await using parts = federation({
    a: {
      typeDefs: `type Query { i: I } interface I { id: ID! next: I }
        ${names.map((name) => `type ${name} implements I @key(fields: "id") { id: ID! next: I }`).join(' ')}`,
    },
    b: {
      typeDefs: `interface I { id: ID! far: I }
        ${names.map((name) => `type ${name} implements I @key(fields: "id") { id: ID! far: I }`).join(' ')}`,
    },
  }, 'own')
  const selection = Array.from({ length: 8 }).reduce<string>((inner) => `next { far { ${inner} } }`, 'id')
  const { errors } = await parts.engine.execute({ document: parse(`{ i { ${selection} } }`) })
  assert.equal(errors?.[0]?.extensions.code, 'QUERY_PLANNING_FAILED')
  assert.match(String(errors?.[0]?.originalError?.message), /too large to be planned/)
})
