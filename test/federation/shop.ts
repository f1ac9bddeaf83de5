import { GraphQLError, GraphQLScalarType } from 'graphql'
import {
  buildSubgraph, composeSubgraphs, createEngine, inProcessSubgraph, type Engine, type SubgraphTransport,
} from '../../federation/index.ts'

const link = `extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@external", "@requires"])`

export const usersSdl = `${link}
  scalar JSON
  "A person."
  type User @key(fields: "id") { id: ID! name: String settings: JSON broken: String refused: String strict: String! best: User }
  type Query { user(id: ID!): User users(first: Int = 10): [User!]! }
  type Mutation { rename(id: ID!, name: String!): User }
  type Subscription { userRenamed(id: ID): User }
`

export const reviewsSdl = `${link}
  type User @key(fields: "id") { id: ID! reviews: [Review!]! score: Int! friend: User }
  type Review @key(fields: "id") { id: ID! text: String author: User! }
  type Query { reviews: [Review!]! }
  type Mutation { review(author: ID!, text: String!): Review }
`

export interface Shop {
  users: Map<string, { id: string, name: string }>
  reviews: { id: string, text: string, authorId: string }[]
  settings: object
  /** What happened, in order. */
  log: string[]
  renamed: AsyncIterable<unknown>
}

export const newShop = (): Shop => ({
  users: new Map([['1', { id: '1', name: 'Ada' }], ['2', { id: '2', name: 'Bob' }]]),
  reviews: [
    { id: 'r1', text: 'good', authorId: '1' },
    { id: 'r2', text: 'bad', authorId: '1' },
    { id: 'r3', text: 'fine', authorId: '2' },
  ],
  settings: Object.freeze({ theme: 'dark', list: Object.freeze([1, { a: null }]) }),
  log: [],
  renamed: (async function* () { /* nothing happens */ })(),
})

interface Reference { id: string }

export const usersSchema = (shop: Shop) => buildSubgraph({
  typeDefs: usersSdl,
  resolvers: {
    JSON: new GraphQLScalarType({ name: 'JSON' }),
    Query: {
      user: (_: unknown, { id }: Reference) => shop.users.get(id),
      users: (_: unknown, { first }: { first: number }) => [...shop.users.values()].slice(0, first),
    },
    Mutation: {
      rename: async (_: unknown, { id, name }: { id: string, name: string }) => {
        shop.log.push(`rename ${name}`)
        await Promise.resolve()
        const user = shop.users.get(id)
        if (user) user.name = name
        return user
      },
    },
    Subscription: {
      userRenamed: { subscribe: () => shop.renamed },
    },
    User: {
      __resolveReference: ({ id }: Reference) => {
        shop.log.push(`user ${id}`)
        return shop.users.get(id)
      },
      settings: () => shop.settings,
      broken: () => { throw new Error('secret: password is 1234') },
      refused: () => { throw new GraphQLError('You may not see this.', { extensions: { code: 'FORBIDDEN' } }) },
      strict: () => null,
      best: ({ id }: Reference) => ({ id: id === '1' ? '2' : '1' }),
    },
  },
})

export const reviewsSchema = (shop: Shop) => buildSubgraph({
  typeDefs: reviewsSdl,
  resolvers: {
    Query: { reviews: () => shop.reviews },
    Mutation: {
      review: (_: unknown, { author, text }: { author: string, text: string }) => {
        shop.log.push(`review ${text}`)
        const review = { id: `r${shop.reviews.length + 1}`, text, authorId: author }
        shop.reviews.push(review)
        return review
      },
    },
    User: {
      __resolveReference: ({ id }: Reference) => {
        shop.log.push(`reviews of ${id}`)
        return { id }
      },
      reviews: ({ id }: Reference) => shop.reviews.filter(({ authorId }) => authorId === id),
      score: ({ id }: Reference) => shop.reviews.filter(({ authorId }) => authorId === id).length,
      friend: ({ id }: Reference) => ({ id: id === '1' ? '2' : '1' }),
    },
    Review: {
      __resolveReference: ({ id }: Reference) => shop.reviews.find((review) => review.id === id),
      author: ({ authorId }: { authorId: string }) => ({ id: authorId }),
    },
  },
})

export const shopSupergraph = (): string => composeSubgraphs([
  { name: 'users', typeDefs: usersSdl },
  { name: 'reviews', typeDefs: reviewsSdl },
]).supergraphSdl

export const shopEngine = (
  shop: Shop, override: Partial<Record<'users' | 'reviews', SubgraphTransport>> = {}, planCacheSize?: number,
): Engine => createEngine({
  supergraphSdl: shopSupergraph(),
  planCacheSize,
  subgraphs: new Map([
    ['users', override.users ?? inProcessSubgraph({ schema: usersSchema(shop) })],
    ['reviews', override.reviews ?? inProcessSubgraph({ schema: reviewsSchema(shop) })],
  ]),
})
