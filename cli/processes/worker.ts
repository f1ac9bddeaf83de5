import '../memory.ts'
import { rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Logger } from '../../ingest/observer.ts'
import { joinProcesses } from '../../gateway/processes/join.ts'
import { runRoles } from '../run-roles.ts'
import { silenceKafkaTimers, silenceWeaviateRetries } from '../warnings.ts'
import { wordsOf } from '../words.ts'
import type { Begin, FromWorker, Level, ToWorker } from './messages.ts'

/** One of several processes that serve behind one port; started by `primary.ts`, which tells it everything. */

silenceKafkaTimers()
silenceWeaviateRetries()

const say = (message: FromWorker): void => {
  // Whoever held the port may just have ended, and then so does this one.
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

const listeners: ((message: ToWorker, socket: Socket | undefined) => void)[] = []
process.on('message', (message: ToWorker, socket: Socket | undefined) => {
  for (const listener of [...listeners]) listener(message, socket)
})

const end = new AbortController()
const askedToEnd = (): void => end.abort(new Error('the process was asked to end'))
// A terminal sends these to all of its processes; the one that holds the port decides what becomes of them.
for (const signal of ['SIGINT', 'SIGHUP'] as const) process.on(signal, () => {})
// This one alone is ended, and another takes its place; or a supervisor ends all of them.
process.on('SIGTERM', askedToEnd)

const logger = Object.fromEntries((['info', 'warn', 'error'] satisfies Level[]).map((level) =>
  [level, (message: string, details?: Readonly<Record<string, unknown>>) => say({ kind: 'said', level, message, details })])) as unknown as Logger

async function run({ number, directory, url, settings }: Begin): Promise<void> {
  // Without whoever held the port nothing comes in any more.
  process.once('disconnect', () => {
    rmSync(directory, { recursive: true, force: true })
    process.exit(1)
  })
  const among = joinProcesses({
    number, directory, url, channel: { send: say, on: (listener) => void listeners.push((message, socket) => {
      if (message.kind !== 'begin') listener(message, socket)
    }) },
  })
  try {
    await runRoles({
      settings, roles: ['gateway'], logger, signal: end.signal, among,
      onRunning: (running) => say({ kind: 'ready', running }),
      onHangup: (action) => {
        const listener = ({ kind }: ToWorker): void => { if (kind === 'reload') action() }
        listeners.push(listener)
        return () => void listeners.splice(listeners.indexOf(listener), 1)
      },
    })
    process.exitCode = 0
  } catch (error) {
    say({ kind: 'failed', words: wordsOf(error) })
    process.exitCode = 1
  }
  // Once this is sent all is that was said before it; whatever still runs then ends with the process.
  process.send?.({ kind: 'closing' } satisfies FromWorker, undefined, undefined, () => process.exit())
}

listeners.push((message) => {
  if (message.kind === 'begin') void run(message)
  else if (message.kind === 'end') askedToEnd()
})
