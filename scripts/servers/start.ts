import { silenceKafkaTimers } from '../../cli/warnings.ts'
import { whyUnavailable } from '../../test/servers/available.ts'
import { startKafka } from '../../test/servers/kafka.ts'
import { sharedAddresses } from '../../test/servers/shared.ts'
import { startWeaviate } from '../../test/servers/weaviate.ts'

export interface SharedServers extends AsyncDisposable {
  /** Waits until what can be started has been, and puts the addresses into the environment; false when one failed. */
  addressed(): Promise<boolean>
}

/** Begins to start one server of each kind for all test files; what is missing here, the test files themselves report. */
export function startShared(): SharedServers {
  silenceKafkaTimers()
  const began = performance.now()
  const stack = new AsyncDisposableStack()
  const starts = [
    start('kafka', async () => stack.use(await startKafka()).brokers.join(',')),
    start('weaviate', async () => {
      const { url, grpcHost, grpcPort } = stack.use(await startWeaviate())
      return JSON.stringify({ url, grpcHost, grpcPort })
    }),
  ]

  async function start(part: keyof typeof sharedAddresses, address: () => Promise<string>): Promise<boolean> {
    if (whyUnavailable(part) !== undefined || process.env[sharedAddresses[part]]) return true
    try {
      process.env[sharedAddresses[part]] = await address()
      console.error(`freshet tests: ${part} serves after ${((performance.now() - began) / 1000).toFixed(1)} s`)
      return true
    } catch (error) {
      console.error(`freshet tests: ${part} did not start: ${error instanceof Error ? error.message : String(error)}`)
      return false
    }
  }

  return {
    addressed: async () => (await Promise.all(starts)).every(Boolean),
    async [Symbol.asyncDispose]() {
      await Promise.all(starts)
      await stack.disposeAsync()
    },
  }
}
