import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { HttpClient } from '../../federation/http-client.ts'
import { HttpMessages } from '../../federation/http-message.ts'
import type { Gateway } from '../program.ts'
import { quantile } from '../report.ts'

export interface Load {
  /** Requests per second. */
  rate: number
  /** CPU time of the gateway's process per request, all its threads, µs; NaN where there is no /proc. */
  cpu: number
  /** Resident memory of the gateway's process afterwards, MiB. */
  rss: number
}

export interface Asked {
  query: string
  /** Variables of each request. */
  variables?: () => object
}

const clients = 50
const ticksPerSecond = 100

/** CPU time in seconds. */
const cpuOf = (pid: number): number => {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return NaN
  }
}

const rssOf = (pid: number): number => {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024
  } catch {
    return NaN
  }
}

/** What several runs say. */
export const medianLoad = (loads: readonly Load[]): Load => {
  const median = (of: keyof Load) => quantile(loads.map((load) => load[of]), 0.5)
  return { rate: median('rate'), cpu: median('cpu'), rss: median('rss') }
}

const dataOf = (text: string): unknown => (JSON.parse(text) as { data: unknown }).data

function clientOf({ url }: Gateway): { ask(asked: Asked): Promise<{ status: number; text: string }>; close(): Promise<void> } {
  const address = new URL(url)
  const client = new HttpClient({ url: address, timeoutMs: 20_000, maxResponseBytes: 16 * 1024 * 1024, connections: clients })
  const messages = new HttpMessages(address)
  return {
    ask: ({ query, variables }) => client.post(messages.of({}, JSON.stringify({ query, ...(variables && { variables: variables() }) })), true, undefined),
    close: () => client.close(),
  }
}

/** The data that it answers with, parsed. */
export async function answerOf(gateway: Gateway, asked: Asked): Promise<unknown> {
  const { ask, close } = clientOf(gateway)
  try {
    return dataOf((await ask(asked)).text)
  } finally {
    await close()
  }
}

/**
 * Fifty clients, each asking again as soon as it has its answer. One answer's data is compared with what is expected, all other answers
 * with its length.
 */
export async function load(gateway: Gateway, asked: Asked, seconds: number, expected: unknown): Promise<Load> {
  const { pid, name } = gateway
  const { ask, close } = clientOf(gateway)
  const first = await ask(asked)
  assert.deepEqual(dataOf(first.text), expected, `${name} answered something else`)
  assert.ok(!first.text.includes('"errors"'), `${name}: ${first.text.slice(0, 300)}`)

  const during = async (ms: number): Promise<number> => {
    let answers = 0
    const until = performance.now() + ms
    await Promise.all(Array.from({ length: clients }, async () => {
      while (performance.now() < until) {
        const { status, text } = await ask(asked)
        if (status !== 200 || text.length !== first.text.length) throw new Error(`${name} answered with status ${status}: ${text.slice(0, 300)}`)
        answers++
      }
    }))
    return answers
  }
  try {
    await during(seconds * 400)
    const cpu = cpuOf(pid)
    const startedAt = performance.now()
    const answers = await during(seconds * 1000)
    const took = (performance.now() - startedAt) / 1000
    return { rate: answers / took, cpu: (cpuOf(pid) - cpu) / answers * 1e6, rss: rssOf(pid) }
  } finally {
    await close()
  }
}
