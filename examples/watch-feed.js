// Prints a person's feed each time it changes, over a WebSocket. Usage: node examples/watch-feed.js [user] [how many times]
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

const [userId = 'user-1', times = 'Infinity'] = process.argv.slice(2)
const url = (process.env.FRESHET_URL ?? 'http://localhost:4000').replace(/^http/, 'ws')
const client = createClient({ url: `${url}/graphql`, webSocketImpl: WebSocket })

const feeds = client.iterate({
  query: `subscription ($userId: ID!) {
    feed(userId: $userId, first: 5) {
      edges { rank score reasons node { title seller { name } metrics(window: THIRTY_SECONDS) { viewersNow { value } } } }
    }
  }`,
  variables: { userId },
})

let seen = 0
for await (const { data, errors } of feeds) {
  if (errors) throw new Error(errors.map(({ message }) => message).join('\n'))
  console.log(`\n${new Date().toISOString()} for ${userId}`)
  for (const { rank, score, reasons, node } of data.feed.edges) {
    const watching = String(node.metrics.viewersNow.value).padStart(4)
    console.log(`${rank + 1}. ${score.toFixed(3)} ${watching} watching  ${node.title} (${node.seller?.name}) ${reasons.join(', ')}`)
  }
  if (++seen >= Number(times)) break
}
await client.dispose()
