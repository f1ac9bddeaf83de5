// Fresh facts for a language model, fetched when the question comes: who asks, what fits the question and is live now.
// Usage: node examples/context-for-a-model.js "cheap vinyl records" [user] [most characters]
const [question = 'jazz records, first pressing', userId = 'user-1', budget = '2000'] = process.argv.slice(2)
const url = process.env.FRESHET_URL ?? 'http://localhost:4000'

const response = await fetch(`${url}/graphql`, {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({
    query: `query ($userId: ID!, $question: String!) {
      user(id: $userId) { name interests affinities(first: 3) { categories { category } } }
      searchLivestreams(hybrid: { text: $question }, filter: { status: { eq: LIVE } }, first: 20) {
        nodes {
          title description category
          seller { name rating }
          auction { active currentBid currency }
          metrics { viewersNow { value } chats { value } purchases { value } }
        }
      }
    }`,
    variables: { userId, question },
  }),
})
const { data, errors } = await response.json()
if (errors) throw new Error(errors.map(({ message }) => message).join('\n'))

const { user, searchLivestreams } = data
const lines = [`It is ${new Date().toISOString()}. ${user?.name ?? 'Somebody unknown'} asks: ${question}`]
if (user) {
  const lately = user.affinities.categories.map(({ category }) => category)
  lines.push(`Likes: ${user.interests?.join(', ') ?? 'not said'}. Drawn to lately: ${lately.join(', ') || 'nothing yet'}.`)
}
lines.push('Live now, the best match first:')
for (const { title, description, category, seller, auction, metrics } of searchLivestreams.nodes) {
  const bid = auction?.active ? `, bidding at ${(auction.currentBid / 100).toFixed(2)} ${auction.currency}` : ''
  const line = `- ${title} (${category}) by ${seller?.name} (rated ${seller?.rating}): ${metrics.viewersNow.value} watching, `
    + `${metrics.purchases.value} sold in five minutes${bid}. ${description ?? ''}`
  // The model's window is finite: whole facts, best first, until it is full.
  if ([...lines, line].join('\n').length > Number(budget)) break
  lines.push(line)
}
console.log(lines.join('\n'))
