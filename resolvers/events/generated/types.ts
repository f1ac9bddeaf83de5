import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { RequestContext } from '../../context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = T | null | undefined;
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
  /** Any JSON value. */
  JSON: { input: unknown; output: unknown; }
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

/** An event as it stands on the log. */
export type Event = {
  __typename?: 'Event';
  /** When the log had it. */
  appendedAt: Scalars['DateTime']['output'];
  /** The data by the type's schema. */
  data: Scalars['JSON']['output'];
  /** Its id within the source. */
  id: Scalars['String']['output'];
  /** Who says so. */
  source: Scalars['String']['output'];
  /** The entity it is about. */
  subject: Scalars['String']['output'];
  /** When it happened. */
  time: Scalars['DateTime']['output'];
  /** What happened, past tense. */
  type: Scalars['String']['output'];
};

/** A CloudEvent 1.0 to be published. */
export type EventInput = {
  /** What happened, an object by the type's schema; every type needs one. Anything else refuses this event alone. */
  data?: InputMaybe<Scalars['JSON']['input']>;
  /** URN of the data's schema, with its version. Default: the newest. */
  dataschema?: InputMaybe<Scalars['String']['input']>;
  /** Names the event within its source: an event that comes again with the same `source` and `id` counts once. Default: a new one. */
  id?: InputMaybe<Scalars['String']['input']>;
  /** Who says so. Default: `freshet:publish`. */
  source?: InputMaybe<Scalars['String']['input']>;
  /** The entity it is about: `user:ID`, `seller:ID` or `livestream:ID`. */
  subject: Scalars['String']['input'];
  /** When it happened: RFC 3339 with a zone, as in `"2026-01-31T18:00:00Z"`. Anything else refuses this event alone. Default: now. */
  time?: InputMaybe<Scalars['JSON']['input']>;
  /** One of `eventTypes`. */
  type: Scalars['String']['input'];
};

