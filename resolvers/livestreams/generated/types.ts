import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { StoredEntity } from '../../../search/entity-index.ts';
import type { ShownList } from '../live.ts';
import type { SearchUpdate } from '../../live-list.ts';
import type { Reference } from '../../reference.ts';
import type { RequestContext } from '../../context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /** Where a subscription stands: opaque, from `extensions.cursor` of a payload. Bring it back as `after`, to any replica. */
  Cursor: { input: string; output: string; }
  /** A moment in RFC 3339, always in UTC with milliseconds: `2026-01-31T18:00:00.000Z`. */
  DateTime: { input: number; output: number; }
  _FieldSet: { input: unknown; output: unknown; }
};

/** The auction of a livestream that runs or ran last. */
export type Auction = {
  __typename?: 'Auction';
  /** Whether it is running. */
  active: Scalars['Boolean']['output'];
  /** ISO 4217. */
  currency?: Maybe<Scalars['String']['output']>;
  /** The highest bid, or the starting price before the first; in minor units. */
  currentBid?: Maybe<Scalars['Float']['output']>;
  /** Who holds the highest bid. */
  highestBidder?: Maybe<User>;
  /** Its id. */
  id: Scalars['ID']['output'];
};

/** Comparisons of a truth value. All that are given must hold. */
export type BooleanFilter = {
  /** Is this. */
  eq?: InputMaybe<Scalars['Boolean']['input']>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Is not this, or is missing. */
  ne?: InputMaybe<Scalars['Boolean']['input']>;
};

/** Comparisons of a moment. All that are given must hold. */
export type DateTimeFilter = {
  /** Is this moment. */
  eq?: InputMaybe<Scalars['DateTime']['input']>;
  /** Is later. */
  gt?: InputMaybe<Scalars['DateTime']['input']>;
  /** Is later or the same. */
  gte?: InputMaybe<Scalars['DateTime']['input']>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Is earlier. */
  lt?: InputMaybe<Scalars['DateTime']['input']>;
  /** Is earlier or the same. */
  lte?: InputMaybe<Scalars['DateTime']['input']>;
  /** Is another moment, or missing. */
  ne?: InputMaybe<Scalars['DateTime']['input']>;
};

/** What becomes of payloads that a subscriber does not take in time. Nobody else waits for it in any case. */
export type DeliveryPolicy =
  /** Up to `buffer` payloads wait. When there are more, they are dropped, and a gap notice says how many. */
  | 'BUFFER'
  /** Of each entity the latest state waits, and takes the place of what waited. */
  | 'CONFLATE'
  /** Up to `buffer` payloads wait. When there are more, the subscription ends with `SUBSCRIBER_TOO_SLOW` and the last cursor. */
  | 'DISCONNECT';

/** Comparisons of a number. All that are given must hold. */
export type FloatFilter = {
  /** Equals. */
  eq?: InputMaybe<Scalars['Float']['input']>;
  /** Is greater. */
  gt?: InputMaybe<Scalars['Float']['input']>;
  /** Is greater or equal. */
  gte?: InputMaybe<Scalars['Float']['input']>;
  /** Is one of these. */
  in?: InputMaybe<Array<Scalars['Float']['input']>>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Is smaller. */
  lt?: InputMaybe<Scalars['Float']['input']>;
  /** Is smaller or equal. */
  lte?: InputMaybe<Scalars['Float']['input']>;
  /** Differs, or is missing. */
  ne?: InputMaybe<Scalars['Float']['input']>;
};

/** A livestream that was found, and its place in the result. */
export type FoundLivestream = {
  __typename?: 'FoundLivestream';
  /** The livestream. */
  node: Livestream;
  /** Its place, from 0. */
  rank: Scalars['Int']['output'];
  /** The fused score; comparable within one result only. */
  score: Scalars['Float']['output'];
  /** What each leg added to the score. A leg that did not find it is absent. */
  scoreParts: Array<ScorePart>;
};

/** How the two legs of a hybrid search become one score. */
export type FusionType =
  /** 1 / (60 + rank) of each leg, weighed by alpha. */
  | 'RANKED'
  /** Each leg's scores scaled to 0…1 between its least and its greatest, then weighed by alpha. */
  | 'RELATIVE_SCORE';

