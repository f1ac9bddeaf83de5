import { existsSync } from 'node:fs'
import { Command, InvalidArgumentError, Option } from 'commander'
import './memory.ts'
import { deadLettersCommand } from './dead-letters.ts'
import { untilInterrupted } from './lifetime.ts'
import { consoleLogger } from './logger.ts'
import type { RoleOptions } from './run-roles.ts'
import { readSettingsFile, resolveSettings, settingDefinitions, SettingsError, unknownVariables, type SettingName, type Settings } from './settings.ts'
import { lineWriter, outliveReaders } from './terminal.ts'
import { silenceKafkaTimers, silenceWeaviateRetries } from './warnings.ts'
import { ProcessFailure, wordsOf } from './words.ts'

// What a command does is imported by its action, once its settings are known to be right: help and errors come at once.

silenceKafkaTimers()
silenceWeaviateRetries()
outliveReaders(process.stdout, process.stderr)
const logger = consoleLogger(lineWriter(process.stderr))
const say = lineWriter(process.stdout)

const program = new Command('freshet')
  .description('A GraphQL federation gateway for real-time AI data: events in, ranked and live answers out.')
  .option('-c, --config <file>', 'settings file', 'freshet.yaml')
  .showHelpAfterError('(`freshet --help` lists the commands, `freshet COMMAND --help` explains one)')
  .addHelpText('after', `
Examples:
  freshet start                         everything in one process, on the embedded log and index
  freshet start --no-simulate --port 0  without the simulated marketplace, on a port that is free
  FRESHET_KAFKA_BROKERS=localhost:9092 FRESHET_WEAVIATE_URL=http://localhost:8080 freshet start
  freshet doctor                        what is reachable, what is wrong, how to mend it

Settings come from flags, then the environment, then freshet.yaml; \`freshet settings\` lists them all.`)

/** Settings of a command: its flags over the environment over the file. */
function settingsFrom(flags: Partial<Record<SettingName, unknown>>): Settings {
  const { config } = program.opts<{ config: string }>()
  // The usual one may be missing; one that is asked for may not, or other settings would be taken for those in it.
  if (program.getOptionValueSource('config') === 'cli' && !existsSync(config))
    throw new SettingsError(`--config: there is no file ${config}. Without the flag, freshet.yaml is read where it is there.`)
  for (const name of unknownVariables(process.env)) logger.warn(`${name} is no setting and is ignored; \`freshet settings\` lists them all.`)
  return resolveSettings({ env: process.env, file: readSettingsFile(config), fileName: config, flags })
}

/** A flag for a setting; what it takes is checked with all the others. */
const flag = (name: SettingName, placeholder: string): Option => {
  const { about, env } = settingDefinitions[name]
  const dashed = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  return new Option(`--${dashed} <${placeholder}>`, `${about} (${env})`)
}

const withGatewayFlags = (command: Command): Command =>
  command.addOption(flag('port', 'number')).addOption(flag('host', 'address')).addOption(flag('dataDir', 'folder'))

const run = async (roles: RoleOptions['roles'], settings: Settings): Promise<void> => {
  const { run: runForPeople } = await import('./run.ts')
  await runForPeople({ roles, settings, logger, signal: untilInterrupted(say), say })
}

withGatewayFlags(program.command('start'))
  .description('Run every role in one process: ingest, gateway and (unless turned off) the marketplace simulator.')
  .option('--no-simulate', 'do not run the simulator')
  .addOption(flag('simulateRate', 'events per second'))
  .addOption(flag('simulateSeed', 'number'))
  .action(async ({ simulate, ...flags }: { simulate: boolean }) => {
    const settings = settingsFrom({ ...flags, ...(simulate ? {} : { simulate: false }) })
    if (settings.processes > 1)
      throw new SettingsError(`gateway.processes: expected 1, as "freshet start" runs every role in one process; got ${settings.processes}. `
        + `For more, run the roles apart, for example: freshet ingest, and beside it freshet gateway --processes ${settings.processes}`)
    await run(['ingest', 'gateway', ...(settings.simulate ? (['simulate'] as const) : [])], settings)
  })

program.command('ingest')
  .description('Apply events: read the logs, keep the index, announce changes. Any number of processes share the partitions (Kafka).')
  .addOption(flag('dataDir', 'folder'))
  .addOption(flag('metricsPort', 'number'))
  .action((flags: object) => run(['ingest'], settingsFrom(flags)))

