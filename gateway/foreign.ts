/** A subgraph that is not Freshet's own, as the settings describe it. */
export interface ForeignSubgraph {
  name: string
  /** Where it is called. Absent where its events are all there is of it. */
  url?: string
  /** A file with its SDL. Absent: the subgraph is asked for it. */
  sdl?: string
  /** Sent with each request. Secrets: never shown. */
  headers: Readonly<Record<string, string>>
  /** Clients' headers that reach it, in lower case. */
  forwardHeaders: readonly string[]
  timeoutMs?: number
  retries?: number
  /** Whether clients see the messages and extensions of the errors that it reports; absent: their codes alone. */
  passErrors?: boolean
  /** Files in PEM. */
  tls?: { ca?: string; cert?: string; key?: string }
  subscriptions?: { protocol: 'graphql-ws' | 'sse' | 'callback'; url?: string }
  /** Declared in SDL: its fields are fed by topics of the log, or publish to them. */
  events: boolean
}

/** Of what the supergraph is made, besides Freshet's own subgraphs. */
export interface GraphSettings {
  subgraphs: readonly ForeignSubgraph[]
  /** A file or a URL with a supergraph that was composed elsewhere; absent: it is composed here. */
  supergraph?: string
  /** Sent to that URL. Secrets: never shown. */
  supergraphHeaders: Readonly<Record<string, string>>
  /** Time between two looks for changes, seconds; 0: none. */
  pollSeconds: number
  /** How others reach this gateway. */
  publicUrl?: string
}

/** Whether there is nothing in it but Freshet's own subgraphs, which do not change while it runs. */
export const isOwn = ({ subgraphs, supergraph }: GraphSettings): boolean => subgraphs.length === 0 && supergraph === undefined

/** Freshet's own subgraphs alone. */
export const ownGraph: GraphSettings = { subgraphs: [], supergraphHeaders: {}, pollSeconds: 0 }