/** What to look for: a text, a vector, or both. */
export type HybridInput = {
  /** Weight of the vector leg: 1 is vector alone, 0 is text alone. */
  alpha: Scalars['Float']['input'];
  /** How the legs are fused. */
  fusion: FusionType;
  /** The embedding model whose space is searched. Default: the gateway's own model, which embeds every entity's texts. */
  model?: InputMaybe<Scalars['String']['input']>;
  /** Words for the full-text leg (BM25); without `vector` they are embedded for the vector leg too. */
  text?: InputMaybe<Scalars['String']['input']>;
  /** A vector for the vector leg. Its length must be that of the space `model`. */
  vector?: InputMaybe<Array<Scalars['Float']['input']>>;
};

/** Comparisons of an entity's own id. All that are given must hold. */
export type IdFilter = {
  /** Is this id. */
  eq?: InputMaybe<Scalars['ID']['input']>;
  /** Is one of these. */
  in?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** Is another id. */
  ne?: InputMaybe<Scalars['ID']['input']>;
};

/** Comparisons of a word from a list of such (a category, a language). All that are given must hold. */
export type KeywordFilter = {
  /** Equals, exactly. */
  eq?: InputMaybe<Scalars['String']['input']>;
  /** Is one of these. */
  in?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Differs, or is missing. */
  ne?: InputMaybe<Scalars['String']['input']>;
};

/** What a payload of a live query is. */
export type LiveUpdateKind =
  /** What has changed in the list since the payload before. */
  | 'DIFF'
  /** All of the list, in place of whatever was there. */
  | 'SNAPSHOT';

/** A live auction show of one seller. */
export type Livestream = {
  __typename?: 'Livestream';
  /** When that event became queryable. */
  appliedAt: Scalars['DateTime']['output'];
  /** The auction that runs or ran last; null where there was none. */
  auction?: Maybe<Auction>;
  /** The category. */
  category?: Maybe<Scalars['String']['output']>;
  /** The description. */
  description?: Maybe<Scalars['String']['output']>;
  /** When it ended. */
  endedAt?: Maybe<Scalars['DateTime']['output']>;
  /** When the latest event in this record happened. */
  eventTime: Scalars['DateTime']['output'];
  /** Whether a giveaway is running. */
  giveawayActive: Scalars['Boolean']['output'];
  /** Its id, as in the events' subject `livestream:ID`. */
  id: Scalars['ID']['output'];
  /** The language, BCP 47. */
  language?: Maybe<Scalars['String']['output']>;
  /** Rises with every change of this record: no two states of it share one. */
  revision: Scalars['Int']['output'];
  /** When it is planned to start. */
  scheduledFor?: Maybe<Scalars['DateTime']['output']>;
  /** Whose show it is. */
  seller?: Maybe<Seller>;
  /** Livestreams nearest to this one by their texts' embedding, this one left out. */
  similar: Array<Livestream>;
  /** When it started. */
  startedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Whether it is to come, running or over. */
  status?: Maybe<LivestreamStatus>;
  /** The tags. */
  tags?: Maybe<Array<Scalars['String']['output']>>;
  /** A picture of it. */
  thumbnailUrl?: Maybe<Scalars['String']['output']>;
  /** The title. */
  title?: Maybe<Scalars['String']['output']>;
};


/** A live auction show of one seller. */
export type LivestreamSimilarArgs = {
  filter?: InputMaybe<LivestreamFilter>;
  first: Scalars['Int']['input'];
};

/** Why a livestream is in a change of a list. */
export type LivestreamChange = {
  __typename?: 'LivestreamChange';
  /** The fields of it that changed, by their names in `Livestream` or its filter; none where others made it come or go. */
  fields: Array<Scalars['String']['output']>;
  /** Which livestream. */
  id: Scalars['ID']['output'];
  /** What happened. */
  kind: LivestreamChangeKind;
};

/** What happened to a livestream, seen from a list. */
export type LivestreamChangeKind =
  /** It matched before, and is now among the first. */
  | 'ADVANCED'
  /** It matches now and did not before. */
  | 'ENTERED'
  /** It matched before and does not any more, or is gone. */
  | 'LEFT'
  /** It matches as before, and others are now before it. */
  | 'OUTRANKED'
  /** It was in the list, and something in it changed. */
  | 'UPDATED';

