import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPackages } from './packages.ts'
import { startProgram, type Gateway } from './program.ts'

export interface CosmoGraph {
  /** Without a URL a subgraph is event-driven. */
  subgraphs: readonly { name: string; sdl: string; url?: string }[]
  /** Whether requests in flight, whole ones and those of subgraphs, are shared. */
  sharing: boolean
  /** Of the provider `default` of event-driven subgraphs. */
  brokers?: readonly string[]
}

/**
 * Cosmo's router over these subgraphs. What makes its execution config is installed by the first run that needs it. Nothing that it could
 * record, log or show costs it anything. @param binary of the router
 * @throws Error where the config cannot be made or the router does not answer
 */
export async function startCosmo(binary: string, { subgraphs, sharing, brokers }: CosmoGraph): Promise<Gateway> {
  const packages = installPackages('peers/cosmo')
  const directory = mkdtempSync(join(tmpdir(), 'freshet-cosmo-'))
  const write = (name: string, text: string): string => {
    const file = join(directory, name)
    writeFileSync(file, text)
    return file
  }
  const dispose = () => rmSync(directory, { recursive: true, force: true })
  try {
    // JSON is YAML.
    const input = write('compose.yaml', JSON.stringify({ version: 1, subgraphs: subgraphs.map(({ name, sdl, url }) => (
      { name, schema: { file: write(`${name}.graphql`, sdl) }, ...url !== undefined && { routing_url: url } })) }))
    const graph = join(directory, 'graph.json')
    execFileSync(process.execPath, [join(packages, 'node_modules/wgc/dist/src/index.js'), 'router', 'compose', '--input', input, '--out', graph],
      { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] })
    const off = { enabled: false }
    const gateway = await startProgram('Cosmo', binary, () => [], { cwd: directory, env: (port) => ({
      CONFIG_PATH: write('config.yaml', JSON.stringify({
        version: '1', listen_addr: `127.0.0.1:${port}`, execution_config: { file: { path: graph } },
        log_level: 'error', access_logs: off, playground: off, query_plans_enabled: false,
        telemetry: { tracing: off, metrics: { otlp: off, prometheus: off } }, graphql_metrics: off,
        engine: {
          enable_single_flight: sharing, enable_inbound_request_deduplication: sharing, enable_request_tracing: false,
          // With remapped variables no filter of a subscription matches any event.
          disable_variables_remapping: brokers !== undefined,
        },
        // As many connections as there are clients; by default all but twenty are closed after each answer.
        traffic_shaping: { all: { max_conns_per_host: 1024, max_idle_conns_per_host: 1024 } },
        ...brokers && { events: { providers: { kafka: [{ id: 'default', brokers }] } } },
      })),
    }) })
    return { ...gateway, [Symbol.asyncDispose]: async () => {
      await gateway[Symbol.asyncDispose]()
      dispose()
    } }
  } catch (error) {
    dispose()
    throw error
  }
}
