import { ApolloServer } from '@apollo/server'
import fastifyApollo, { fastifyApolloDrainPlugin } from '@as-integrations/fastify'
import fastify from 'fastify'

/** One schema, no federation: what Apollo Server costs on its fastest integration. */
const users = Array.from({ length: 6 }, (_, index) => ({ id: `${index}`, name: `Somebody of the Market`, username: 'somebody' }))
const app = fastify()
const server = new ApolloServer({
  typeDefs: 'type Query { users: [User] } type User { id: ID! name: String username: String }',
  resolvers: { Query: { users: () => users } },
  plugins: [fastifyApolloDrainPlugin(app)],
})
await server.start()
await app.register(fastifyApollo(server))
process.send({ url: `${await app.listen({ host: '127.0.0.1', port: 0 })}/graphql` })
process.once('disconnect', () => process.exit(0))