/** A page of livestreams. */
export type LivestreamConnection = {
  __typename?: 'LivestreamConnection';
  /** The livestreams with their cursors. */
  edges: Array<LivestreamEdge>;
  /** The livestreams alone. */
  nodes: Array<Livestream>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** A livestream in a page. */
export type LivestreamEdge = {
  __typename?: 'LivestreamEdge';
  /** Names this place in the list. */
  cursor: Scalars['String']['output'];
  /** The livestream. */
  node: Livestream;
};

/** Which livestreams are meant. All fields that are given must hold; `and`, `or` and `not` nest (up to 10 deep, 100 conditions). */
export type LivestreamFilter = {
  /** All of these hold. */
  and?: InputMaybe<Array<LivestreamFilter>>;
  /** Whether an auction is running. */
  auctionActive?: InputMaybe<BooleanFilter>;
  /** The auction that runs or ran last. */
  auctionId?: InputMaybe<ReferenceFilter>;
  /** Currency of the bids, ISO 4217. */
  bidCurrency?: InputMaybe<KeywordFilter>;
  /** The category. */
  category?: InputMaybe<KeywordFilter>;
  /** The highest bid of the auction, in minor units. */
  currentBid?: InputMaybe<FloatFilter>;
  /** When it ended. */
  endedAt?: InputMaybe<DateTimeFilter>;
  /** Whether a giveaway is running. */
  giveawayActive?: InputMaybe<BooleanFilter>;
  /** Who holds the highest bid. */
  highestBidderId?: InputMaybe<ReferenceFilter>;
  /** The livestream's id. */
  id?: InputMaybe<IdFilter>;
  /** The language, BCP 47. */
  language?: InputMaybe<KeywordFilter>;
  /** This does not hold. */
  not?: InputMaybe<LivestreamFilter>;
  /** At least one of these holds. */
  or?: InputMaybe<Array<LivestreamFilter>>;
  /** Decayed popularity: a copy of the metric, written at most every two seconds; it falls by the clock when no event comes, in steps of some 5%. */
  popularity?: InputMaybe<FloatFilter>;
  /** When it is planned to start. */
  scheduledFor?: InputMaybe<DateTimeFilter>;
  /** The seller's id. */
  sellerId?: InputMaybe<ReferenceFilter>;
  /** When it started. */
  startedAt?: InputMaybe<DateTimeFilter>;
  /** The status. */
  status?: InputMaybe<LivestreamStatusFilter>;
  /** The tags. */
  tags?: InputMaybe<StringListFilter>;
  /** The title. */
  title?: InputMaybe<StringFilter>;
  /** People watching: a copy of the metric, written at most every two seconds; it falls by the clock when no event comes. */
  viewersNow?: InputMaybe<FloatFilter>;
};

/** An ordering of livestreams. */
export type LivestreamOrder = {
  /** In which direction. */
  direction: OrderDirection;
  /** By which field. */
  field: LivestreamOrderField;
};

/** What livestreams can be ordered by. */
export type LivestreamOrderField =
  /** By category. */
  | 'CATEGORY'
  /** By the highest bid. */
  | 'CURRENT_BID'
  /** By the end. */
  | 'ENDED_AT'
  /** By id. */
  | 'ID'
  /** By decayed popularity (the rate-limited copy). */
  | 'POPULARITY'
  /** By the planned start. */
  | 'SCHEDULED_FOR'
  /** By the start. */
  | 'STARTED_AT'
  /** By status. */
  | 'STATUS'
  /** By title. */
  | 'TITLE'
  /** By people watching (the rate-limited copy). */
  | 'VIEWERS_NOW';

/** A page of found livestreams. */
export type LivestreamSearchConnection = {
  __typename?: 'LivestreamSearchConnection';
  /** The livestreams with cursors and scores. */
  edges: Array<LivestreamSearchEdge>;
  /** The livestreams alone. */
  nodes: Array<Livestream>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** A livestream that was found. */
export type LivestreamSearchEdge = {
  __typename?: 'LivestreamSearchEdge';
  /** Names this place in the result. */
  cursor: Scalars['String']['output'];
  /** The livestream. */
  node: Livestream;
  /** The fused score; comparable within one search only. */
  score: Scalars['Float']['output'];
  /** What each leg added to the score. A leg that did not find it is absent. */
  scoreParts: Array<ScorePart>;
};

/** A search's result, or what has changed in it; applied as a `LivestreamsUpdate` is. */
export type LivestreamSearchUpdate = {
  __typename?: 'LivestreamSearchUpdate';
  /** Those that were not in the result, by rank. Of a snapshot: all. */
  added: Array<FoundLivestream>;
  /** The result as it is now, with cursors for the query of the same name. */
  edges: Array<LivestreamSearchEdge>;
  /** Whether it is all of the result, in place of whatever was there, or what has changed. */
  kind: LiveUpdateKind;
  /** Those that have changed places, by rank. */
  moved: Array<MovedItem>;
  /** The livestreams of the result as it is now. */
  nodes: Array<Livestream>;
  /** Where the result stands among all that match. */
  pageInfo: PageInfo;
  /** Ids of those that are not in the result any more. */
  removed: Array<Scalars['ID']['output']>;
  /** Those that were in the result before and have changed. A score alone is no change. */
  updated: Array<FoundLivestream>;
};

/** Whether a livestream is to come, running or over. */
export type LivestreamStatus =
  /** Over. */
  | 'ENDED'
  /** Running now. */
  | 'LIVE'
  /** Announced, not started. */
  | 'SCHEDULED';

/** Comparisons of a livestream's status. All that are given must hold. */
export type LivestreamStatusFilter = {
  /** Is this status. */
  eq?: InputMaybe<LivestreamStatus>;
  /** Is one of these. */
  in?: InputMaybe<Array<LivestreamStatus>>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Is another status, or missing. */
  ne?: InputMaybe<LivestreamStatus>;
};

/**
 * A list of livestreams, or what has changed in it. To apply a change: take out what was `removed` and what has `moved`; then put what was
 * `added` and what has `moved` at their ranks, the smallest rank first. Items whose place changes by that alone are not mentioned.
 */
export type LivestreamsUpdate = {
  __typename?: 'LivestreamsUpdate';
  /** Those that were not in the list, by rank. Of a snapshot: all. */
  added: Array<RankedLivestream>;
  /** Why: one for each that is added, removed or updated by a change. */
  changes: Array<LivestreamChange>;
  /** The list as it is now, with cursors for the query of the same name. */
  edges: Array<LivestreamEdge>;
  /** Whether it is all of the list, in place of whatever was there, or what has changed. */
  kind: LiveUpdateKind;
  /** Those that have changed places, by rank. */
  moved: Array<MovedItem>;
  /** The livestreams of the list as it is now. */
  nodes: Array<Livestream>;
  /** Where the list stands among all that match. */
  pageInfo: PageInfo;
  /** Ids of those that are not in the list any more. */
  removed: Array<Scalars['ID']['output']>;
  /** Those that were in the list before and have changed. A copy of a metric moves a livestream and does not update it. */
  updated: Array<RankedLivestream>;
};

/** An item of a list that has changed places. */
export type MovedItem = {
  __typename?: 'MovedItem';
  /** Which item. */
  id: Scalars['ID']['output'];
  /** Its place now, from 0. */
  rank: Scalars['Int']['output'];
};

/** What something must be near to: a text, or a vector of a model, by cosine. Give one of the two. */
export type NearInput = {
  /** Least similarity, from -1 (opposite) to 1 (the same). */
  minSimilarity: Scalars['Float']['input'];
  /** The model of the vector. Default: the gateway's own. */
  model?: InputMaybe<Scalars['String']['input']>;
  /** Embedded once, by the gateway's own model. */
  text?: InputMaybe<Scalars['String']['input']>;
  /** A vector of the model `model`. */
  vector?: InputMaybe<Array<Scalars['Float']['input']>>;
};

/** Direction of an ordering. Missing values come last either way. */
export type OrderDirection =
  /** Smallest first. */
  | 'ASC'
  /** Greatest first. */
  | 'DESC';

/** Where a page of a Relay connection stands. */
export type PageInfo = {
  __typename?: 'PageInfo';
  /** Cursor of the last edge of this page: pass it as `after` for the next page. */
  endCursor?: Maybe<Scalars['String']['output']>;
  /** Whether more follow behind `endCursor`. */
  hasNextPage: Scalars['Boolean']['output'];
  /** Whether there is something before `startCursor`. */
  hasPreviousPage: Scalars['Boolean']['output'];
  /** Cursor of the first edge of this page. */
  startCursor?: Maybe<Scalars['String']['output']>;
};

/** What can be asked. */
export type Query = {
  __typename?: 'Query';
  /** One livestream, or null where there is none. */
  livestream?: Maybe<Livestream>;
  /** Livestreams by filter, as a Relay connection. Without `orderBy`: by id. */
  livestreams: LivestreamConnection;
  /** Livestreams found by words and meaning, best first, within a filter. */
  searchLivestreams: LivestreamSearchConnection;
};


/** What can be asked. */
export type QueryLivestreamArgs = {
  id: Scalars['ID']['input'];
};


/** What can be asked. */
export type QueryLivestreamsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<LivestreamFilter>;
  first: Scalars['Int']['input'];
  orderBy?: InputMaybe<Array<LivestreamOrder>>;
};


/** What can be asked. */
export type QuerySearchLivestreamsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<LivestreamFilter>;
  first: Scalars['Int']['input'];
  hybrid: HybridInput;
};

