import { readFileSync } from 'node:fs'
import { memoryUsage } from 'node:process'
import { getHeapStatistics, writeHeapSnapshot } from 'node:v8'
import { load } from 'js-yaml'
import { runRoles } from '../../../cli/run-roles.ts'
import { resolveSettings } from '../../../cli/settings.ts'

/**
 * `freshet start` without the simulator, in a process whose memory can be looked at: `gateway.ts SETTINGS`. Needs
 * `--expose-gc`. Ends by itself once it is told to; what would keep it alive then is a handle that was left open.
 */
const settings = resolveSettings({ env: process.env, file: load(readFileSync(process.argv[2]!, 'utf8')) as Record<string, unknown> })
const ending = new AbortController()
const send = (message: object): void => void (process.connected && process.send?.(message))
const logger = {
  info: () => {},
  warn: (message: string) => send({ said: message }),
  error: (message: string, fields?: object) => send({ said: `${message}${fields ? ` ${JSON.stringify(fields)}` : ''}` }),
}

let last = Date.now()
const watching = setInterval(() => {
  const now = Date.now()
  if (now - last > 1_500) send({ paused: { from: last, to: now } })
  last = now
}, 100)

const collect = async (): Promise<void> => {
  // Finalisers run between, and free more.
  for (let time = 0; time < 3; time++) {
    globalThis.gc!()
    await new Promise((resolve) => setImmediate(resolve))
  }
}

process.on('message', (message: { ask: string; path?: string }) => {
  void (async () => {
    if (message.ask === 'memory' || message.ask === 'snapshot') {
      await collect()
      const { heapUsed, external, arrayBuffers, rss } = memoryUsage()
      if (message.path !== undefined) writeHeapSnapshot(message.path)
      send({ memory: { heapUsed, external, arrayBuffers, rss, contexts: getHeapStatistics().number_of_native_contexts } })
    } else if (message.ask === 'end') {
      clearInterval(watching)
      ending.abort(new Error('the soak is over'))
      await running
      // The channel to the parent and what is said are the harness's own.
      for (const own of [process.channel, process.stdout, process.stderr]) own?.unref?.()
      await new Promise((resolve) => setImmediate(resolve))
      send({ resources: process.getActiveResourcesInfo() })
      process.disconnect()
    }
  })()
})

// It never outlives the harness.
process.once('disconnect', () => {
  if (!ending.signal.aborted) process.exit(1)
})

const running = runRoles({ settings, roles: ['ingest', 'gateway'], logger, signal: ending.signal, onRunning: ({ url }) => send({ url }) })
