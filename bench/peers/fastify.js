import { ApolloServer } from '@apollo/server'
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify'
import fastify from 'fastify'

/** The shop's users in one schema, no federation: what Apollo Server costs on its fastest integration. */
const users = ['Ada', 'Ben', 'Cleo', 'Dov', 'Eva', 'Finn'].map((name, index) => ({
  id: `${index + 1}`, name: `${name} of the Market`, username: name.toLowerCase(), birthday: 1_000_000_000 + index,
}))
const app = fastify()
const server = new ApolloServer({
  typeDefs: 'type User { id: ID! name: String username: String birthday: Int } type Query { me: User user(id: ID!): User users: [User] }',
  resolvers: { Query: { users: () => users } },
  plugins: [fastifyApolloDrainPlugin(app)],
})
await server.start()
await app.register(fastifyApollo(server))
process.send({ url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql` })
process.once('disconnect', () => process.exit(0))