/** A livestream and its place in a list. */
export type RankedLivestream = {
  __typename?: 'RankedLivestream';
  /** The livestream, as it is when this is sent. */
  node: Livestream;
  /** Its place, from 0. */
  rank: Scalars['Int']['output'];
  /** How near it is, where the list has `near`. */
  similarity?: Maybe<Scalars['Float']['output']>;
};

/** Comparisons of the id of something that an entity refers to. All that are given must hold. */
export type ReferenceFilter = {
  /** Is this id. */
  eq?: InputMaybe<Scalars['ID']['input']>;
  /** Is one of these. */
  in?: InputMaybe<Array<Scalars['ID']['input']>>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Is another id, or missing. */
  ne?: InputMaybe<Scalars['ID']['input']>;
};

/** How much one leg of a hybrid search, or one part of a ranking, added to a score. */
export type ScorePart = {
  __typename?: 'ScorePart';
  /** What it adds to the final score. */
  contribution: Scalars['Float']['output'];
  /** What it is: `text`, `vector`, or the name of a ranking's part. */
  name: Scalars['String']['output'];
  /** The raw value: BM25 score, cosine similarity, or the part's own measure. */
  value: Scalars['Float']['output'];
};

/** Somebody who sells in livestreams. */
export type Seller = {
  __typename?: 'Seller';
  /** Their id, as in the events' subject `seller:ID`. */
  id: Scalars['ID']['output'];
  /** The seller's livestreams. Without `orderBy`: by id. */
  livestreams: LivestreamConnection;
};


