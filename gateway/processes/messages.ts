import type { Socket } from 'node:net'
import type { MetricObjectWithValues, MetricValue } from 'prom-client'

/** The metrics of one process, as prom-client gives them. */
export type Measured = readonly MetricObjectWithValues<MetricValue<string>>[]

/** What the process that holds the port tells those that serve behind it. */
export type ToServing =
  /** A client's connection, which comes with it; to be answered by `took` or `refused`. */
  | { kind: 'connection'; ticket: number }
  | { kind: 'measure'; ask: number }
  /** The metrics of all of them in Prometheus's text format, as was asked for. */
  | { kind: 'totals'; ask: number; text: string }
  /** A mutation of this sharing key is about to be answered by another; to be answered by `noted`. */
  | { kind: 'wrote'; ask: number; key?: string }
  /** All others have noted what was written. */
  | { kind: 'known'; ask: number }
  | { kind: 'reload' }
  | { kind: 'end' }

/** What they tell it. */
export type FromServing =
  /** Connections can be handed over: from now on, and no more. */
  | { kind: 'open' }
  | { kind: 'closing' }
  /** @property open connections that it has, this one among them */
  | { kind: 'took'; ticket: number; open: number }
  /** It has read nothing of it: another may have it. */
  | { kind: 'refused'; ticket: number }
  /** Asked for, or by itself from time to time. */
  | { kind: 'measured'; ask?: number; measured: Measured; open: number }
  | { kind: 'totals'; ask: number }
  | { kind: 'wrote'; ask: number; key?: string }
  | { kind: 'noted'; ask: number }

/** Between a serving process and the one that holds the port. Messages keep their order. */
export interface Channel {
  send(message: FromServing): void
  on(listener: (message: ToServing, socket: Socket | undefined) => void): void
}
