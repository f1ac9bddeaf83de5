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
  /** One seller, or null where there is none. */
  seller?: Maybe<Seller>;
  /** Sellers by filter, as a Relay connection. Without `orderBy`: by id. */
  sellers: SellerConnection;
};


/** What can be asked. */
export type QuerySellerArgs = {
  id: Scalars['ID']['input'];
};


/** What can be asked. */
export type QuerySellersArgs = {
  after?: InputMaybe<Scalars['String']['input']>;
  filter?: InputMaybe<SellerFilter>;
  first: Scalars['Int']['input'];
  orderBy?: InputMaybe<Array<SellerOrder>>;
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
  /** When that event became queryable. */
  appliedAt: Scalars['DateTime']['output'];
  /** Categories they sell in. */
  categories?: Maybe<Array<Scalars['String']['output']>>;
  /** Country, ISO 3166-1 alpha-2. */
  country?: Maybe<Scalars['String']['output']>;
  /** What they say of their shop. */
  description?: Maybe<Scalars['String']['output']>;
  /** When the latest event in this record happened. */
  eventTime: Scalars['DateTime']['output'];
  /** Their id, as in the events' subject `seller:ID`. */
  id: Scalars['ID']['output'];
  /** Language, BCP 47. */
  language?: Maybe<Scalars['String']['output']>;
  /** The name they show. */
  name?: Maybe<Scalars['String']['output']>;
  /** Mean of buyers' ratings, 0 to 5. */
  rating?: Maybe<Scalars['Float']['output']>;
  /** When they registered. */
  registeredAt?: Maybe<Scalars['DateTime']['output']>;
  /** Rises with every change of this record: no two states of it share one. */
  revision: Scalars['Int']['output'];
  /** Whether the marketplace has verified them. */
  verified?: Maybe<Scalars['Boolean']['output']>;
};

/** A page of sellers. */
export type SellerConnection = {
  __typename?: 'SellerConnection';
  /** The sellers with their cursors. */
  edges: Array<SellerEdge>;
  /** The sellers alone. */
  nodes: Array<Seller>;
  /** Where this page stands. */
  pageInfo: PageInfo;
};

/** A seller in a page. */
export type SellerEdge = {
  __typename?: 'SellerEdge';
  /** Names this place in the list. */
  cursor: Scalars['String']['output'];
  /** The seller. */
  node: Seller;
};

/** Which sellers are meant. All fields that are given must hold; `and`, `or` and `not` nest (up to 10 deep, 100 conditions). */
export type SellerFilter = {
  /** All of these hold. */
  and?: InputMaybe<Array<SellerFilter>>;
  /** The categories. */
  categories?: InputMaybe<StringListFilter>;
  /** The country. */
  country?: InputMaybe<KeywordFilter>;
  /** The seller's id. */
  id?: InputMaybe<IdFilter>;
  /** The language. */
  language?: InputMaybe<KeywordFilter>;
  /** The name. */
  name?: InputMaybe<StringFilter>;
  /** This does not hold. */
  not?: InputMaybe<SellerFilter>;
  /** At least one of these holds. */
  or?: InputMaybe<Array<SellerFilter>>;
  /** Decayed popularity: a copy of the metric, written at most every two seconds; it falls by the clock when no event comes, in steps of some 5%. */
  popularity?: InputMaybe<FloatFilter>;
  /** The rating. */
  rating?: InputMaybe<FloatFilter>;
  /** When they registered. */
  registeredAt?: InputMaybe<DateTimeFilter>;
  /** Whether verified. */
  verified?: InputMaybe<BooleanFilter>;
};

/** An ordering of sellers. */
export type SellerOrder = {
  /** In which direction. */
  direction: OrderDirection;
  /** By which field. */
  field: SellerOrderField;
};

/** What sellers can be ordered by. */
export type SellerOrderField =
  /** By id. */
  | 'ID'
  /** By name. */
  | 'NAME'
  /** By decayed popularity. */
  | 'POPULARITY'
  /** By rating. */
  | 'RATING'
  /** By the moment they registered. */
  | 'REGISTERED_AT';

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
  Seller: Seller;
};

/** Mapping of federation reference types */
export type FederationReferenceTypes = {
  Seller:
    ( { __typename: 'Seller' }
    & GraphQLRecursivePick<FederationTypes['Seller'], {"id":true}> );
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
  Seller: ResolverTypeWrapper<StoredEntity>;
  SellerConnection: ResolverTypeWrapper<Omit<SellerConnection, 'edges' | 'nodes'> & { edges: Array<ResolversTypes['SellerEdge']>, nodes: Array<ResolversTypes['Seller']> }>;
  SellerEdge: ResolverTypeWrapper<Omit<SellerEdge, 'node'> & { node: ResolversTypes['Seller'] }>;
  SellerFilter: SellerFilter;
  SellerOrder: SellerOrder;
  SellerOrderField: SellerOrderField;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
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
  Seller: StoredEntity;
  SellerConnection: Omit<SellerConnection, 'edges' | 'nodes'> & { edges: Array<ResolversParentTypes['SellerEdge']>, nodes: Array<ResolversParentTypes['Seller']> };
  SellerEdge: Omit<SellerEdge, 'node'> & { node: ResolversParentTypes['Seller'] };
  SellerFilter: SellerFilter;
  SellerOrder: SellerOrder;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
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
  seller?: Resolver<Maybe<ResolversTypes['Seller']>, ParentType, ContextType, RequireFields<QuerySellerArgs, 'id'>>;
  sellers?: Resolver<ResolversTypes['SellerConnection'], ParentType, ContextType, RequireFields<QuerySellersArgs, 'first'>>;
};

export type ScorePartResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ScorePart'] = ResolversParentTypes['ScorePart']> = {
  contribution?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type SellerResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Seller'] = ResolversParentTypes['Seller'], FederationReferenceType extends FederationReferenceTypes['Seller'] = FederationReferenceTypes['Seller']> = {
  __resolveReference?: ReferenceResolver<Maybe<ResolversTypes['Seller']> | FederationReferenceType, FederationReferenceType, ContextType>;
  appliedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  categories?: Resolver<Maybe<Array<ResolversTypes['String']>>, ParentType, ContextType>;
  country?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  description?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  eventTime?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  language?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  name?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  rating?: Resolver<Maybe<ResolversTypes['Float']>, ParentType, ContextType>;
  registeredAt?: Resolver<Maybe<ResolversTypes['DateTime']>, ParentType, ContextType>;
  revision?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
  verified?: Resolver<Maybe<ResolversTypes['Boolean']>, ParentType, ContextType>;
};

export type SellerConnectionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['SellerConnection'] = ResolversParentTypes['SellerConnection']> = {
  edges?: Resolver<Array<ResolversTypes['SellerEdge']>, ParentType, ContextType>;
  nodes?: Resolver<Array<ResolversTypes['Seller']>, ParentType, ContextType>;
  pageInfo?: Resolver<ResolversTypes['PageInfo'], ParentType, ContextType>;
};

export type SellerEdgeResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['SellerEdge'] = ResolversParentTypes['SellerEdge']> = {
  cursor?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<ResolversTypes['Seller'], ParentType, ContextType>;
};

export type Resolvers<ContextType = RequestContext> = {
  Cursor?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  MovedItem?: MovedItemResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  ScorePart?: ScorePartResolvers<ContextType>;
  Seller?: SellerResolvers<ContextType>;
  SellerConnection?: SellerConnectionResolvers<ContextType>;
  SellerEdge?: SellerEdgeResolvers<ContextType>;
};