/** Somebody who sells in livestreams. */
export type SellerLivestreamsArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<LivestreamFilter>;
  first: Scalars['Int']['input'];
  orderBy?: InputMaybe<Array<LivestreamOrder>>;
};

/** Comparisons of a text. All that are given must hold. */
export type StringFilter = {
  /** Has this as a part, upper and lower case alike. */
  contains?: InputMaybe<Scalars['String']['input']>;
  /** Equals, exactly. */
  eq?: InputMaybe<Scalars['String']['input']>;
  /** Is one of these. */
  in?: InputMaybe<Array<Scalars['String']['input']>>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
  /** Differs, or is missing. */
  ne?: InputMaybe<Scalars['String']['input']>;
};

/** Comparisons of a list of texts. All that are given must hold. */
export type StringListFilter = {
  /** Has this as one of its values. */
  contains?: InputMaybe<Scalars['String']['input']>;
  /** Is missing (true) or present (false). */
  isNull?: InputMaybe<Scalars['Boolean']['input']>;
};

/** What can be followed live. */
export type Subscription = {
  __typename?: 'Subscription';
  /** One livestream: as it is now, then after each change. Null where it does not exist (any more). */
  livestream?: Maybe<Livestream>;
  /** A list of livestreams by filter: all of it first, then what changes, decided by each change alone. */
  livestreams: LivestreamsUpdate;
  /** Livestreams found by words and meaning, best first: all of the result first, then what changes. Evaluated again when something was announced that can change it, and every ten seconds in any case. */
  searchLivestreams: LivestreamSearchUpdate;
};


/** What can be followed live. */
export type SubscriptionLivestreamArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  buffer: Scalars['Int']['input'];
  id: Scalars['ID']['input'];
  policy: DeliveryPolicy;
  since?: InputMaybe<Scalars['DateTime']['input']>;
};


/** What can be followed live. */
export type SubscriptionLivestreamsArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  buffer: Scalars['Int']['input'];
  filter?: InputMaybe<LivestreamFilter>;
  first: Scalars['Int']['input'];
  near?: InputMaybe<NearInput>;
  orderBy?: InputMaybe<Array<LivestreamOrder>>;
  policy: DeliveryPolicy;
  since?: InputMaybe<Scalars['DateTime']['input']>;
};


/** What can be followed live. */
export type SubscriptionSearchLivestreamsArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  buffer: Scalars['Int']['input'];
  filter?: InputMaybe<LivestreamFilter>;
  first: Scalars['Int']['input'];
  hybrid: HybridInput;
  policy: DeliveryPolicy;
  since?: InputMaybe<Scalars['DateTime']['input']>;
  throttleMs: Scalars['Int']['input'];
};

