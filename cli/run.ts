import { ProjectionVersionError } from '../ingest/recover.ts'
import type { Logger } from '../ingest/observer.ts'
import { greeting } from './greeting.ts'
import { replay } from './replay.ts'
import { runRoles, type RoleOptions } from './run-roles.ts'
import type { Settings } from './settings.ts'

/**
 * Runs roles until the signal is aborted, and tells people. On the embedded log states of another version are rebuilt first:
 * nobody else can have it open. On Kafka others may be at work, with either version, so that is left to `freshet replay`.
 *
 * @throws ProjectionVersionError there
 */
export async function run({ roles, settings, logger, signal, say }: {
  roles: RoleOptions['roles']; settings: Settings; logger: Logger; signal: AbortSignal; say: (line: string) => void
}): Promise<void> {
  // Where all is in one process, what its parts say on their way is summed up by the greeting.
  let quiet = roles.includes('ingest') && roles.includes('gateway') && !settings.kafkaBrokers
  const info: Logger['info'] = (...said) => {
    if (!quiet) logger.info(...said)
  }
  const attempt = (): Promise<void> => runRoles({
    settings, roles, logger: { ...logger, info }, signal,
    onRunning: (running) => {
      quiet = false
      // Counted from the start of the process.
      say(greeting({ ...running, roles, settings, tookMs: performance.now() }))
    },
  })
  try {
    await attempt()
  } catch (error) {
    if (!(error instanceof ProjectionVersionError) || settings.kafkaBrokers) throw error
    say('This version of Freshet counts events differently from the one that ran here before: everything is rebuilt from the log, then it starts.')
    try {
      await replay({ settings, logger, signal, say })
    } catch (failure) {
      if (!signal.aborted) throw failure
    }
    // Asked to end meanwhile: what was there still stands, and the next start begins the rebuilding anew.
    if (!signal.aborted) await attempt()
  }
  say('Ended cleanly.')
}
