import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { StoredEntity } from '../../../search/entity-index.ts';
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
  /** One person, or null where there is none. */
  user?: Maybe<User>;
  /** People by filter, as a Relay connection. Without `orderBy`: by id. */
  users: UserConnection;
};


/** What can be asked. */
export type QueryUserArgs = {
  id: Scalars['ID']['input'];
};


/** What can be asked. */
export type QueryUsersArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<UserFilter>;
  first: Scalars['Int']['input'];
  orderBy?: InputMaybe<Array<UserOrder>>;
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

/** A person who watches, chats, bids and buys. */
export type User = {
  __typename?: 'User';
  /** When that event became queryable. */
  appliedAt: Scalars['DateTime']['output'];
  /** What they say of themselves. */
  bio?: Maybe<Scalars['String']['output']>;
  /** Country, ISO 3166-1 alpha-2. */
  country?: Maybe<Scalars['String']['output']>;
  /** When the latest event in this record happened. */
  eventTime: Scalars['DateTime']['output'];
  /** Their id, as in the events' subject `user:ID`. */
  id: Scalars['ID']['output'];
  /** Categories that they say they like. */
  interests?: Maybe<Array<Scalars['String']['output']>>;
  /** Preferred language, BCP 47. */
  language?: Maybe<Scalars['String']['output']>;
  /** The name they show. */
  name?: Maybe<Scalars['String']['output']>;
  /** When they registered. */
  registeredAt?: Maybe<Scalars['DateTime']['output']>;
  /** Rises with every change of this record: no two states of it share one. */
  revision: Scalars['Int']['output'];
};

/** A page of people. */
export type UserConnection = {
  __typename?: 'UserConnection';
  /** The people with their cursors. */
  edges: Array<UserEdge>;
  /** The people alone. */
  nodes: Array<User>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** A person in a page. */
export type UserEdge = {
  __typename?: 'UserEdge';
  /** Names this place in the list. */
  cursor: Scalars['String']['output'];
  /** The person. */
  node: User;
};

/** Which people are meant. All fields that are given must hold; `and`, `or` and `not` nest (up to 10 deep, 100 conditions). */
export type UserFilter = {
  /** All of these hold. */
  and?: InputMaybe<Array<UserFilter>>;
  /** The country. */
  country?: InputMaybe<KeywordFilter>;
  /** The person's id. */
  id?: InputMaybe<IdFilter>;
  /** The interests. */
  interests?: InputMaybe<StringListFilter>;
  /** The language. */
  language?: InputMaybe<KeywordFilter>;
  /** The name. */
  name?: InputMaybe<StringFilter>;
  /** This does not hold. */
  not?: InputMaybe<UserFilter>;
  /** At least one of these holds. */
  or?: InputMaybe<Array<UserFilter>>;
  /** When they registered. */
  registeredAt?: InputMaybe<DateTimeFilter>;
};

/** An ordering of people. */
export type UserOrder = {
  /** In which direction. */
  direction: OrderDirection;
  /** By which field. */
  field: UserOrderField;
};

/** What people can be ordered by. */
export type UserOrderField =
  /** By id. */
  | 'ID'
  /** By name. */
  | 'NAME'
  /** By the moment they registered. */
  | 'REGISTERED_AT';



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
  User: User;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  User:
    ( { __typename: 'User' }
    & GraphQLRecursivePick<FederationTypes['User'], {"id":true}> );
};



/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  BooleanFilter: BooleanFilter;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DateTimeFilter: DateTimeFilter;
  DeliveryPolicy: DeliveryPolicy;
  FloatFilter: FloatFilter;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  FusionType: FusionType;
  HybridInput: HybridInput;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  IDFilter: IdFilter;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  KeywordFilter: KeywordFilter;
  LiveUpdateKind: LiveUpdateKind;
  LivestreamFilter: LivestreamFilter;
  LivestreamStatus: LivestreamStatus;
  LivestreamStatusFilter: LivestreamStatusFilter;
  MovedItem: ResolverTypeWrapper<MovedItem>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  NearInput: NearInput;
  OrderDirection: OrderDirection;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  ReferenceFilter: ReferenceFilter;
  ScorePart: ResolverTypeWrapper<ScorePart>;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  User: ResolverTypeWrapper<StoredEntity>;
  UserConnection: ResolverTypeWrapper<Omit<UserConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['UserEdge']>, nodes: Array<ResolversTypes['User']> }>;
  UserEdge: ResolverTypeWrapper<Omit<UserEdge, 'node'> & { node: ResolversTypes['User'] }>;
  UserFilter: UserFilter;
  UserOrder: UserOrder;
  UserOrderField: UserOrderField;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  BooleanFilter: BooleanFilter;
  Boolean: Scalars['Boolean']['output'];
  Cursor: Scalars['Cursor']['output'];
  DateTime: Scalars['DateTime']['output'];
  DateTimeFilter: DateTimeFilter;
  FloatFilter: FloatFilter;
  Float: Scalars['Float']['output'];
  HybridInput: HybridInput;
  String: Scalars['String']['output'];
  IDFilter: IdFilter;
  ID: Scalars['ID']['output'];
  KeywordFilter: KeywordFilter;
  LivestreamFilter: LivestreamFilter;
  LivestreamStatusFilter: LivestreamStatusFilter;
  MovedItem: MovedItem;
  Int: Scalars['Int']['output'];
  NearInput: NearInput;
  PageInfo: PageInfo;
  Query: Record<PropertyKey, never>;
  ReferenceFilter: ReferenceFilter;
  ScorePart: ScorePart;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  User: StoredEntity;
  UserConnection: Omit<UserConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['UserEdge']>, nodes: Array<ResolversParentTypes['User']> };
  UserEdge: Omit<UserEdge, 'node'> & { node: ResolversParentTypes['User'] };
  UserFilter: UserFilter;
  UserOrder: UserOrder;
};

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

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
  user?: Resolver<Maybe<ResolversTypes['User']>, ParentType, ContextType, RequireFields<QueryUserArgs, 'id'>>;
  users?: Resolver<ResolversTypes['UserConnection'], ParentType, ContextType, RequireFields<QueryUsersArgs, 'first'>>;
};

export type ScorePartResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ScorePart'] = ResolversParentTypes['ScorePart']> = {
  contribution?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type UserResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['User'] = ResolversParentTypes['User'], FederationReferenceType extends FederationReferenceTypes['User'] = FederationReferenceTypes['User']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['User']> | FederationReferenceType, FederationReferenceType, ContextType>;
  appliedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  bio?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  country?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  eventTime?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  interests?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  language?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  registeredAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type UserConnectionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['UserConnection'] = ResolversParentTypes['UserConnection']> = {
  edges?: Resolver<Array<ResolversTypes['UserEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['User']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type UserEdgeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['UserEdge'] = ResolversParentTypes['UserEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['User'], ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  Cursor?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  MovedItem?: MovedItemResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  ScorePart?: ScorePartResolvers<ContextType>;
  User?: UserResolvers<ContextType>;
  UserConnection?: UserConnectionResolvers<ContextType>;
  UserEdge?: UserEdgeResolvers<ContextType>;
};