/** A person who watches, chats, bids and buys. */
export type User = {
  __typename?: 'User';
  /** Their id, as in the events' subject `user:ID`. */
  id: Scalars['ID']['output'];
};



export type ResolverTypeWrapper<T> = Promise<T> | T;

export type ReferenceResolver<TResult, TReference, TContext> = (
      reference: TReference,
      context: TContext,
      info: GraphQLResolveInfo
    ) => Promise<TResult> | TResult;

      type ScalarCheck<T, S> = S extends true ? T : NullableCheck<T, S>;
      type NullableCheck<T, S> = Maybe<T> extends T ? Maybe<ListCheck<NonNullable<T>, S>> : ListCheck<T, S>;
      type ListCheck<T, S> = T extends (infer U)[] ? NullableCheck<U, S>[] : GraphQLRecursivePick<T, S>;
      export type GraphQLRecursivePick<T, S> = { [K in keyof T & keyof S]: ScalarCheck<T[K], S[K]> };
    

export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

/** Mapping of federation types */
export type FederationTypes = {
  Livestream: Livestream;
  Seller: Seller;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  Livestream:
    ( { __typename: 'Livestream' }
    & GraphQLRecursivePick<FederationTypes['Livestream'], {"id":true}> );
  Seller:
    ( { __typename: 'Seller' }
    & GraphQLRecursivePick<FederationTypes['Seller'], {"id":true}> );
};



/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Auction: ResolverTypeWrapper<Omit<Auction, 'highestBidder'> & { highestBidder?: Maybe<ResolversTypes['User']> }>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  BooleanFilter: BooleanFilter;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DateTimeFilter: DateTimeFilter;
  DeliveryPolicy: DeliveryPolicy;
  FloatFilter: FloatFilter;
  FoundLivestream: ResolverTypeWrapper<Omit<FoundLivestream, 'node'> & { node: ResolversTypes['Livestream'] }>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  FusionType: FusionType;
  HybridInput: HybridInput;
  IDFilter: IdFilter;
  KeywordFilter: KeywordFilter;
  LiveUpdateKind: LiveUpdateKind;
  Livestream: ResolverTypeWrapper<StoredEntity>;
  LivestreamChange: ResolverTypeWrapper<LivestreamChange>;
  LivestreamChangeKind: LivestreamChangeKind;
  LivestreamConnection: ResolverTypeWrapper<Omit<LivestreamConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['LivestreamEdge']>, nodes: Array<ResolversTypes['Livestream']> }>;
  LivestreamEdge: ResolverTypeWrapper<Omit<LivestreamEdge, 'node'> & { node: ResolversTypes['Livestream'] }>;
  LivestreamFilter: LivestreamFilter;
  LivestreamOrder: LivestreamOrder;
  LivestreamOrderField: LivestreamOrderField;
  LivestreamSearchConnection: ResolverTypeWrapper<Omit<LivestreamSearchConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['LivestreamSearchEdge']>, nodes: Array<ResolversTypes['Livestream']> }>;
  LivestreamSearchEdge: ResolverTypeWrapper<Omit<LivestreamSearchEdge, 'node'> & { node: ResolversTypes['Livestream'] }>;
  LivestreamSearchUpdate: ResolverTypeWrapper<SearchUpdate>;
  LivestreamStatus: LivestreamStatus;
  LivestreamStatusFilter: LivestreamStatusFilter;
  LivestreamsUpdate: ResolverTypeWrapper<ShownList>;
  MovedItem: ResolverTypeWrapper<MovedItem>;
  NearInput: NearInput;
  OrderDirection: OrderDirection;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  RankedLivestream: ResolverTypeWrapper<Omit<RankedLivestream, 'node'> & { node: ResolversTypes['Livestream'] }>;
  ReferenceFilter: ReferenceFilter;
  ScorePart: ResolverTypeWrapper<ScorePart>;
  Seller: ResolverTypeWrapper<Reference>;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  User: ResolverTypeWrapper<Reference>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Auction: Omit<Auction, 'highestBidder'> & { highestBidder?: Maybe<ResolversParentTypes['User']> };
  Boolean: Scalars['Boolean']['output'];
  String: Scalars['String']['output'];
  Float: Scalars['Float']['output'];
  ID: Scalars['ID']['output'];
  BooleanFilter: BooleanFilter;
  Cursor: Scalars['Cursor']['output'];
  DateTime: Scalars['DateTime']['output'];
  DateTimeFilter: DateTimeFilter;
  FloatFilter: FloatFilter;
  FoundLivestream: Omit<FoundLivestream, 'node'> & { node: ResolversParentTypes['Livestream'] };
  Int: Scalars['Int']['output'];
  HybridInput: HybridInput;
  IDFilter: IdFilter;
  KeywordFilter: KeywordFilter;
  Livestream: StoredEntity;
  LivestreamChange: LivestreamChange;
  LivestreamConnection: Omit<LivestreamConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['LivestreamEdge']>, nodes: Array<ResolversParentTypes['Livestream']> };
  LivestreamEdge: Omit<LivestreamEdge, 'node'> & { node: ResolversParentTypes['Livestream'] };
  LivestreamFilter: LivestreamFilter;
  LivestreamOrder: LivestreamOrder;
  LivestreamSearchConnection: Omit<LivestreamSearchConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['LivestreamSearchEdge']>, nodes: Array<ResolversParentTypes['Livestream']> };
  LivestreamSearchEdge: Omit<LivestreamSearchEdge, 'node'> & { node: ResolversParentTypes['Livestream'] };
  LivestreamSearchUpdate: SearchUpdate;
  LivestreamStatusFilter: LivestreamStatusFilter;
  LivestreamsUpdate: ShownList;
  MovedItem: MovedItem;
  NearInput: NearInput;
  PageInfo: PageInfo;
  Query: Record<PropertyKey, never>;
  RankedLivestream: Omit<RankedLivestream, 'node'> & { node: ResolversParentTypes['Livestream'] };
  ReferenceFilter: ReferenceFilter;
  ScorePart: ScorePart;
  Seller: Reference;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: Record<PropertyKey, never>;
  User: Reference;
};

