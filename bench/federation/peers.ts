import { execFileSync, fork, spawn, type ChildProcess } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Gateway } from './load.ts'

const source = join(import.meta.dirname, '../peers')
/** What `npm start` gives Freshet, all others get as well. */
export const execArgv = ['--max-semi-space-size=16']
const environment = { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: execArgv.join(' ') }

/**
 * The directory with the packages of `bench/peers`, installed there by the first run that needs it.
 * @throws Error when they cannot be installed.
 */
export function installPeers(): string {
  const lock = readFileSync(join(source, 'package-lock.json'))
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12)
  const directory = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'freshet', `peers-${hash}`)
  mkdirSync(directory, { recursive: true })
  for (const file of ['package.json', 'package-lock.json', 'apollo-gateway.js', 'fastify.js', 'hive.config.js', 'hive-sharing.config.js'])
    copyFileSync(join(source, file), join(directory, file))
  const done = join(directory, 'installed')
  if (!existsSync(done)) {
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--ignore-scripts'], { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
    writeFileSync(done, '')
  }
  return directory
}

/** A child of ours, and the first thing that it tells. */
export async function started<Told>(name: string, module: string, args: string[]): Promise<{ child: ChildProcess; told: Told }> {
  const child = fork(module, args, { execArgv, env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const [told] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => { throw new Error(`${name} did not start.`) })]) as [Told]
  return { child, told }
}

/** A child of ours that tells its URL. */
export async function forked(name: string, module: string, args: string[]): Promise<Gateway> {
  const { child, told } = await started<{ url: string }>(name, module, args)
  return gateway(name, child, told.url)
}

const gateway = (name: string, child: ChildProcess, url: string): Gateway => ({
  name, url, pid: child.pid!,
  [Symbol.asyncDispose]: async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGKILL')
    await ended
  },
})

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** A program that is told its port; ready when it answers. */
async function spawned(name: string, command: string, args: (port: number) => string[], options: {
  cwd: string, env?: (port: number) => Record<string, string>, path?: string,
}): Promise<Gateway> {
  const port = await freePort()
  const child = spawn(command, args(port), {
    cwd: options.cwd, env: { ...environment, ...options.env?.(port) }, stdio: ['ignore', 'ignore', 'inherit'],
  })
  let failed: unknown
  child.once('error', (error) => { failed = error })
  const url = `http://127.0.0.1:${port}${options.path ?? '/graphql'}`
  const until = performance.now() + 60_000
  while (performance.now() < until && child.exitCode === null && failed === undefined) {
    const answer = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}',
    }).catch(() => undefined)
    if (answer?.ok) return gateway(name, child, url)
    await delay(100)
  }
  child.kill('SIGKILL')
  throw new Error(`${name} did not start.`, { cause: failed })
}

export interface Peer {
  name: string
  start(kind: { sharing: boolean }): Promise<Gateway>
}

/** Those that packages deliver, and router binaries whose paths are given. */
export function peersOver(supergraphSdl: string, packages: string | undefined): { peers: Map<string, Peer>, fastify?: () => Promise<Gateway>, dispose(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-peers-'))
  const supergraph = join(directory, 'supergraph.graphql')
  writeFileSync(supergraph, supergraphSdl)
  const peers = new Map<string, Peer>()
  const add = (peer: Peer) => peers.set(peer.name, peer)
  if (packages !== undefined) {
    const hive = join(packages, 'node_modules/.bin/hive-gateway')
    add({ name: 'Hive Gateway', start: ({ sharing }) => spawned('Hive Gateway', process.execPath, (port) => [
      hive, 'supergraph', supergraph, '--hive-router-runtime', '--fork', '1', '--host', '127.0.0.1', '--port', `${port}`,
      '--config-path', sharing ? 'hive-sharing.config.js' : 'hive.config.js',
    ], { cwd: packages }) })
    add({ name: 'Apollo Gateway', start: () => forked('Apollo Gateway', join(packages, 'apollo-gateway.js'), [supergraph]) })
  }
  const { COSMO_ROUTER, COSMO_CONFIG, HIVE_ROUTER } = process.env
  if (HIVE_ROUTER) {
    add({ name: 'Hive Router', start: ({ sharing }) => {
      const config = join(directory, `hive-router-${sharing}.yaml`)
      writeFileSync(config, `supergraph:\n  source: file\n  path: ${supergraph}\nlog:\n  level: error\ntraffic_shaping:\n  router:\n    dedupe:\n      enabled: ${sharing}\n`)
      return spawned('Hive Router', HIVE_ROUTER, () => [config], { cwd: directory, env: (port) => ({ PORT: `${port}`, HOST: '127.0.0.1' }) })
    } })
  }
  if (COSMO_ROUTER && COSMO_CONFIG) {
    add({ name: 'Cosmo', start: ({ sharing }) => spawned('Cosmo', COSMO_ROUTER, () => [], { cwd: directory, env: (port) => ({
      LOG_LEVEL: 'fatal', LISTEN_ADDR: `127.0.0.1:${port}`, ROUTER_CONFIG_PATH: COSMO_CONFIG, TRACING_ENABLED: 'false', METRICS_ENABLED: 'false',
      METRICS_OTLP_ENABLED: 'false', GRAPHQL_METRICS_ENABLED: 'false', PROMETHEUS_ENABLED: 'false', ENGINE_ENABLE_SINGLE_FLIGHT: `${sharing}`,
      ENGINE_ENABLE_INBOUND_REQUEST_DEDUPLICATION: `${sharing}`,
    }) }) })
  }
  return {
    peers,
    fastify: packages === undefined ? undefined : () => forked('Apollo Server on fastify', join(packages, 'fastify.js'), []),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  }
}
