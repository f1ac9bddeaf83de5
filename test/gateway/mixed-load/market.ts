/**
 * The data of the mixed load: every value follows from the keys alone, so that whoever asks knows what must be answered,
 * whichever process answers it.
 */
export const rooms = ['a', 'b', 'c', 'd']
/** Subgraphs in processes of their own, which are killed and come back. */
export const remotes = ['catalog', 'stock', 'accounts', 'opinions', 'auction'] as const
export type Remote = (typeof remotes)[number]
/** How the gateway has the events of each that has any. */
export const streaming: Partial<Record<Remote, 'graphql-ws' | 'sse'>> = { opinions: 'graphql-ws', auction: 'sse' }

/** Fields that come and go with the generations of a supergraph. */
export const generations = 7
/** Time between two events of a room, ms. */
export const beatMs = 500

const buyers = 50
export const articles = 90

export const article = (upc: number) => {
  const price = 100 + (upc * 37) % 900
  const weight = (upc * 13) % 500
  return { upc, title: `Article ${upc} of the market, ${'as good as new '.repeat(4)}`, price, weight, inStock: upc % 3 === 1, shipping: price > 500 ? 0 : weight >> 1 }
}
export const buyer = (id: number) => ({ id, name: `Buyer ${id} from Łódź`, tier: id % 4 })
export const opinion = (id: number) => ({
  id, text: `Opinion ${id}: "the colour is deeper than in the pictures" — but it came in time`, author: (id * 3) % buyers, article: (id * 7) % articles,
})
export const opinionsOfArticle = (upc: number, first: number): number[] => Array.from({ length: first }, (_, place) => upc * 10 + place)
export const opinionsOfBuyer = (id: number, first: number): number[] => Array.from({ length: first }, (_, place) => id * 1000 + place)
export const opinionScore = (room: string): number => rooms.indexOf(room) * 11
/** Who and what the n-th event of a room is about. */
export const subjectOf = (seq: number): number => seq % buyers

const link = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@external", "@requires"])\n'

/** @param generation which of the fields that come and go is there; all of them where it is undefined */
export const sdlOf = (name: Remote, generation?: number): string => {
  const generational = Array.from({ length: generations }, (_, each) => each)
    .filter((each) => generation === undefined || each === generation % generations).map((each) => `g${each}: Int`).join(' ')
  return link + {
    catalog: `
      type Article @key(fields: "upc") { upc: ID! title: String price: Int weight: Int ${generational} }
      type Query { articles(from: Int!, first: Int!): [Article] article(upc: ID!): Article }`,
    stock: `
      type Article @key(fields: "upc") {
        upc: ID! price: Int @external weight: Int @external inStock: Boolean shipping: Int @requires(fields: "price weight")
      }`,
    accounts: `
      type Buyer @key(fields: "id") { id: ID! name: String tier: Int ${generational} }
      type Heart @key(fields: "id") { id: ID! giver: Buyer }
      type Mark { id: ID! buyer: Buyer }
      type Query { buyer(id: ID!): Buyer buyers(from: Int!, first: Int!): [Buyer] }
      type Mutation { mark(id: ID!): Mark }`,
    opinions: `
      type Opinion @key(fields: "id") { id: ID! text: String author: Buyer article: Article }
      type Article @key(fields: "upc") { upc: ID! opinions(first: Int! = 3): [Opinion] }
      type Buyer @key(fields: "id") { id: ID! opinionsBy(first: Int! = 3): [Opinion] }
      type Livestream @key(fields: "id") { id: ID! opinionScore: Int }
      type OpinionGiven { source: ID! seq: Int! room: ID! author: Buyer article: Article }
      type Query { opinion(id: ID!): Opinion }
      type Subscription { opinionGiven(room: ID!): OpinionGiven }`,
    auction: `
      type Buyer @key(fields: "id", resolvable: false) { id: ID! }
      type Article @key(fields: "upc", resolvable: false) { upc: ID! }
      type Tick { source: ID! seq: Int! room: ID! bidder: Buyer article: Article }
      type Query { auctioneer(room: ID!): Buyer }
      type Subscription { ticked(room: ID!): Tick }`,
  }[name]
}

/** Declared by its events alone: what it tells comes from the gateway's own log, which does not die with any subgraph. */
export const heartsSdl = `
  type Subscription { heartGiven: Heart! @edfs__kafkaSubscribe(topics: ["hearts"]) }
  type Mutation { giveHeart(id: ID!): edfs__PublishResult! @edfs__kafkaPublish(topic: "hearts") }
  type Heart @key(fields: "id", resolvable: false) { id: ID! @external }
`