withGatewayFlags(program.command('gateway'))
  .description('Answer queries and subscriptions. Stateless: any number of processes (Kafka and Weaviate).')
  .addOption(flag('processes', 'number'))
  .action(async (flags: object) => {
    const settings = settingsFrom(flags)
    if (settings.processes === 1) return run(['gateway'], settings)
    const { runProcesses } = await import('./processes/primary.ts')
    await runProcesses({ settings, logger, signal: untilInterrupted(say), say })
  })

program.command('simulate')
  .description('Produce the events of a simulated marketplace: straight to Kafka, or through a running gateway.')
  .addOption(flag('simulateRate', 'events per second'))
  .addOption(flag('simulateSeed', 'number'))
  .addOption(flag('dataDir', 'folder'))
  .option('--gateway <url>', 'publish through this gateway; the default where no Kafka is set: http://127.0.0.1:PORT')
  .option('--react', 'let people choose from the feeds that the gateway serves them', false)
  .action(async ({ gateway, react, ...flags }: { gateway?: string; react: boolean }) => {
    const settings = settingsFrom(flags)
    const { simulateAlone } = await import('./simulate-alone.ts')
    await simulateAlone({ settings, gateway, react, logger, signal: untilInterrupted(say), say })
  })

program.command('replay')
  .description('Rebuild the index and all states from the domain logs, beside the serving ones, then switch over. Ingest must not be running.')
  .addOption(flag('dataDir', 'folder'))
  .action(async (flags: object) => {
    const settings = settingsFrom(flags)
    const { replay } = await import('./replay.ts')
    await replay({ settings, logger, signal: untilInterrupted(say), say })
  })

program.command('load')
  .description('Append a file of events (one CloudEvent in JSON per line) to their logs. The embedded log belongs to one process: end `freshet start` first.')
  .argument('<file>', 'the file')
  .addOption(flag('dataDir', 'folder'))
  .action(async (file: string, flags: object) => {
    const settings = settingsFrom(flags)
    const { load } = await import('./load.ts')
    if (!(await load({ file, settings, logger, signal: untilInterrupted(say), say }))) process.exitCode = 1
  })

program.command('compose')
  .description('Compose the subgraphs and write schema/supergraph.graphql; with foreign ones in the settings supergraph.graphql here.')
  .option('-o, --output <file>', 'where to write; - for standard output')
  .action(async ({ output }: { output?: string }) => (await import('./compose.ts')).compose({ settings: settingsFrom({}), output, say }))

program.command('schemas')
  .description('Write events/schemas from the vocabulary; a change that is not backward compatible is refused.')
  .action(async () => {
    const { writeEventSchemas } = await import('../events/schema-files.ts')
    const written = writeEventSchemas()
    say(written.length === 0 ? 'events/schemas is up to date.' : `Wrote ${written.join(', ')}.`)
  })

program.command('check')
  .description('Check what is generated or composed: supergraph, resolver types, event schemas and their compatibility.')
  .action(async () => {
    const { check } = await import('./check.ts')
    if (!(await check({ settings: settingsFrom({}), say }))) process.exitCode = 1
  })

program.command('doctor')
  .description('Say what is reachable, what is wrong and how to mend it.')
  .addOption(flag('dataDir', 'folder'))
  .addOption(flag('port', 'number'))
  .action(async (flags: object) => {
    const settings = settingsFrom(flags)
    const { doctor } = await import('./doctor.ts')
    if (!(await doctor({ settings, say }))) process.exitCode = 1
  })

program.command('settings')
  .description('List every setting: key in freshet.yaml, name in the environment, default, meaning.')
  .action(() => {
    for (const { key, env, default: standard, about } of Object.values(settingDefinitions))
      say(`${key}\n    ${env}${standard === undefined || (Array.isArray(standard) && standard.length === 0) ? '' : `, default ${String(standard)}`}\n    ${about}`)
  })

program.addCommand(deadLettersCommand({ settingsFrom, logger, say, wholeNumber }))

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('Expected a whole number from 1 on.')
  return number
}

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`freshet: ${wordsOf(error)}\n`)
  process.exitCode = error instanceof ProcessFailure ? error.exitCode : 1
}
