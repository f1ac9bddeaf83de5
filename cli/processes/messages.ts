import type { FromServing, ToServing } from '../../gateway/processes/messages.ts'
import type { Running } from '../run-roles.ts'
import type { Settings } from '../settings.ts'

/** What a process is told first: everything that it needs to serve, so that all of them run by the same settings. */
export interface Begin {
  kind: 'begin'
  number: number
  directory: string
  url: string
  settings: Settings
}

export type ToWorker = Begin | ToServing

export type Level = 'info' | 'warn' | 'error'

export type FromWorker =
  | FromServing
  | { kind: 'ready'; running: Running }
  /** A line for people. */
  | { kind: 'said'; level: Level; message: string; details?: Readonly<Record<string, unknown>> }
  /** Why it ends. */
  | { kind: 'failed'; words: string }
