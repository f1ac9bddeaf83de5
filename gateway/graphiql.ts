import { renderGraphiQL } from '@graphql-yoga/render-graphiql'

/** What a newcomer finds in the editor. */
const welcome = `# Freshet: what is live now, ranked for a person.
# The button runs it. Below is a subscription: run that and watch the feed move.

query Feed {
  feed(userId: "user-1", first: 5) {
    edges {
      rank
      score
      reasons
      node {
        id
        title
        status
        seller { name }
        metrics(window: FIVE_MINUTES) { viewersNow { value } chats { value } }
      }
    }
  }
}

subscription LiveFeed {
  feed(userId: "user-1", first: 5) {
    edges {
      rank
      node { id title metrics { viewersNow { value } } }
    }
  }
}
`

let page: string | undefined

/** GraphiQL in one page, without a CDN; subscriptions go over the same path by WebSocket. */
export const graphiql = (): string => (page ??= renderGraphiQL({
  title: 'Freshet',
  endpoint: '/graphql',
  subscriptionsProtocol: 'WS',
  defaultQuery: welcome,
}))