/** What is known of an event type. */
export type EventTypeInfo = {
  __typename?: 'EventTypeInfo';
  /** The name, past tense. */
  name: Scalars['String']['output'];
  /** JSON Schema of `data`. */
  schema: Scalars['JSON']['output'];
  /** The topic it belongs to, by its full name on the log. */
  topic: Scalars['String']['output'];
  /** Version of the schema. */
  version: Scalars['Int']['output'];
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

/** What can be done. */
export type Mutation = {
  __typename?: 'Mutation';
  /** Appends events to their logs. Each is judged alone: one that is refused does not hold up the others. Up to 1,000 at once. */
  publish: PublishPayload;
};


/** What can be done. */
export type MutationPublishArgs = {
  events: Array<EventInput>;
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

/** What became of published events. */
export type PublishPayload = {
  __typename?: 'PublishPayload';
  /** One result per event, in the order given. */
  results: Array<PublishResult>;
  /** Bring it with a query (header `freshet-token`, or `freshetToken` in the request's `extensions`): the answer then includes these events. Null where none was accepted. */
  token?: Maybe<Scalars['String']['output']>;
};

/** What became of one published event. */
export type PublishResult = {
  __typename?: 'PublishResult';
  /** Whether it was appended to the log. */
  accepted: Scalars['Boolean']['output'];
  /** Why not, as a stable code; null when accepted. */
  code?: Maybe<Scalars['String']['output']>;
  /** The event's id. */
  id: Scalars['String']['output'];
  /** Why not, in words; null when accepted. */
  message?: Maybe<Scalars['String']['output']>;
};

/** What can be asked. */
export type Query = {
  __typename?: 'Query';
  /** The event types that Freshet knows, with topic and JSON Schema of the data. */
  eventTypes: Array<EventTypeInfo>;
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

/** What can be followed live. */
export type Subscription = {
  __typename?: 'Subscription';
  /** Events of the given types (all where none are given) as they are appended, before anything is made of them. */
  events: Event;
};


/** What can be followed live. */
export type SubscriptionEventsArgs = {
  after?: InputMaybe<Scalars['Cursor']['input']>;
  buffer: Scalars['Int']['input'];
  near?: InputMaybe<NearInput>;
  policy: DeliveryPolicy;
  since?: InputMaybe<Scalars['DateTime']['input']>;
  types?: InputMaybe<Array<Scalars['String']['input']>>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


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





/** Mapping between all available schema types and the resolvers types */
export type ResolversTypes = {
  BooleanFilter: BooleanFilter;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  DateTimeFilter: DateTimeFilter;
  DeliveryPolicy: DeliveryPolicy;
  Event: ResolverTypeWrapper<Event>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  EventInput: EventInput;
  EventTypeInfo: ResolverTypeWrapper<EventTypeInfo>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  FloatFilter: FloatFilter;
  Float: ResolverTypeWrapper<Scalars['Float']['output']>;
  FusionType: FusionType;
  HybridInput: HybridInput;
  IDFilter: IdFilter;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  KeywordFilter: KeywordFilter;
  LiveUpdateKind: LiveUpdateKind;
  LivestreamFilter: LivestreamFilter;
  LivestreamStatus: LivestreamStatus;
  LivestreamStatusFilter: LivestreamStatusFilter;
  MovedItem: ResolverTypeWrapper<MovedItem>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  NearInput: NearInput;
  OrderDirection: OrderDirection;
  PageInfo: ResolverTypeWrapper<PageInfo>;
  PublishPayload: ResolverTypeWrapper<PublishPayload>;
  PublishResult: ResolverTypeWrapper<PublishResult>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  ReferenceFilter: ReferenceFilter;
  ScorePart: ResolverTypeWrapper<ScorePart>;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
};

/** Mapping between all available schema types and the resolvers parents */
export type ResolversParentTypes = {
  BooleanFilter: BooleanFilter;
  Boolean: Scalars['Boolean']['output'];
  Cursor: Scalars['Cursor']['output'];
  DateTime: Scalars['DateTime']['output'];
  DateTimeFilter: DateTimeFilter;
  Event: Event;
  String: Scalars['String']['output'];
  EventInput: EventInput;
  EventTypeInfo: EventTypeInfo;
  Int: Scalars['Int']['output'];
  FloatFilter: FloatFilter;
  Float: Scalars['Float']['output'];
  HybridInput: HybridInput;
  IDFilter: IdFilter;
  ID: Scalars['ID']['output'];
  JSON: Scalars['JSON']['output'];
  KeywordFilter: KeywordFilter;
  LivestreamFilter: LivestreamFilter;
  LivestreamStatusFilter: LivestreamStatusFilter;
  MovedItem: MovedItem;
  Mutation: Record<PropertyKey, never>;
  NearInput: NearInput;
  PageInfo: PageInfo;
  PublishPayload: PublishPayload;
  PublishResult: PublishResult;
  Query: Record<PropertyKey, never>;
  ReferenceFilter: ReferenceFilter;
  ScorePart: ScorePart;
  StringFilter: StringFilter;
  StringListFilter: StringListFilter;
  Subscription: Record<PropertyKey, never>;
};

export interface CursorScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export interface DateTimeScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export type EventResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Event'] = ResolversParentTypes['Event']> = {
  appendedAt?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  data?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  id?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  source?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  subject?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  time?: Resolver<ResolversTypes['DateTime'], ParentType, ContextType>;
  type?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
};

export type EventTypeInfoResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['EventTypeInfo'] = ResolversParentTypes['EventTypeInfo']> = {
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  schema?: Resolver<ResolversTypes['JSON'], ParentType, ContextType>;
  topic?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  version?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export interface JsonScalarConfig extends GraphQLScalarTypeConfig<ResolversTypes['JSON'], any> {
  name: 'JSON';
}

export type MovedItemResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['MovedItem'] = ResolversParentTypes['MovedItem']> = {
  id?: Resolver<ResolversTypes['ID'], ParentType, ContextType>;
  rank?: Resolver<ResolversTypes['Int'], ParentType, ContextType>;
};

export type MutationResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Mutation'] = ResolversParentTypes['Mutation']> = {
  publish?: Resolver<ResolversTypes['PublishPayload'], ParentType, ContextType, RequireFields<MutationPublishArgs, 'events'>>;
};

export type PageInfoResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PageInfo'] = ResolversParentTypes['PageInfo']> = {
  endCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  hasNextPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PublishPayloadResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PublishPayload'] = ResolversParentTypes['PublishPayload']> = {
  results?: Resolver<Array<ResolversTypes['PublishResult']>, ParentType, ContextType>;
  token?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type PublishResultResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['PublishResult'] = ResolversParentTypes['PublishResult']> = {
  accepted?: Resolver<ResolversTypes['Boolean'], ParentType, ContextType>;
  code?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
  id?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  message?: Resolver<Maybe<ResolversTypes['String']>, ParentType, ContextType>;
};

export type QueryResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Query'] = ResolversParentTypes['Query']> = {
  eventTypes?: Resolver<Array<ResolversTypes['EventTypeInfo']>, ParentType, ContextType>;
};

export type ScorePartResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['ScorePart'] = ResolversParentTypes['ScorePart']> = {
  contribution?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
  name?: Resolver<ResolversTypes['String'], ParentType, ContextType>;
  value?: Resolver<ResolversTypes['Float'], ParentType, ContextType>;
};

export type SubscriptionResolvers<ContextType = RequestContext, ParentType extends ResolversParentTypes['Subscription'] = ResolversParentTypes['Subscription']> = {
  events?: SubscriptionResolver<ResolversTypes['Event'], "events", ParentType, ContextType, RequireFields<SubscriptionEventsArgs, 'buffer' | 'policy'>>;
};

export type Resolvers<ContextType = RequestContext> = {
  Cursor?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  Event?: EventResolvers<ContextType>;
  EventTypeInfo?: EventTypeInfoResolvers<ContextType>;
  JSON?: GraphQLScalarType;
  MovedItem?: MovedItemResolvers<ContextType>;
  Mutation?: MutationResolvers<ContextType>;
  PageInfo?: PageInfoResolvers<ContextType>;
  PublishPayload?: PublishPayloadResolvers<ContextType>;
  PublishResult?: PublishResultResolvers<ContextType>;
  Query?: QueryResolvers<ContextType>;
  ScorePart?: ScorePartResolvers<ContextType>;
  Subscription?: SubscriptionResolvers<ContextType>;
};

