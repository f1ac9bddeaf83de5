/** An entity of which this subgraph holds nothing but the key. */
export interface Reference {
  id: string
}

/** The same where its type is not known statically (unions). */
export interface TypedReference extends Reference {
  __typename: 'Livestream' | 'Seller' | 'User'
}
