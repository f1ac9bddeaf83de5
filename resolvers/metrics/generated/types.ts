import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { Reference, TypedReference } from '../../reference.ts';
import type { Measured } from '../measured.ts';
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

/** Whom and what a person is drawn to. */
export type Affinities = {
  __typename?: 'Affinities';
  /** Categories. */
  categories: Array<CategoryAffinity>;
  /** Sellers this person follows. */
  follows: Array<Seller>;
  /** Sellers. */
  sellers: Array<SellerAffinity>;
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

/** How a person is drawn to a category. Values decay with a half-life of seven days. */
export type CategoryAffinity = {
  __typename?: 'CategoryAffinity';
  /** The category. */
  category: Scalars['String']['output'];
  /** Likes, chats, shares and bids. */
  engagements: Scalars['Float']['output'];
  /** When the latest of it happened. */
  lastAt: Scalars['DateTime']['output'];
  /** Purchases. */
  purchases: Scalars['Float']['output'];
  /** Seconds watched. */
  watchSeconds: Scalars['Float']['output'];
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

/** The computed metrics of one entity over one window. */
export type EntityMetrics = {
  __typename?: 'EntityMetrics';
  /** Bids. */
  bids: MetricValue;
  /** Chat messages. */
  chats: MetricValue;
  /** Likes. */
  likes: MetricValue;
  /** Purchases. */
  purchases: MetricValue;
  /** Revenue in minor units. */
  revenue: MetricValue;
  /** Shares. */
  shares: MetricValue;
  /** Distinct people seen in the window. */
  viewers: MetricValue;
  /** Distinct people watching now (seen within 30 seconds), whatever the window. */
  viewersNow: MetricValue;
  /** Heartbeats of watching. */
  views: MetricValue;
  /** Seconds watched. */
  watchSeconds: MetricValue;
  /** The window of the values. */
  window: MetricWindow;
};

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
  /** Its id, as in the events' subject `livestream:ID`. */
  id: Scalars['ID']['output'];
  /** Computed metrics of this livestream. */
  metrics: EntityMetrics;
};


/** A live auction show of one seller. */
export type LivestreamMetricsArgs = {
  window: MetricWindow;
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

/** One measured value. Evaluated when it is read, so it falls as time passes with no events. */
export type MetricValue = {
  __typename?: 'MetricValue';
  /** When that event became queryable; null before the first. */
  appliedAt?: Maybe<Scalars['DateTime']['output']>;
  /** Exponentially decayed total with a half-life of one hour. For viewers: those of the moment. */
  decayed: Scalars['Float']['output'];
  /** When the latest event in these metrics happened; null before the first. */
  eventTime?: Maybe<Scalars['DateTime']['output']>;
  /** Since the beginning. For viewers: those of the last hour, the longest that is kept. */
  total: Scalars['Float']['output'];
  /** Within the window. */
  value: Scalars['Float']['output'];
};

/** How far back a metric looks, by event time. */
export type MetricWindow =
  /** The last five minutes. */
  | 'FIVE_MINUTES'
  /** The last hour. */
  | 'ONE_HOUR'
  /** The last 30 seconds. */
  | 'THIRTY_SECONDS';

/** Fresh metrics of an entity. */
export type MetricsChange = {
  __typename?: 'MetricsChange';
  /** The metrics. */
  metrics: EntityMetrics;
  /** Which entity they are of. */
  subject: MetricsSubject;
};

/** What has metrics. */
export type MetricsSubject = Livestream | Seller | User;

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
  /** The metrics of some entities by key (`livestream:ID`, `seller:ID`, `user:ID`), in that order; null for what nothing was counted of. */
  metrics: Array<Maybe<EntityMetrics>>;
};


/** What can be asked. */
export type QueryMetricsArgs = {
  entities: Array<Scalars['ID']['input']>;
  window: MetricWindow;
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
  /** Computed metrics over all livestreams of this seller. */
  metrics: EntityMetrics;
};


/** Somebody who sells in livestreams. */
export type SellerMetricsArgs = {
  window: MetricWindow;
};

/** How a person is drawn to a seller. Values decay with a half-life of seven days. */
export type SellerAffinity = {
  __typename?: 'SellerAffinity';
  /** Likes, chats, shares and bids. */
  engagements: Scalars['Float']['output'];
  /** When the latest of it happened. */
  lastAt: Scalars['DateTime']['output'];
  /** Purchases. */
  purchases: Scalars['Float']['output'];
  /** The seller. */
  seller: Seller;
  /** Seconds watched. */
  watchSeconds: Scalars['Float']['output'];
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
  /** Metrics of given entities (`livestream:ID`, `seller:ID`, `user:ID`), as they are now and after each change. */
  metrics: MetricsChange;
};


/** What can be followed live. */
export type SubscriptionMetricsArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  buffer: Scalars['Int']['input'];
  entities: Array<Scalars['ID']['input']>;
  policy: DeliveryPolicy;
  since?: InputMaybe<Scalars['DateTime']['input']>;
  window: MetricWindow;
};

