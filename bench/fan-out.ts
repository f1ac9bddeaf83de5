import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { sharedKafka, uniquePrefix } from '../test/servers/shared.ts'
import { tickOf } from './fan-out/topic.ts'
import { quantile, type BenchOptions } from './report.ts'

/** Who delivers. The limit writes frames that are all but ready. */
const servers = { 'pre-built frames': 'limit-process.ts', Freshet: 'gateway-process.ts' } as const
type Server = keyof typeof servers

interface Case {
  name: string
  subscribers: number
  eventsPerSecond: number
  /** Each subscriber has an id of its own, and an event is for one of them. */
  own?: boolean
}

interface Measured {
  /** Messages that arrived per second. */
  rate: number
  /** Ms. */
  p50: number
  p99: number
  /** µs of the server's process for each message. */
  cpu: number
}

const path = (file: string): string => fileURLToPath(new URL(`./fan-out/${file}`, import.meta.url))
const flags = ['--max-semi-space-size=16', '--no-warnings']
const partitions = 4

/** CPU time of a process so far, all its threads, seconds. */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
  return (Number(fields[11]) + Number(fields[12])) / 100
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}

async function measure(server: Server, { subscribers, eventsPerSecond, own }: Case, seconds: number): Promise<Measured> {
  const { brokers } = await sharedKafka()
  const topic = uniquePrefix()
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  const serving = spawn(process.execPath, [...flags, path(servers[server]), brokers.join(','), topic], { stdio: ['ignore', 'pipe', 'inherit'] })
  let clients: ChildProcess | undefined
  try {
    const [line] = await once(serving.stdout, 'data') as [Buffer]
    const url = String(line).trim()
    const query = own ? 'subscription ($id: ID!) { tickOf(id: $id) { id at text } }' : 'subscription { tick { id at text } }'
    clients = fork(path('clients-process.ts'), [url, String(subscribers), query, ...own ? ['own'] : []], { execArgv: flags })
    await once(clients, 'message')
    const ask = async (): Promise<{ frames: number; latencies: number[] }> => {
      clients!.send('how many')
      const [answer] = await once(clients!, 'message') as [{ frames: number; latencies: number[] }]
      return answer
    }
    let sending = true
    let sent = 0
    const startedAt = performance.now()
    const load = (async () => {
      while (sending) {
        const due = Math.floor((performance.now() - startedAt) * eventsPerSecond / 1000)
        const messages = []
        for (; sent < due; sent++) messages.push({ value: tickOf(String(own ? sent % subscribers : sent), performance.timeOrigin + performance.now()), partition: sent % partitions })
        if (messages.length > 0) await producer.send({ topic, acks: 1, messages })
        await delay(5)
      }
    })()
    await delay(3_000)
    const before = await ask()
    const [from, cpuBefore] = [performance.now(), cpuOf(serving.pid as number)]
    await delay(seconds * 1000)
    const after = await ask()
    const took = (performance.now() - from) / 1000
    const cpu = cpuOf(serving.pid as number) - cpuBefore
    sending = false
    await load
    const arrived = after.frames - before.frames
    return { rate: arrived / took, p50: quantile(after.latencies, 0.5), p99: quantile(after.latencies, 0.99), cpu: cpu / arrived * 1e6 }
  } finally {
    await producer.disconnect()
    if (clients) await stop(clients)
    await stop(serving)
  }
}

/** Equal subscriptions of one topic on Kafka, beside the most that a process can do at all. */
export async function run({ quick, report }: BenchOptions): Promise<void> {
  const seconds = quick ? 4 : 15
  const shown = ({ rate, p50, p99, cpu }: Measured): string =>
    `${Math.round(rate).toLocaleString('en')} messages/s, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms, ${cpu.toFixed(1)} µs CPU each`
  for (const [name, subscribers, eventsPerSecond] of [['1,000 × 200/s', 1_000, 200], ['1,000 × 50/s', 1_000, 50], ['5,000 × 50/s', 5_000, 50]] as const) {
    const limit = await measure('pre-built frames', { name, subscribers, eventsPerSecond }, seconds)
    const ours = await measure('Freshet', { name, subscribers, eventsPerSecond }, seconds)
    report.note(`${name}: pre-built frames ${shown(limit)}`)
    report.note(`${name}: Freshet ${shown(ours)}`)
    if (eventsPerSecond * subscribers < 100_000) report.add(`fan-out ${name}: p99, of pre-built frames'`, ours.p99 / limit.p99, '×', '<= 1.3')
    else report.add(`fan-out ${name}: messages/s, of pre-built frames'`, ours.rate / limit.rate, '×', '>= 0.9')
  }
  const own = await measure('Freshet', { name: '5,000 own ids', subscribers: 5_000, eventsPerSecond: 200, own: true }, seconds)
  report.note(`5,000 subscribers, each its own id, 200/s: Freshet ${shown({ ...own })}`)
  report.add('fan-out 5,000 subscribers, each its own id, 200 events/s: p99', own.p99, 'ms', '<= 10')
}
