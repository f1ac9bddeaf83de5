import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { installOnce } from './cache.ts'
import { freePorts } from './ports.ts'
import { onFreePorts, run, ServerProcess, temporaryDirectory } from './process.ts'

/** 1.38.7 and later of this line: older ones lose data in read repair. */
export const weaviateVersion = '1.38.11'
export const weaviateEntry = `weaviate-${weaviateVersion}`

const startLimit = 90_000

export interface WeaviateOptions {
  /** Environment variables that add to the defaults below or replace them. */
  env?: Record<string, string>
}

export interface WeaviateServer extends AsyncDisposable {
  /** Of the REST interface, without a slash at the end. */
  readonly url: string
  readonly grpcHost: string
  readonly grpcPort: number
  /** Ends the server in good order. */
  stop(): Promise<void>
  /** Ends the server with SIGKILL, as a crash would. */
  kill(): Promise<void>
  /** Starts an ended server on its ports and data again; resolves when it serves. */
  restart(): Promise<void>
}

/**
 * Starts a real Weaviate server without vectorizer modules on ports of 127.0.0.1.
 * The first call on a machine builds it with `go install` (minutes). See `available.ts` for asking first.
 */
export async function startWeaviate(options: WeaviateOptions = {}): Promise<WeaviateServer> {
  const program = await installWeaviate()
  return onFreePorts(async () => {
    const stack = new AsyncDisposableStack()
    try {
      const { path } = stack.use(temporaryDirectory('weaviate'))
      const [rest, grpc, ...cluster] = await freePorts(6)
      const server = new LocalWeaviate(program, path, rest!, grpc!, { ...environment(path, grpc!, cluster), ...options.env }, stack)
      stack.defer(() => server.kill())
      await server.restart()
      return server
    } catch (error) {
      await stack.disposeAsync()
      throw error
    }
  })
}

/** Builds the server once per machine and returns the program's path. */
export async function installWeaviate(): Promise<string> {
  const entry = await installOnce(weaviateEntry, async (directory) => {
    console.error(`freshet tests: building Weaviate ${weaviateVersion} with Go (once per machine; 4 minutes when nothing is cached)`)
    await run('go', ['install', `github.com/weaviate/weaviate/cmd/weaviate-server@v${weaviateVersion}`], {
      env: { ...process.env, GOBIN: directory },
    })
    const built = await readdir(directory)
    if (!built.includes('weaviate-server')) throw new Error(`expected weaviate-server from \`go install\`, found ${built.join(', ') || 'nothing'}`)
  })
  return join(entry, 'weaviate-server')
}

function environment(directory: string, grpcPort: number, cluster: number[]): Record<string, string> {
  const [gossip, data, raft, raftInternal] = cluster.map(String)
  return {
    PERSISTENCE_DATA_PATH: join(directory, 'data'),
    AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED: 'true',
    DEFAULT_VECTORIZER_MODULE: 'none',
    CLUSTER_HOSTNAME: 'node1',
    CLUSTER_ADVERTISE_ADDR: '127.0.0.1',
    CLUSTER_GOSSIP_BIND_PORT: gossip!,
    CLUSTER_DATA_BIND_PORT: data!,
    RAFT_PORT: raft!,
    RAFT_INTERNAL_RPC_PORT: raftInternal!,
    RAFT_BOOTSTRAP_EXPECT: '1',
    // One node elects itself: it need not wait out a real cluster's network first (5 s of every start).
    RAFT_TIMEOUTS_MULTIPLIER: '1',
    GRPC_PORT: String(grpcPort),
    // Its debug listener has one fixed port, which two servers of one machine cannot share.
    GO_PROFILING_DISABLE: 'true',
    DISABLE_TELEMETRY: 'true',
    // A server of tests is small: collected a quarter as often, it takes a fifth less of the processor's time.
    GOGC: '400',
    LOG_LEVEL: 'warning',
  }
}

class LocalWeaviate implements WeaviateServer {
  readonly url: string
  readonly grpcHost = '127.0.0.1'
  readonly grpcPort: number
  readonly #program: string
  readonly #log: string
  readonly #restPort: number
  readonly #env: Record<string, string>
  readonly #stack: AsyncDisposableStack
  #process: ServerProcess | undefined

  constructor(
    program: string, directory: string, restPort: number, grpcPort: number, env: Record<string, string>, stack: AsyncDisposableStack,
  ) {
    this.url = `http://127.0.0.1:${restPort}`
    this.grpcPort = grpcPort
    this.#program = program
    this.#log = join(directory, 'output.log')
    this.#restPort = restPort
    this.#env = env
    this.#stack = stack
  }

  async restart(): Promise<void> {
    if (this.#process?.running) throw new Error('weaviate is running: stop or kill it before restarting it')
    this.#process = new ServerProcess({
      name: 'weaviate',
      program: this.#program,
      args: ['--host', '127.0.0.1', '--port', String(this.#restPort), '--scheme', 'http'],
      // Not this process's whole environment: a developer's own Weaviate settings must not reach the test's server.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...this.#env },
      log: this.#log,
    })
    await this.#process.ready(async () => await restAnswers(this.url) && await accepts(this.grpcPort), startLimit)
  }

  async stop(): Promise<void> {
    await this.#process?.end('SIGTERM')
  }

  async kill(): Promise<void> {
    await this.#process?.end('SIGKILL')
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync()
  }
}

async function restAnswers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/v1/.well-known/ready`, { signal: AbortSignal.timeout(5_000) })
    await response.body?.cancel()
    return response.ok
  } catch {
    return false
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((answered) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => { socket.destroy(); answered(true) })
    socket.once('error', () => answered(false))
  })
}
