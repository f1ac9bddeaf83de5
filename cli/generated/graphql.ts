/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** A CloudEvent 1.0 to be published. */
export type EventInput = {
  /** What happened, an object by the type's schema; every type needs one. Anything else refuses this event alone. */
  data?: unknown;
  /** URN of the data's schema, with its version. Default: the newest. */
  dataschema?: string | null | undefined;
  /** Names the event within its source: an event that comes again with the same `source` and `id` counts once. Default: a new one. */
  id?: string | null | undefined;
  /** Who says so. Default: `freshet:publish`. */
  source?: string | null | undefined;
  /** The entity it is about: `user:ID`, `seller:ID` or `livestream:ID`. */
  subject: string;
  /** When it happened: RFC 3339 with a zone, as in `"2026-01-31T18:00:00Z"`. Anything else refuses this event alone. Default: now. */
  time?: unknown;
  /** One of `eventTypes`. */
  type: string;
};

export type SimulatorPublishMutationVariables = Exact<{
  events: Array<EventInput> | EventInput;
}>;


export type SimulatorPublishMutation = { publish: { results: Array<{ accepted: boolean, message: string | null }> } };

export type SimulatorFeedQueryVariables = Exact<{
  userId: string;
}>;


export type SimulatorFeedQuery = { feed: { feedId: string, edges: Array<{ rank: number, node: { id: string } }> } };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}

export const SimulatorPublishDocument = new TypedDocumentString(`
    mutation SimulatorPublish($events: [EventInput!]!) {
  publish(events: $events) {
    results {
      accepted
      message
    }
  }
}
    `) as unknown as TypedDocumentString<SimulatorPublishMutation, SimulatorPublishMutationVariables>;
export const SimulatorFeedDocument = new TypedDocumentString(`
    query SimulatorFeed($userId: ID!) {
  feed(userId: $userId, first: 20) {
    feedId
    edges {
      rank
      node {
        id
      }
    }
  }
}
    `) as unknown as TypedDocumentString<SimulatorFeedQuery, SimulatorFeedQueryVariables>;