import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import type * as DeadLetters from '../events/dead-letters.ts'
import type { EventLog } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import type { Logger } from '../ingest/observer.ts'
import type { Settings } from './settings.ts'
import { settingDefinitions, type SettingName } from './settings.ts'

interface Tools {
  settingsFrom: (flags: Partial<Record<SettingName, unknown>>) => Settings
  logger: Logger
  say: (line: string) => void
  wholeNumber: (text: string) => number
}

/** `freshet dead-letters list|show|resubmit` */
export function deadLettersCommand({ settingsFrom, logger, say, wholeNumber }: Tools): Command {
  const withLog = async (flags: object, work: (letters: typeof DeadLetters, log: EventLog, topics: Topics) => Promise<void>): Promise<void> => {
    const settings = settingsFrom(flags as Partial<Record<SettingName, unknown>>)
    const [letters, { openLog, topicsOf }] = await Promise.all([import('../events/dead-letters.ts'), import('./parts.ts')])
    const { log, where } = await openLog(settings, logger).catch((error: unknown) => {
      throw error instanceof Error && 'code' in error && error.code === 'DIRECTORY_IN_USE' ? new Error(besideRunning(error.message)) : error
    })
    try {
      await work(letters, log, topicsOf(settings))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'NO_SUCH_TOPIC')) throw error
      say(`There are no dead letters: nothing has run on this log yet (${where}).`)
    } finally {
      await log.close()
    }
  }
  const dataDir = ['--data-dir <folder>', settingDefinitions.dataDir.about] as const

  const command = new Command('dead-letters')
    .description('Look at rejected and parked events, and send them again. The embedded log belongs to one process: end `freshet start` first.')
  command.command('list')
    .description('List them, oldest first.')
    .option(...dataDir)
    .option('--limit <number>', 'how many at most', wholeNumber, 100)
    .option('--waiting', 'only those that were not sent again', false)
    .action(({ limit, waiting, ...flags }: { limit: number; waiting: boolean }) => withLog(flags, async ({ listDeadLetters }, log, topics) => {
      const { letters, next } = await listDeadLetters(log, topics, { limit, waitingOnly: waiting })
      for (const letter of letters) say(lineOf(letter))
      say(letters.length === 0 ? 'There are no dead letters.' : next ? `${letters.length} shown; there are more (--limit).` : `${letters.length} in all.`)
    }))
  command.command('show')
    .description('Show one with its untouched bytes: they alone go to standard output, so `show ID > FILE` and `resubmit ID --edited FILE` mend it.')
    .argument('<id>', 'as `list` shows it: topic/partition/offset')
    .option(...dataDir)
    .action((id: string, flags: object) => withLog(flags, async ({ showDeadLetter }, log, topics) => {
      const letter = await showDeadLetter(log, topics, id)
      if (!letter) throw new Error(`There is no dead letter "${id}"; \`freshet dead-letters list\` shows what there is.`)
      tell(lineOf(letter))
      if (letter.value === null) tell('(its bytes are not there any more)')
      else if (process.stdout.isTTY) say(harmless(Buffer.from(letter.value).toString('utf8')))
      // To a file they go as they came, so that it can be edited and sent again.
      else process.stdout.write(letter.value)
    }))
  command.command('resubmit')
    .description('Send one again to its topic, untouched or mended. What would be rejected again is not sent.')
    .argument('<id>', 'as `list` shows it: topic/partition/offset')
    .option('--edited <file>', 'send the content of this file in its place')
    .option(...dataDir)
    .action((id: string, { edited, ...flags }: { edited?: string }) => withLog(flags, async ({ resubmit }, log, topics) => {
      const result = await resubmit(log, topics, id, {
        now: Date.now(), ...(edited === undefined ? {} : { edited: readFileSync(edited) }),
      })
      if (!result.ok) throw new Error(`It was not sent (${result.reason}): ${result.message}`)
      say(`Sent again: ${result.topic}/${result.partition}/${result.offset}.`)
    }))
  return command
}

/** The embedded log is one process's, and dead letters are looked at while everything runs: so what to do is said in full. */
const besideRunning = (inUse: string): string =>
  `${inUse}\nEnd that \`freshet start\` with Ctrl-C (nothing is lost), run this again, then start it again. On Kafka both run side by side.`

/** What a stranger sent must not steer the terminal on which it is shown. */
const harmless = (text: string): string =>
  text.replaceAll(/[\p{Cc}--[\n\t]]/gv, (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, '0')}`)

const tell = (line: string): void => void process.stderr.write(`${line}\n`)

const lineOf = ({ id, kind, reason, message, rejectedAt, resubmittedAt }: DeadLetters.ListedDeadLetter): string =>
  `${id}  ${new Date(rejectedAt).toISOString()}  ${kind} ${reason}: ${harmless(message)}${resubmittedAt === undefined ? '' : '  (sent again)'}`