/** A person who watches, chats, bids and buys. */
export type User = {
  __typename?: 'User';
  /** Whom and what this person is drawn to, by what they watched, did and bought; strongest first. */
  affinities: Affinities;
  /** Their id, as in the events' subject `user:ID`. */
  id: Scalars['ID']['output'];
  /** Computed metrics of what this person did. */
  metrics: EntityMetrics;
};


/** A person who watches, chats, bids and buys. */
export type UserAffinitiesArgs = {
  first: Scalars['Int']['input'];
};


/** A person who watches, chats, bids and buys. */
export type UserMetricsArgs = {
  window: MetricWindow;
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
  User: User;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  Livestream:
    ( { __typename: 'Livestream' }
    & GraphQLRecursivePick<FederationTypes['Livestream'], {"id":true}> );
  Seller:
    ( { __typename: 'Seller' }
    & GraphQLRecursivePick<FederationTypes['Seller'], {"id":true}> );
  User:
    ( { __typename: 'User' }
    & GraphQLRecursivePick<FederationTypes['User'], {"id":true}> );
};



/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  Affinities: ResolverTypeWrapper<Omit<Affinities, 'follows' | 'sellers'> & { follows: Array<ResolversTypes['Seller']>, sellers: Array<ResolversTypes['SellerAffinity']> }>;
  BooleanFilter: BooleanFilter;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  CategoryAffinity: ResolverTypeWrapper<CategoryAffinity>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DateTimeFilter: DateTimeFilter;
  DeliveryPolicy: DeliveryPolicy;
  EntityMetrics: ResolverTypeWrapper<Measured>;
  FloatFilter: FloatFilter;
  FusionType: FusionType;
  HybridInput: HybridInput;
  IDFilter: IdFilter;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  KeywordFilter: KeywordFilter;
  LiveUpdateKind: LiveUpdateKind;
  Livestream: ResolverTypeWrapper<Reference>;
  LivestreamFilter: LivestreamFilter;
  LivestreamStatus: LivestreamStatus;
  LivestreamStatusFilter: LivestreamStatusFilter;
  MetricValue: ResolverTypeWrapper<MetricValue>;
  MetricWindow: MetricWindow;
  MetricsChange: ResolverTypeWrapper<Omit<MetricsChange, 'metrics' | 'subject'> & { metrics: ResolversTypes['EntityMetrics'], subject: ResolversTypes['MetricsSubject'] }>;
  MetricsSubject: ResolverTypeWrapper<TypedReference>;
  MovedItem: ResolverTypeWrapper<MovedItem>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  NearInput: NearInput;
  OrderDirection: OrderDirection;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  ReferenceFilter: ReferenceFilter;
  ScorePart: ResolverTypeWrapper<ScorePart>;
  Seller: ResolverTypeWrapper<Reference>;
  SellerAffinity: ResolverTypeWrapper<Omit<SellerAffinity, 'seller'> & { seller: ResolversTypes['Seller'] }>;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  User: ResolverTypeWrapper<Reference>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  Affinities: Omit<Affinities, 'follows' | 'sellers'> & { follows: Array<ResolversParentTypes['Seller']>, sellers: Array<ResolversParentTypes['SellerAffinity']> };
  BooleanFilter: BooleanFilter;
  Boolean: Scalars['Boolean']['output'];
  CategoryAffinity: CategoryAffinity;
  String: Scalars['String']['output'];
  Float: Scalars['Float']['output'];
  Cursor: Scalars['Cursor']['output'];
  DateTime: Scalars['DateTime']['output'];
  DateTimeFilter: DateTimeFilter;
  EntityMetrics: Measured;
  FloatFilter: FloatFilter;
  HybridInput: HybridInput;
  IDFilter: IdFilter;
  ID: Scalars['ID']['output'];
  KeywordFilter: KeywordFilter;
  Livestream: Reference;
  LivestreamFilter: LivestreamFilter;
  LivestreamStatusFilter: LivestreamStatusFilter;
  MetricValue: MetricValue;
  MetricsChange: Omit<MetricsChange, 'metrics' | 'subject'> & { metrics: ResolversParentTypes['EntityMetrics'], subject: ResolversParentTypes['MetricsSubject'] };
  MetricsSubject: TypedReference;
  MovedItem: MovedItem;
  Int: Scalars['Int']['output'];
  NearInput: NearInput;
  PageInfo: PageInfo;
  Query: Record<PropertyKey, never>;
  ReferenceFilter: ReferenceFilter;
  ScorePart: ScorePart;
  Seller: Reference;
  SellerAffinity: Omit<SellerAffinity, 'seller'> & { seller: ResolversParentTypes['Seller'] };
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: Record<PropertyKey, never>;
  User: Reference;
};

