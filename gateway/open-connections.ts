import { GraphQLError } from 'graphql'

/** Connections that stay open, by whichever transport, under one limit: each holds memory for as long as its client likes. */
export class OpenConnections {
  readonly #limit: number
  #open = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get open(): number {
    return this.#open
  }

  /** Takes a place, and says what to call when it is free again (once or more); undefined where there is none. */
  take(): (() => void) | undefined {
    if (this.#open >= this.#limit) return undefined
    this.#open++
    let taken = true
    return () => {
      if (taken) this.#open--
      taken = false
    }
  }

  /** What those are told for whom there is no place, with status 503. */
  get refusal(): GraphQLError {
    return new GraphQLError(`The server has ${this.#limit} connections, as many as it may ("connections"); try again later.`, {
      extensions: { code: 'LIMIT_EXCEEDED', limit: 'connections' },
    })
  }
}
