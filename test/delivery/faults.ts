import type { TestContext } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { temporaryDirectory } from '../servers/process.ts'
import { startKafka, type KafkaServer } from '../servers/kafka.ts'
import { uniquePrefix } from '../servers/shared.ts'
import { Checker } from './checker.ts'
import { openSender, startAlone } from './replicas.ts'
import { startForwarder, type Forwarder } from './tcp.ts'

/** A Freshet whose network and broker a test may break, with a checker that is under way. */
export interface Rig extends AsyncDisposable {
  kafka: KafkaServer
  checker: Checker
  /** Between Freshet and the broker; the producer of the events is not behind it. */
  toBroker: Forwarder
  /** Between clients and Freshet. */
  toGateway: Forwarder
}

/** A killed broker may register again when its former session has run out: that is most of what a restart takes. */
const soonMissed = { 'broker.session.timeout.ms': 3_000, 'broker.heartbeat.interval.ms': 500 }

export async function startRig(): Promise<Rig> {
  await using stack = new AsyncDisposableStack()
  const to: { broker?: number; gateway?: number } = {}
  const portOf = (port: number | undefined): number[] => (port === undefined ? [] : [port])
  const toBroker = stack.use(await startForwarder(() => portOf(to.broker)))
  const toGateway = stack.use(await startForwarder(() => portOf(to.gateway)))
  const kafka = stack.use(await startKafka({ settings: soonMissed, proxyPort: toBroker.port }))
  to.broker = kafka.behindProxy
  const prefix = uniquePrefix()
  const { send } = stack.use(await openSender(kafka.brokers, prefix))
  const freshet = stack.use(await startAlone([`127.0.0.1:${toBroker.port}`], prefix, stack.use(temporaryDirectory('delivery')).path))
  to.gateway = freshet.port
  const checker = stack.use(new Checker({ send, urlOf: () => toGateway.url }))
  await checker.begin()
  const owned = stack.move()
  return { kafka, checker, toBroker, toGateway, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Nothing passes for a while, then everything that was held up does. */
export async function stallFor(forwarder: Forwarder, ms: number): Promise<void> {
  forwarder.stall()
  // How long the network stalls is what is tested.
  await delay(ms)
  forwarder.resume()
}

/** What each fault ends with: everything is there, once. @param gaps notices that there may be, as for `check` */
export async function conclude({ checker }: Rig, t: TestContext, { gaps }: Parameters<Checker['check']>[0] = {}): Promise<void> {
  await checker.end()
  checker.check({ gaps })
  t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
}
