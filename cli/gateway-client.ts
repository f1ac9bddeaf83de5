import type { DomainEvent } from '../events/vocabulary.ts'
import type { ServedFeed } from '../simulator/marketplace.ts'
import { graphql } from './generated/index.ts'
import type { TypedDocumentString } from './generated/graphql.ts'

/** A running gateway, as the simulator uses it: GraphQL over HTTP, nothing else. */
export interface GatewayClient {
  publish(events: readonly DomainEvent[]): Promise<void>
  feed(userId: string): Promise<ServedFeed>
}

const publishDocument = graphql(/* GraphQL */ `
  mutation SimulatorPublish($events: [EventInput!]!) {
    publish(events: $events) { results { accepted message } }
  }
`)

const feedDocument = graphql(/* GraphQL */ `
  query SimulatorFeed($userId: ID!) {
    feed(userId: $userId, first: 20) { feedId edges { rank node { id } } }
  }
`)

interface Answer<Data> {
  data?: Data | null
  errors?: readonly { message: string }[]
}

const timeoutMs = 10_000

export function gatewayClient(url: string, { apiKey }: { apiKey?: string } = {}): GatewayClient {
  async function ask<Data, Variables>(document: TypedDocumentString<Data, Variables>, variables: Variables): Promise<Data> {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(apiKey ? { authorization: `Bearer ${apiKey}` } : {}) },
      body: JSON.stringify({ query: document.toString(), variables }),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const { data, errors } = (await response.json()) as Answer<Data>
    if (errors?.[0] || !data) throw new Error(errors?.[0]?.message ?? `the gateway answered with status ${response.status}`)
    return data
  }
  return {
    async publish(events) {
      const { publish } = await ask(publishDocument, {
        events: events.map(({ id, source, type, subject, time, dataschema, data }) => ({ id, source, type, subject, time, dataschema, data })),
      })
      const refused = publish.results.find(({ accepted }) => !accepted)
      if (refused) throw new Error(`the gateway refused an event: ${refused.message}`)
    },
    async feed(userId) {
      const { feed } = await ask(feedDocument, { userId })
      return { feedId: feed.feedId, items: feed.edges.map(({ rank, node }) => ({ livestreamId: node.id, position: rank })) }
    },
  }
}