export type AffinitiesResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Affinities'] = ResolversParentTypes['Affinities']> = {
  categories?: Resolver<Array<ResolversTypes['CategoryAffinity']>, ParentType, ContextType>;
  follows?: Resolver<Array<ResolversTypes['Seller']>, ParentType, ContextType>;
  sellers?: Resolver<Array<ResolversTypes['SellerAffinity']>, ParentType, ContextType>;
};

export type CategoryAffinityResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['CategoryAffinity'] = ResolversParentTypes['CategoryAffinity']> = {
  category?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  engagements?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  lastAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  purchases?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  watchSeconds?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type EntityMetricsResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['EntityMetrics'] = ResolversParentTypes['EntityMetrics']> = {
  bids?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  chats?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  likes?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  purchases?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  revenue?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  shares?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  viewers?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  viewersNow?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  views?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  watchSeconds?: Resolver<ResolversTypes['MetricValue'], ParentType, ContextType>;
  window?: Resolver<ResolversTypes['MetricWindow'], ParentType, ContextType>;
};

export type LivestreamResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Livestream'] = ResolversParentTypes['Livestream'], FederationReferenceType extends FederationReferenceTypes['Livestream'] = FederationReferenceTypes['Livestream']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Livestream']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  metrics?: Resolver<ResolversTypes['EntityMetrics'], ParentType, ContextType, RequireFields<LivestreamMetricsArgs, 'window'>>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type MetricValueResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['MetricValue'] = ResolversParentTypes['MetricValue']> = {
  appliedAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  decayed?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  eventTime?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  total?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type MetricsChangeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['MetricsChange'] = ResolversParentTypes['MetricsChange']> = {
  metrics?: Resolver<ResolversTypes['EntityMetrics'], ParentType, ContextType>;
  subject?: Resolver<ResolversTypes['MetricsSubject'], ParentType, ContextType>;
};

export type MetricsSubjectResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['MetricsSubject'] = ResolversParentTypes['MetricsSubject']> = {
  __resolveType: TypeResolveFn<'Livestream' | 'Seller' | 'User', ParentType, ContextType>;
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
  metrics?: Resolver<Array<Maybe<ResolversTypes['EntityMetrics']>>, ParentType, ContextType, RequireFields<QueryMetricsArgs, 'entities' | 'window'>>;
};

export type ScorePartResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ScorePart'] = ResolversParentTypes['ScorePart']> = {
  contribution?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type SellerResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Seller'] = ResolversParentTypes['Seller'], FederationReferenceType extends FederationReferenceTypes['Seller'] = FederationReferenceTypes['Seller']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Seller']> | FederationReferenceType, FederationReferenceType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  metrics?: Resolver<ResolversTypes['EntityMetrics'], ParentType, ContextType, RequireFields<SellerMetricsArgs, 'window'>>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type SellerAffinityResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['SellerAffinity'] = ResolversParentTypes['SellerAffinity']> = {
  engagements?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  lastAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  purchases?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  seller?: Resolver<ResolversTypes['Seller'], ParentType, ContextType>;
  watchSeconds?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  metrics?: SubscriptionResolver<ResolversTypes['MetricsChange'], "metrics", ParentType, ContextType, RequireFields<SubscriptionMetricsArgs, 'buffer' | 'entities' | 'policy' | 'window'>>;
};

export type UserResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User'], FederationReferenceType extends FederationReferenceTypes['User'] = FederationReferenceTypes['User']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['User']> | FederationReferenceType, FederationReferenceType, ContextType>;
  affinities?: Resolver<ResolversTypes['Affinities'], ParentType, ContextType, RequireFields<UserAffinitiesArgs, 'first'>>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  metrics?: Resolver<ResolversTypes['EntityMetrics'], ParentType, ContextType, RequireFields<UserMetricsArgs, 'window'>>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  Affinities?: AffinitiesResolvers<ContextType>;
  CategoryAffinity?: CategoryAffinityResolvers<ContextType>;
  Cursor?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  EntityMetrics?: EntityMetricsResolvers<ContextType>;
  Livestream?: LivestreamResolvers<ContextType>;
  MetricValue?: MetricValueResolvers<ContextType>;
  MetricsChange?: MetricsChangeResolvers<ContextType>;
  MetricsSubject?: MetricsSubjectResolvers<ContextType>;
  MovedItem?: MovedItemResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  ScorePart?: ScorePartResolvers<ContextType>;
  Seller?: SellerResolvers<ContextType>;
  SellerAffinity?: SellerAffinityResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
};

