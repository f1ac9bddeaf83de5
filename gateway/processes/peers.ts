import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Closing } from '../streams/closing.ts'
import type { Measured } from './messages.ts'

/**
 * The other processes behind this one's port. A client's next connection may reach any of them; what lives in one of them (a
 * reserved stream, a subscription whose events come by calls) has that one's number in its id, and is asked for there.
 */
export interface Peers {
  /** An id that nobody can guess, and that says whose it is. */
  newId(): string
  /**
   * Has the process whose id it is answer. Where this one closes before the answer has ended, that one is asked to end it.
   * @returns false where it is this one's, nobody's or of one that has ended: then nothing is read of the request, and it is this one's to answer
   */
  forward(id: string, request: IncomingMessage, response: ServerResponse, limits: { maxBodyBytes: number; closing?: Pick<Closing, 'on'> }): Promise<boolean>
  /** Whether it comes from another of them, and in whose name: of a client whose connection that one is about to close. */
  takesLeave(request: IncomingMessage): boolean
  /** Tells the others of a mutation of this sharing key that is about to be answered. Resolves once they know; never rejects. */
  wrote(key: string | undefined): Promise<void>
  /** Told of those of the others. */
  onWrote(listener: (key: string | undefined) => void): void
  /** Told by what this process is measured. */
  measureBy(measure: () => Promise<Measured>, current: () => Promise<Measured>): void
  /** The metrics of all of them, in Prometheus's text format. */
  totals(): Promise<string>
}
