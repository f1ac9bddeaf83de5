import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { freePorts } from '../../test/servers/ports.ts'
import type { Child } from './child.ts'
import { namesSdl, sdlOf } from './topic.ts'

/** The version of its command line tool, which makes the router's execution config. */
const wgc = 'wgc@0.93.3'

/**
 * Cosmo's router with the same event-driven subgraph, where `COSMO_ROUTER` is its binary; undefined where it is not given.
 * @throws Error where the config cannot be made or the router does not answer
 */
export async function cosmo({ brokers, topic, namesUrl }: { brokers: string[]; topic: string; namesUrl: string }): Promise<Child | undefined> {
  const binary = process.env.COSMO_ROUTER
  if (!binary) return undefined
  const directory = mkdtempSync(join(tmpdir(), 'freshet-cosmo-'))
  const write = (name: string, text: string): string => {
    const file = join(directory, name)
    writeFileSync(file, text)
    return file
  }
  // It takes no fields in an event-driven subgraph but those of the entity's key.
  write('ticks.graphql', sdlOf(topic).replace('@key(fields: "id", resolvable: false)', '@key(fields: "id at text", resolvable: false)'))
  write('names.graphql', namesSdl)
  const input = write('compose.yaml', `version: 1
subgraphs:
  - name: ticks
    schema: { file: ./ticks.graphql }
  - name: names
    routing_url: ${namesUrl}
    schema: { file: ./names.graphql }
`)
  const graph = join(directory, 'config.json')
  const dispose = () => rmSync(directory, { recursive: true, force: true })
  try {
    execFileSync('npx', ['--yes', wgc, 'router', 'compose', '--input', input, '--out', graph], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
    const [port] = await freePorts(1)
    write('config.yaml', `version: "1"
listen_addr: 127.0.0.1:${port}
log_level: error
execution_config: { file: { path: ${graph} } }
telemetry: { tracing: { enabled: false }, metrics: { otlp: { enabled: false }, prometheus: { enabled: false } } }
graphql_metrics: { enabled: false }
events:
  providers:
    kafka:
      - id: default
        brokers: ${JSON.stringify(brokers)}
`)
    const child = spawn(binary, [], { cwd: directory, env: { ...process.env, CONFIG_PATH: join(directory, 'config.yaml') }, stdio: ['ignore', 'ignore', 'inherit'] })
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    const url = `http://127.0.0.1:${port}/graphql`
    const until = performance.now() + 30_000
    while (!await answers(url)) {
      if (performance.now() > until || child.exitCode !== null) {
        kill()
        throw new Error(`The router ${binary} did not answer at ${url}; run it by hand with CONFIG_PATH to see why.`)
      }
      await delay(100)
    }
    return {
      name: 'Cosmo', url, pid: child.pid as number,
      ask: () => Promise.reject(new Error('Cosmo answers no questions.')),
      async [Symbol.asyncDispose]() {
        process.off('exit', kill)
        if (child.exitCode === null) {
          const exit = once(child, 'exit')
          kill()
          await exit
        }
        dispose()
      },
    }
  } catch (error) {
    dispose()
    throw error
  }
}

const answers = async (url: string): Promise<boolean> => {
  const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}' }).catch(() => undefined)
  return answer?.ok === true
}
