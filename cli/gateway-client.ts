import type { DomainEvent } from '../events/vocabulary.ts'
import type { ServedFeed } from '../simulator/marketplace.ts'

/** A running gateway, as the simulator and the doctor use it: GraphQL over HTTP, nothing else. */
export interface GatewayClient {
  publish(events: readonly DomainEvent[]): Promise<void>
  feed(userId: string): Promise<ServedFeed>
}

interface Answer {
  data?: Record<string, unknown> | null
  errors?: readonly { message: string }[]
}

const timeoutMs = 10_000

export function gatewayClient(url: string, { apiKey }: { apiKey?: string } = {}): GatewayClient {
  async function ask<T>(query: string, variables: Record<string, unknown>): Promise<T> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      body: JSON.stringify({ query, variables }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const { data, errors } = (await response.json()) as Answer
    if (errors?.[0] || !data) throw new Error(errors?.[0]?.message ?? `the gateway answered with status ${response.status}`)
    return data as T
  }
  return {
    async publish(events) {
      const { publish } = await ask<{ publish: { results: { accepted: boolean; message: string | null }[] } }>(
        'mutation Publish($events: [EventInput!]!) { publish(events: $events) { results { accepted message } } }',
        { events: events.map(({ id, source, type, subject, time, dataschema, data }) => ({ id, source, type, subject, time, dataschema, data })) },
      )
      const refused = publish.results.find(({ accepted }) => !accepted)
      if (refused) throw new Error(`the gateway refused an event: ${refused.message}`)
    },
    async feed(userId) {
      const { feed } = await ask<{ feed: { feedId: string; edges: { rank: number; node: { id: string } }[] } }>(
        'query Feed($userId: ID!) { feed(userId: $userId, first: 20) { feedId edges { rank node { id } } } }', { userId },
      )
      return { feedId: feed.feedId, items: feed.edges.map(({ rank, node }) => ({ livestreamId: node.id, position: rank })) }
    },
  }
}