export type AuctionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Auction'] = ResolversParentTypes['Auction']> = {
  active?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  currency?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  currentBid?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  highestBidder?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type FoundLivestreamResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['FoundLivestream'] = ResolversParentTypes['FoundLivestream']> = {
  node?: Resolver<ResolversTypes['Livestream'], ParentType, ContextType>;
  rank?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  score?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  scoreParts?: Resolver<Array<ResolversTypes['ScorePart']>, ParentType, ContextType>;
};

export type LivestreamResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Livestream'] = ResolversParentTypes['Livestream'], FederationReferenceType extends FederationReferenceTypes['Livestream'] = FederationReferenceTypes['Livestream']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Livestream']> | FederationReferenceType, FederationReferenceType, ContextType>;
  appliedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  auction?: Resolver<Maybe<ResolversTypes['Auction']>, ParentType, ContextType>;
  category?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  description?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  endedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  eventTime?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  giveawayActive?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  language?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  scheduledFor?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  seller?: Resolver<Maybe<ResolversTypes['Seller']>, ParentType, ContextType>;
  similar?: Resolver<Array<ResolversTypes['Livestream']>, ParentType, ContextType, RequireFields<LivestreamSimilarArgs, 'first'>>;
  startedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  status?: Resolver<Maybe<ResolversTypes['LivestreamStatus']>, ParentType, ContextType>;
  tags?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  thumbnailUrl?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  title?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type LivestreamChangeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['LivestreamChange'] = ResolversParentTypes['LivestreamChange']> = {
  fields?: Resolver<Array<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['LivestreamChangeKind'], ParentType, ContextType>;
};

export type LivestreamConnectionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['LivestreamConnection'] = ResolversParentTypes['LivestreamConnection']> = {
  edges?: Resolver<Array<ResolversTypes['LivestreamEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Livestream']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type LivestreamEdgeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['LivestreamEdge'] = ResolversParentTypes['LivestreamEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Livestream'], ParentType, ContextType>;
};

export type LivestreamSearchConnectionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['LivestreamSearchConnection'] = ResolversParentTypes['LivestreamSearchConnection']> = {
  edges?: Resolver<Array<ResolversTypes['LivestreamSearchEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Livestream']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type LivestreamSearchEdgeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['LivestreamSearchEdge'] = ResolversParentTypes['LivestreamSearchEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Livestream'], ParentType, ContextType>;
  score?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  scoreParts?: Resolver<Array<ResolversTypes['ScorePart']>, ParentType, ContextType>;
};

export type LivestreamSearchUpdateResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['LivestreamSearchUpdate'] = ResolversParentTypes['LivestreamSearchUpdate']> = {
  added?: Resolver<Array<ResolversTypes['FoundLivestream']>, ParentType, ContextType>;
  edges?: Resolver<Array<ResolversTypes['LivestreamSearchEdge']>, ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['LiveUpdateKind'], ParentType, ContextType>;
  moved?: Resolver<Array<ResolversTypes['MovedItem']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Livestream']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  removed?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
  updated?: Resolver<Array<ResolversTypes['FoundLivestream']>, ParentType, ContextType>;
};

export type LivestreamsUpdateResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['LivestreamsUpdate'] = ResolversParentTypes['LivestreamsUpdate']> = {
  added?: Resolver<Array<ResolversTypes['RankedLivestream']>, ParentType, ContextType>;
  changes?: Resolver<Array<ResolversTypes['LivestreamChange']>, ParentType, ContextType>;
  edges?: Resolver<Array<ResolversTypes['LivestreamEdge']>, ParentType, ContextType>;
  kind?: Resolver<ResolversTypes['LiveUpdateKind'], ParentType, ContextType>;
  moved?: Resolver<Array<ResolversTypes['MovedItem']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Livestream']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
  removed?: Resolver<Array<ResolversTypes['ID']>, ParentType, ContextType>;
  updated?: Resolver<Array<ResolversTypes['RankedLivestream']>, ParentType, ContextType>;
};

export type MovedItemResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['MovedItem'] = ResolversParentTypes['MovedItem']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  rank?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type PageInfoResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type QueryResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  livestream?: Resolver<Maybe<ResolversTypes['Livestream']>, ParentType, ContextType, RequireFields<QueryLivestreamArgs, 'id'>>;
  livestreams?: Resolver<ResolversTypes['LivestreamConnection'], ParentType, ContextType, RequireFields<QueryLivestreamsArgs, 'first'>>;
  searchLivestreams?: Resolver<ResolversTypes['LivestreamSearchConnection'], ParentType, ContextType, RequireFields<QuerySearchLivestreamsArgs, 'first' | 'hybrid'>>;
};

export type RankedLivestreamResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['RankedLivestream'] = ResolversParentTypes['RankedLivestream']> = {
  node?: Resolver<ResolversTypes['Livestream'], ParentType, ContextType>;
  rank?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  similarity?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
};

export type ScorePartResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ScorePart'] = ResolversParentTypes['ScorePart']> = {
  contribution?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type SellerResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Seller'] = ResolversParentTypes['Seller'], FederationReferenceType extends FederationReferenceTypes['Seller'] = FederationReferenceTypes['Seller']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Seller']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  livestreams?: Resolver<ResolversTypes['LivestreamConnection'], ParentType, ContextType, RequireFields<SellerLivestreamsArgs, 'first'>>;
};

export type SubscriptionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  livestream?: SubscriptionResolver<Maybe<ResolversTypes['Livestream']>, "livestream", ParentType, ContextType, RequireFields<SubscriptionLivestreamArgs, 'buffer' | 'id' | 'policy'>>;
  livestreams?: SubscriptionResolver<ResolversTypes['LivestreamsUpdate'], "livestreams", ParentType, ContextType, RequireFields<SubscriptionLivestreamsArgs, 'buffer' | 'first' | 'policy'>>;
  searchLivestreams?: SubscriptionResolver<ResolversTypes['LivestreamSearchUpdate'], "searchLivestreams", ParentType, ContextType, RequireFields<SubscriptionSearchLivestreamsArgs, 'buffer' | 'first' | 'hybrid' | 'policy' | 'throttleMs'>>;
};

export type UserResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  Auction?: AuctionResolvers<ContextType>;
  Cursor?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  FoundLivestream?: FoundLivestreamResolvers<ContextType>;
  Livestream?: LivestreamResolvers<ContextType>;
  LivestreamChange?: LivestreamChangeResolvers<ContextType>;
  LivestreamConnection?: LivestreamConnectionResolvers<ContextType>;
  LivestreamEdge?: LivestreamEdgeResolvers<ContextType>;
  LivestreamSearchConnection?: LivestreamSearchConnectionResolvers<ContextType>;
  LivestreamSearchEdge?: LivestreamSearchEdgeResolvers<ContextType>;
  LivestreamSearchUpdate?: LivestreamSearchUpdateResolvers<ContextType>;
  LivestreamsUpdate?: LivestreamsUpdateResolvers<ContextType>;
  MovedItem?: MovedItemResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  RankedLivestream?: RankedLivestreamResolvers<ContextType>;
  ScorePart?: ScorePartResolvers<ContextType>;
  Seller?: SellerResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
};

