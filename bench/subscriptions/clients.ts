import { setTimeout as delay } from 'node:timers/promises'
import { quantile } from '../report.ts'
import { cpuOf, startChild, type Child } from './child.ts'
import type { ClientsFigures, ClientsSpec } from './clients-process.ts'

/** What subscribers saw of a server. */
export interface Measured {
  /** Messages that arrived per second. */
  rate: number
  /** Ms from the event's being produced to the message's being received. */
  p50: number
  p99: number
  /** µs of the server's process for each message. */
  cpu: number
  /** Cores that the server's process took. */
  cores: number
}

export const openClients = (spec: ClientsSpec): Promise<Child> => startChild('The subscribers', 'clients-process.ts', [spec])

/** Watches for so many seconds. */
export async function watch(clients: Child, server: Pick<Child, 'pid'>, seconds: number): Promise<Measured> {
  const before = await clients.ask<ClientsFigures>('figures')
  const [from, cpuBefore] = [performance.now(), cpuOf(server.pid)]
  await delay(seconds * 1000)
  const after = await clients.ask<ClientsFigures>('figures')
  const took = (performance.now() - from) / 1000
  const cpu = cpuOf(server.pid) - cpuBefore
  const arrived = after.frames - before.frames
  return {
    rate: arrived / took, p50: quantile(after.latencies, 0.5), p99: quantile(after.latencies, 0.99),
    cpu: cpu / arrived * 1e6, cores: cpu / took,
  }
}

export const shown = ({ rate, p50, p99, cpu, cores }: Measured): string =>
  `${Math.round(rate).toLocaleString('en')} messages/s, p50 ${p50.toFixed(1)}, p99 ${p99.toFixed(1)} ms, ${cpu.toFixed(1)} µs CPU each, ${cores.toFixed(2)} cores`
