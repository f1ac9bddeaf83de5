import type { Logger } from '../ingest/observer.ts'
import { gatewayClient } from './gateway-client.ts'
import { openLog, topicsOf } from './parts.ts'
import type { Settings } from './settings.ts'
import { appendTo, simulateInto } from './simulate.ts'

/** `freshet simulate`: a producer of its own, beside whatever else runs. */
export async function simulateAlone({ settings, gateway, react, logger, signal, say }: {
  settings: Settings; gateway: string | undefined; react: boolean; logger: Logger; signal: AbortSignal; say: (line: string) => void
}): Promise<void> {
  const url = gateway ?? (settings.kafkaBrokers && !react ? undefined : `http://127.0.0.1:${settings.port}`)
  const client = url === undefined ? undefined : gatewayClient(url, settings)
  const direct = settings.kafkaBrokers && gateway === undefined ? await openLog(settings, logger, signal) : undefined
  say(`Producing ${settings.simulateRate} events/s ${direct ? `to ${direct.where}` : `through ${url}`}; Ctrl-C ends it.`)
  try {
    const publish = direct ? appendTo(direct.log, topicsOf(settings), signal) : client?.publish
    if (!publish) throw new Error('Neither a gateway nor Kafka is set to publish to.')
    const { published } = await simulateInto({
      settings, logger, signal, publish,
      feed: react ? client?.feed : undefined,
      onReport: ({ published: sofar, eventsPerSecond, online, behindMs }) =>
        say(`${sofar} events, ${eventsPerSecond.toFixed(0)}/s, ${online} people online${behindMs > 1_000 ? `, ${(behindMs / 1000).toFixed(1)} s behind` : ''}`),
    })
    say(`Ended after ${published} events.`)
  } finally {
    await direct?.log.close()
  }
}
