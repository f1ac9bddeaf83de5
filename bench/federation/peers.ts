import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startCosmo } from '../cosmo.ts'
import { environment, execArgv, gatewayOf, startProgram, type Gateway } from '../program.ts'
import { supergraph as supergraphOf, typeDefs } from './shop.ts'

const plainModules = new URL('../../cli/plain-modules.js', import.meta.url).href

/** A child of ours, started as `cli/freshet.js` does it, and the first thing that it tells. */
export async function started<Told>(name: string, module: string, args: string[]): Promise<{ child: ChildProcess; told: Told }> {
  const child = fork(module, args, {
    execArgv: [...execArgv, '--import', plainModules], env: { ...environment, ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [told] = await Promise.race([once(child, 'message'), once(child, 'exit').then(() => { throw new Error(`${name} did not start.`) })]) as [Told]
  return { child, told }
}

/** A child of ours that tells its URL. */
export async function forked(name: string, module: string, args: string[]): Promise<Gateway> {
  const { child, told } = await started<{ url: string }>(name, module, args)
  return gatewayOf(name, child, told.url)
}

export interface Peer {
  name: string
  start(kind: { sharing: boolean }): Promise<Gateway>
}

/** Those that packages deliver, and router binaries whose paths are given. @param origin where the subgraphs are served, each under its name */
export function peersOver(origin: string, packages: string | undefined): { peers: Map<string, Peer>, fastify?: () => Promise<Gateway>, dispose(): void } {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-peers-'))
  const write = (name: string, text: string): string => {
    const file = join(directory, name)
    writeFileSync(file, text)
    return file
  }
  const supergraph = write('supergraph.graphql', supergraphOf(origin))
  const peers = new Map<string, Peer>()
  const add = (peer: Peer) => peers.set(peer.name, peer)
  if (packages !== undefined) {
    const hive = join(packages, 'node_modules/.bin/hive-gateway')
    add({ name: 'Hive Gateway', start: ({ sharing }) => startProgram('Hive Gateway', process.execPath, (port) => [
      hive, 'supergraph', supergraph, '--hive-router-runtime', '--fork', '1', '--host', '127.0.0.1', '--port', `${port}`,
      '--config-path', sharing ? 'hive-sharing.config.js' : 'hive.config.js',
    ], { cwd: packages }) })
    add({ name: 'Apollo Gateway', start: () => forked('Apollo Gateway', join(packages, 'apollo-gateway.js'), [supergraph]) })
  }
  const { HIVE_ROUTER: router, COSMO_ROUTER: cosmo } = process.env
  if (router) {
    // JSON is YAML. It records nothing by default.
    add({ name: 'Hive Router', start: ({ sharing }) => startProgram('Hive Router', router, () => [], { cwd: directory, env: (port) => ({
      ROUTER_CONFIG_FILE_PATH: write(`hive-router-${port}.yaml`, JSON.stringify({
        supergraph: { source: 'file', path: supergraph }, http: { host: '127.0.0.1', port }, log: { level: 'error' }, laboratory: { enabled: false },
        traffic_shaping: { all: { dedupe_enabled: sharing }, router: { dedupe: { enabled: sharing } } },
      })),
    }) }) })
  }
  const subgraphs = Object.entries(typeDefs).map(([name, sdl]) => ({ name, sdl, url: `${origin}/${name}` }))
  if (cosmo) add({ name: 'Cosmo', start: ({ sharing }) => startCosmo(cosmo, { subgraphs, sharing }) })
  return {
    peers,
    fastify: packages === undefined ? undefined : () => forked('Apollo Server on fastify', join(packages, 'fastify.js'), []),
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  }
}
