import { composeSubgraphs, type SubgraphResolvers } from '../../federation/index.ts'

/**
 * The shape of the public benchmark of gateways (graphql-hive/graphql-gateways-benchmark): four subgraphs, an operation that goes
 * back and forth between them, some 88 KB of answer. Data and code are our own.
 */
const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@external", "@requires", "@provides"])\n'

export const typeDefs: Record<string, string> = {
  accounts: `${link}
    type User @key(fields: "id") { id: ID! name: String username: String @shareable birthday: Int }
    type Query { me: User user(id: ID!): User users: [User] }`,
  inventory: `${link}
    type Product @key(fields: "upc") {
      upc: String! weight: Int @external price: Int @external inStock: Boolean shippingEstimate: Int @requires(fields: "price weight")
    }`,
  products: `${link}
    type Product @key(fields: "upc") { upc: String! name: String price: Int weight: Int }
    type Query { topProducts(first: Int = 5): [Product] }`,
  reviews: `${link}
    type Review @key(fields: "id") { id: ID! body: String product: Product author: User @provides(fields: "username") }
    type User @key(fields: "id") { id: ID! username: String @external reviews: [Review] }
    type Product @key(fields: "upc") { upc: String! reviews: [Review] }`,
}

interface Product { upc: string; name: string; price: number; weight: number }
interface Review { id: string; body: string; product: { upc: string } }

const words = 'the colour is deeper than in the pictures but it came in time was packed with care and looks well in our hall '
const textOf = (length: number, from: number): string => words.repeat(12).slice(from, from + length)

const users = ['Ada', 'Ben', 'Cleo', 'Dov', 'Eva', 'Finn'].map((name, index) => ({
  id: `${index + 1}`, name: `${name} of the Market`, username: name.toLowerCase(), birthday: 1_000_000_000 + index,
}))
const products: Product[] = ([
  ['Desk', 899, 100], ['Sofa bed', 1299, 1000], ['Vase', 15, 20], ['Stool', 499, 100], ['Radio', 1299, 1000], ['Lantern', 6999, 300],
  ['Oven', 3999, 2000], ['Piano', 100_000, 6000], ['Armchair', 9999, 800],
] as const).map(([name, price, weight], index) => ({ upc: `${index + 1}`, name, price, weight }))
const reviews: Review[] = ([
  ['1', 445], ['1', 288], ['1', 273], ['1', 145], ['2', 445], ['2', 288], ['2', 273], ['2', 145], ['3', 145], ['4', 145], ['4', 852],
] as const).map(([upc, length], index) => ({ id: `${index + 1}`, body: textOf(length, index), product: { upc } }))

const ofUser = (): Review[] => reviews.slice(0, 2)

export const resolvers: Record<string, SubgraphResolvers> = {
  accounts: {
    Query: { me: () => users[0], users: () => users, user: (_: unknown, { id }: { id: string }) => users.find((user) => user.id === id) },
    User: { __resolveReference: ({ id }: { id: string }) => users.find((user) => user.id === id) },
  },
  inventory: {
    Product: {
      __resolveReference: (given: Product) => ({ ...given, inStock: Number(given.upc) % 3 === 1 }),
      shippingEstimate: ({ price, weight }: Product) => (price > 1000 ? 0 : Math.floor(weight / 2)),
    },
  },
  products: {
    Query: { topProducts: (_: unknown, { first }: { first: number }) => products.slice(0, first) },
    Product: { __resolveReference: ({ upc }: Product) => products.find((product) => product.upc === upc) },
  },
  reviews: {
    Review: {
      __resolveReference: ({ id }: Review) => reviews.find((review) => review.id === id),
      author: () => ({ id: '1', username: 'ada' }),
    },
    User: { reviews: ofUser },
    Product: { reviews: ({ upc }: Product) => reviews.filter((review) => review.product.upc === upc) },
  },
}

/** @param origin Where the subgraphs are served, each under its name. */
export const supergraph = (origin: string): string => composeSubgraphs(
  Object.entries(typeDefs).map(([name, sdl]) => ({ name, url: `${origin}/${name}`, typeDefs: sdl })),
).supergraphSdl

/** The operation of the public benchmark. @param top Arguments of `topProducts`. */
export const operation = (top = '', variables = ''): string => `query Test${variables} {
  users { ...User reviews { ...Review product { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } } } }
  topProducts${top} { ...Product reviews { ...Review author { ...User reviews { ...Review product { ...Product } } } } }
}
fragment User on User { id username name }
fragment Review on Review { id body }
fragment Product on Product { inStock name price shippingEstimate upc weight }`

export const small = '{ users { id username } }'
export const smallAnswer = { users: users.map(({ id, username }) => ({ id, username })) }
