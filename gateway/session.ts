import { GraphQLError } from 'graphql'
import type { Scope } from '../resolvers/scope.ts'
import type { Subscriber } from '../subscriptions/delivery/subscriber.ts'
import type { Door } from './door.ts'

/** Who somebody is, and for how long that holds. */
export interface Verified {
  scope: Scope
  /** Ms since the epoch; absent: for ever. */
  expiresAt?: number
  /** Aborted when it holds no longer before that. */
  revoked?: AbortSignal
}

/**
 * Says who brings a token (the `authorization` of a request, or of a connection's parameters; absent where none came).
 * @throws GraphQLError for what is not acceptable, in words for the client
 */
export type Verifier = (authorization: string | undefined) => Promise<Verified>

type SessionEnd = 'TOKEN_EXPIRED' | 'TOKEN_REVOKED'

/** Timers fire early beyond this many ms. */
const longestTimer = 2 ** 31 - 1

/**
 * What a connection may do, as long as its token holds. Whatever began under it is told when it ends; a fresh token of the same
 * scope carries on.
 */
export class Session {
  readonly scope: Scope
  readonly #verifier: Verifier
  readonly #clock: () => number
  readonly #listeners = new Set<(error: GraphQLError) => void>()
  #timer: NodeJS.Timeout | undefined
  #unwatch = () => {}
  #over: SessionEnd | undefined
  #renewed = Promise.resolve()
  #closed = false

  constructor(verified: Verified, verifier: Verifier, clock: () => number) {
    this.scope = verified.scope
    this.#verifier = verifier
    this.#clock = clock
    this.#watch(verified)
  }

  /** Why nothing can be begun; undefined: it can. */
  get over(): GraphQLError | undefined {
    return this.#over && endOf(this.#over)
  }

  /** Told once when it ends, at once where it has. Returns what to call when nobody listens any more. */
  onEnd(listener: (error: GraphQLError) => void): () => void {
    if (this.over) listener(this.over)
    else this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Goes on by a fresh token.
   * @throws GraphQLError where it is not acceptable, or is somebody else's: then all stays as it is
   */
  renew(authorization: string): Promise<void> {
    const renewed = this.#renew(authorization)
    this.#renewed = renewed.catch(() => {})
    return renewed
  }

  /** Resolves once the fresh token is judged, where one is on its way. */
  get settled(): Promise<void> {
    return this.#renewed
  }

  async #renew(authorization: string): Promise<void> {
    const verified = await this.#verifier(authorization)
    if (!isSame(verified.scope, this.scope))
      throw new GraphQLError('The fresh token is of another tenant, subject or roles than the one that it follows; open another connection for it.', {
        extensions: { code: 'TOKEN_OF_ANOTHER' },
      })
    // The connection may have gone meanwhile: nobody would take back what is begun here.
    if (!this.#closed) this.#watch(verified)
  }

  close(): void {
    this.#closed = true
    this.#unwatch()
    this.#listeners.clear()
  }

  #watch({ expiresAt, revoked }: Verified): void {
    this.#unwatch()
    this.#over = undefined
    const onRevoked = () => this.#end('TOKEN_REVOKED')
    const wait = () => {
      if (expiresAt === undefined) return
      const left = expiresAt - this.#clock()
      if (left <= 0) return this.#end('TOKEN_EXPIRED')
      this.#timer = setTimeout(wait, Math.min(left, longestTimer))
      this.#timer.unref()
    }
    this.#unwatch = () => {
      clearTimeout(this.#timer)
      revoked?.removeEventListener('abort', onRevoked)
    }
    if (revoked?.aborted) return onRevoked()
    revoked?.addEventListener('abort', onRevoked, { once: true })
    wait()
  }

  #end(reason: SessionEnd): void {
    this.#unwatch()
    this.#over = reason
    const error = endOf(reason)
    const listeners = [...this.#listeners]
    this.#listeners.clear()
    for (const listener of listeners) listener(error)
  }
}

/**
 * The door for who brings this token.
 * @throws GraphQLError of the verifier
 */
export async function doorFor(door: Door, authorization: string | undefined): Promise<Door> {
  if (!door.verifier) return door
  const verified = await door.verifier(authorization)
  return { ...door, scope: verified.scope, verified }
}

/** The session of a connection that was let in by `doorFor`; undefined where nobody is asked for a token. */
export const sessionOf = ({ verified, verifier, services }: Door): Session | undefined =>
  verified && verifier && new Session(verified, verifier, services.clock)

/** Ends the subscription with the session, behind its cursor. Returns what to call when it has ended before. */
export const endWith = (session: Session | undefined, subscriber: Subscriber): (() => void) =>
  session?.onEnd(({ message, extensions }) => {
    const { cursor } = subscriber
    subscriber.end(new GraphQLError(message, { extensions: { ...extensions, ...cursor !== undefined && { cursor } } }))
  }) ?? (() => {})

const endOf = (reason: SessionEnd): GraphQLError =>
  new GraphQLError(reason === 'TOKEN_EXPIRED' ? 'The token has expired; bring a fresh one.' : 'The token was revoked.', { extensions: { code: reason } })

const isSame = (a: Scope, b: Scope): boolean =>
  a.tenant === b.tenant && a.subject === b.subject && new Set(a.roles).symmetricDifference(new Set(b.roles)).size === 0
