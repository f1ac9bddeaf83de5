import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { dump } from 'js-yaml'
import { GatewayProcess } from '../mixed-load/gateway-process.ts'
import { Pauses, Silence } from '../mixed-load/pauses.ts'
import { temporaryDirectory } from '../../servers/process.ts'
import { inputOf, kindOf, type Kind } from './cases.ts'
import { exchange, open, type Answer } from './http-wire.ts'
import { seedsOf, type Seeds } from './seeds.ts'
import { frame, FrameReader, handshake, text } from './websocket-wire.ts'

export interface Report {
  inputs: number
  byKind: Record<string, number>
  answers: Record<string, number>
  controls: number
  /** Chunks that were sent again, as the machine stood still. */
  again: number
  faults: string[]
  /** What the operator was told, and how often. */
  said: Record<string, number>
  /** MiB after a collection with nothing under way: after the first tenth, in the middle and in the end. */
  heap: number[]
  /** Descriptors that the gateway's process has open, at those moments. */
  descriptors: number[]
  openAfterwards: number
  openHandles: string[]
  exit: number | null
}

/** Inputs that share a connection, or are sent one after another. */
const together = 16
const workers = 10
/** An answer that takes longer is none. */
const silenceMs = 30_000

/** One that is always the same, of an entity that no input names (an event may change what it names), and what must be answered. */
const control = { query: '{ livestream(id: "apart") { id title } }' }
/** Up to its extensions, which say how fresh it is. */
const controlAnswer = '{"data":{"livestream":{"id":"apart","title":"Control"}},'
const controlRequest = (() => {
  const body = JSON.stringify(control)
  return Buffer.from(`POST /graphql HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
})()

/** What is wrong with an answer to an input that may be anything. */
const faultOf = ({ status, headers, body }: Answer): string | undefined => {
  if (status >= 500) return `status ${status}: ${body.toString().slice(0, 300)}`
  if (body.includes('INTERNAL_SERVER_ERROR')) return `an internal error: ${body.toString().slice(0, 300)}`
  if (/^content-type: application\/(graphql-response\+)?json/im.test(headers) && body.length > 0) {
    try {
      JSON.parse(body.toString())
    } catch {
      return `no JSON: ${body.toString().slice(0, 300)}`
    }
  }
  return undefined
}

/** One chunk of inputs, sent once. */
class Attempt {
  readonly #port: number
  readonly #seed: number
  readonly #seeds: Seeds
  readonly #report: Report
  readonly faults: string[] = []
  /** The first that had a fault. */
  faulty: { kind: Kind; input: Buffer } | undefined
  controls = 0

  constructor(port: number, seed: number, seeds: Seeds, report: Report) {
    this.#port = port
    this.#seed = seed
    this.#seeds = seeds
    this.#report = report
  }

  /** The inputs of one chunk, each answered, or its connection closed. */
  async run(chunk: number): Promise<void> {
    const kind = kindOf(this.#seed, chunk)
    const numbers = Array.from({ length: together }, (_, place) => chunk * together + place)
    const inputs = numbers.map((number) => inputOf(kind, this.#seed, number, this.#seeds))
    if (kind === 'body' || kind === 'parameters') await this.#pipelined(kind, numbers, inputs)
    else if (kind === 'frames') await this.#frames(kind, numbers, inputs)
    else for (const [place, input] of inputs.entries()) await this.#single(kind, numbers[place]!, input)
    if (chunk % 4 === 0) await this.#control()
  }

  async #pipelined(kind: Kind, numbers: number[], inputs: Buffer[]): Promise<void> {
    const socket = await open(this.#port)
    try {
      const { answers, end } = await exchange(socket, Buffer.concat(inputs), inputs.length, silenceMs)
      for (const [place, answer] of answers.entries()) this.#judge(answer, kind, numbers[place]!, inputs[place]!)
      // Node ends a connection after what it cannot read; what came behind is sent again, alone.
      if (answers.length < inputs.length) {
        if (end === 'silent') this.#fault(`only ${answers.length} answers`, kind, numbers[answers.length]!, inputs[answers.length]!)
        for (const [place, input] of inputs.entries()) if (place >= answers.length) await this.#single(kind, numbers[place]!, input)
      }
    } finally {
      socket.destroy()
    }
  }

  async #single(kind: Kind, number: number, input: Buffer): Promise<void> {
    const live = kind === 'events'
    const socket = await open(this.#port)
    try {
      // A stream may have no end, and what is no whole request no answer: both are left after a while.
      const { answers, rest, end } = await exchange(socket, input, 1, live || kind === 'wire' ? 150 : silenceMs)
      for (const answer of answers) this.#judge(answer, kind, number, input)
      if (end === 'silent' && kind !== 'wire' && !live) this.#fault('no answer', kind, number, input)
      if (live && rest.includes('INTERNAL_SERVER_ERROR')) this.#fault(`an internal error: ${rest.slice(0, 600)}`, kind, number, input)
      if (number % 3 === 0) socket.end()
    } finally {
      if (number % 2 === 0) socket.resetAndDestroy()
      else socket.destroy()
    }
  }

  async #frames(kind: Kind, numbers: number[], inputs: Buffer[]): Promise<void> {
    const socket = await open(this.#port)
    try {
      const opened = await exchange(socket, handshake(numbers[0]! % 5 === 0 ? '/subgraphs/freshet' : '/graphql'), 1, silenceMs)
      if (opened.answers[0]?.status !== 101) return this.#fault(`no connection: ${opened.answers[0]?.status} ${opened.end}`, kind, numbers[0]!, inputs[0]!)
      const greeting = numbers[0]! % 10 === 0 ? [] : [text({ type: 'connection_init' })]
      // Who subscribes before it is greeted is sent away.
      if (greeting.length > 0) await untilText(socket, Buffer.concat(greeting), 'connection_ack')
      const found = await untilPong(socket, Buffer.concat(inputs))
      if (found !== undefined) this.#fault(found, kind, numbers[0]!, Buffer.concat(inputs))
    } finally {
      if (numbers[0]! % 3 === 0) socket.resetAndDestroy()
      else socket.destroy()
    }
  }

  async #control(): Promise<void> {
    const socket = await open(this.#port)
    try {
      const { answers: [answer] } = await exchange(socket, controlRequest, 1, silenceMs)
      if (!answer?.body.toString().startsWith(controlAnswer)) this.#fault(`the control request was answered ${answer?.status} ${answer?.body.toString()}`, 'body', -1, controlRequest)
      const opened = await exchange(socket, handshake('/graphql'), 1, silenceMs)
      const answered = opened.answers[0]?.status === 101
        ? await untilText(socket, text({ type: 'connection_init' }), 'connection_ack') + await untilText(socket, text({ type: 'subscribe', id: 'c', payload: control }), '"complete"') : ''
      if (!answered.includes(controlAnswer)) this.#fault(`the control operation was answered ${answered.slice(0, 300)}`, 'frames', -1, Buffer.alloc(0))
      this.controls += 2
    } finally {
      socket.destroy()
    }
  }

  #judge(answer: Answer, kind: Kind, number: number, input: Buffer): void {
    const key = `${kind} ${answer.status}`
    this.#report.answers[key] = (this.#report.answers[key] ?? 0) + 1
    const fault = faultOf(answer)
    if (fault !== undefined) this.#fault(fault, kind, number, input)
  }

  #fault(what: string, kind: Kind, number: number, input: Buffer): void {
    this.faults.push(`seed ${this.#seed}, ${kind} ${number}: ${what}\n  ${JSON.stringify(input.toString('latin1').slice(0, 2_000))}`)
    this.faulty ??= { kind, input }
  }

  /** The shortest input found that still has a fault by itself. */
  async smallest(): Promise<string | undefined> {
    if (!this.faulty) return undefined
    const { kind, input } = this.faulty
    const isFaulty = async (bytes: Buffer): Promise<boolean> => {
      const socket = await open(this.#port)
      const { answers: [answer] } = await exchange(socket, bytes, 1, 2_000).finally(() => socket.destroy())
      return answer !== undefined && faultOf(answer) !== undefined
    }
    if (kind === 'frames' || !await isFaulty(withBody(input, bodyOf(input)))) return undefined
    let body = bodyOf(input)
    for (let size = body.length >> 1; size > 0; size >>= 1) {
      for (let at = 0; at < body.length;) {
        const shorter = Buffer.concat([body.subarray(0, at), body.subarray(at + size)])
        if (await isFaulty(withBody(input, shorter))) body = shorter
        else at += size
      }
    }
    return withBody(input, body).toString('latin1')
  }
}

const bodyOf = (input: Buffer): Buffer => input.subarray(input.indexOf('\r\n\r\n') + 4)
const withBody = (input: Buffer, body: Buffer): Buffer => Buffer.concat([
  Buffer.from(input.toString('latin1', 0, input.indexOf('\r\n\r\n') + 4).replace(/content-length: \d+/, `content-length: ${body.length}`), 'latin1'), body,
])

/** Sends frames and a ping behind them; resolves once the pong has come, or the connection is closed: with a fault, if there is any. */
async function untilPong(socket: Socket, bytes: Buffer): Promise<string | undefined> {
  const reader = new FrameReader()
  const over = Promise.withResolvers<string | undefined>()
  const silent = new Silence(silenceMs, () => over.resolve('neither pong nor close'))
  const quiet = setTimeout(() => over.resolve(undefined), 1_500)
  socket.on('data', (chunk: Buffer) => {
    silent.heard()
    try {
      for (const { opcode, payload } of reader.read(chunk)) {
        if (opcode === 10 && payload.toString() === 'over') over.resolve(undefined)
        else if (opcode === 1 && payload.includes('INTERNAL_SERVER_ERROR')) over.resolve(`an internal error: ${payload.toString().slice(0, 300)}`)
        else if (opcode === 8 && payload.length >= 2 && [1011, 4500].includes(payload.readUInt16BE(0))) over.resolve(`closed with ${payload.readUInt16BE(0)} ${payload.subarray(2).toString()}`)
      }
    } catch (error) {
      over.resolve(String(error))
    }
  }).on('close', () => over.resolve(undefined)).on('error', () => over.resolve(undefined))
  socket.write(Buffer.concat([bytes, frame(Buffer.from('over'), { opcode: 9 })]))
  try {
    return await over.promise
  } finally {
    silent.end()
    // What is left of a frame that says it is longer swallows the ping.
    clearTimeout(quiet)
  }
}

async function untilText(socket: Socket, bytes: Buffer, wanted: string): Promise<string> {
  let seen = ''
  const over = Promise.withResolvers<void>()
  const silent = new Silence(silenceMs, over.resolve)
  const onData = (chunk: Buffer): void => {
    seen += chunk.toString()
    if (seen.includes(wanted)) over.resolve()
  }
  socket.on('data', onData).on('close', () => over.resolve())
  socket.write(bytes)
  await over.promise
  silent.end()
  socket.off('data', onData)
  return seen
}

/**
 * Sends so many inputs to a gateway in a process of its own.
 */
export async function fuzz({ count, seed, say }: { count: number; seed: number; say: (what: string) => void }): Promise<Report> {
  await using folder = temporaryDirectory('fuzz')
  const settings = join(folder.path, 'freshet.yaml')
  writeFileSync(settings, dump({ simulate: false }))
  const report: Report = {
    inputs: 0, byKind: {}, answers: {}, controls: 0, again: 0, faults: [], said: {}, heap: [], descriptors: [], openAfterwards: 0, openHandles: [], exit: null,
  }
  const pauses = new Pauses()
  const gateway = new GatewayProcess(settings, { PORT: '0', FRESHET_DATA_DIR: join(folder.path, 'data') }, ({ said, paused }) => {
    if (paused) pauses.add(paused.from, paused.to)
    const key = said?.replace(/\d+/g, 'N').slice(0, 400)
    if (key !== undefined) report.said[key] = (report.said[key] ?? 0) + 1
  })
  try {
    const { url = '' } = await gateway.told()
    await published(url)
    const alive = (): boolean => gateway.child.exitCode === null && gateway.child.signalCode === null
    const port = Number(new URL(url).port)
    const seeds = await seedsOf(url, seed, 400)
    const under = new Set<number>()
    /** Again where the machine stood still meanwhile: time-outs of either side say nothing then. */
    const judged = async (chunk: number): Promise<void> => {
      for (let turn = 1; alive(); turn++) {
        const from = Date.now()
        const attempt = new Attempt(port, seed, seeds, report)
        await attempt.run(chunk).catch((error: unknown) => void attempt.faults.push(`seed ${seed}, chunk ${chunk}: ${String(error)}`))
        if (!alive()) return
        report.controls += attempt.controls
        if (attempt.faults.length > 0 && turn < 5) {
          await delay(1_000)
          if (pauses.touches(from, Date.now())) {
            report.again++
            continue
          }
        }
        for (const words of attempt.faults) {
          if (report.faults.length >= 100) continue
          report.faults.push(words)
          say(`FAULT ${words}`)
        }
        if (attempt.faulty && report.faults.length < 20) say(`SMALLEST ${JSON.stringify(await attempt.smallest().catch(String))}`)
        const kind = kindOf(seed, chunk)
        report.inputs += together
        report.byKind[kind] = (report.byKind[kind] ?? 0) + together
        return
      }
    }
    let next = 0
    const run = (until: number) => Promise.all(Array.from({ length: workers }, async () => {
      while (next < until && alive()) {
        const chunk = next++
        under.add(chunk)
        await judged(chunk)
        // What was under way when a gateway ends is what may have ended it.
        if (alive()) under.delete(chunk)
        if (chunk % 2_000 === 0) say(`${report.inputs} inputs, ${report.faults.length} faults`)
      }
    }))
    const chunks = Math.ceil(count / together)
    for (const share of [0.1, 0.55, 1]) {
      await run(Math.ceil(chunks * share))
      if (!alive()) {
        report.faults.push(`seed ${seed}: the gateway ended with ${gateway.child.exitCode} while these chunks of ${together} were under way: ${[...under].map((chunk) => `${kindOf(seed, chunk)} ${chunk * together}`).join(', ')}`)
        break
      }
      await delay(2_000)
      const { memory } = await gateway.ask('memory')
      report.heap.push(Math.round((memory?.heapUsed ?? 0) / 2 ** 20 * 10) / 10)
      report.descriptors.push(readdirSync(`/proc/${gateway.child.pid}/fd`).length)
    }
    if (alive()) {
      // What was begun and never used has a time-out of its own.
      for (const limit = performance.now() + 60_000; (report.openAfterwards = await counted(url)) > 0 && performance.now() < limit;) await delay(500)
      const { resources } = await gateway.ask('end')
      report.openHandles = resources ?? ['the gateway did not say']
      report.exit = await Promise.race([gateway.exited, delay(30_000, -1, { ref: false })])
    }
    return report
  } finally {
    pauses.end()
    gateway.child.kill('SIGKILL')
  }
}

/** Connections and subscriptions that the gateway counts. */
async function counted(url: string): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text()
  return [...metrics.matchAll(/^freshet_(?:connections|subscriptions)(?:\{[^}]*\})? (\d+)$/gm)].reduce((sum, [, count]) => sum + Number(count), 0)
}

async function published(url: string): Promise<void> {
  const ask = async (body: object, headers: Record<string, string> = {}) =>
    await (await fetch(`${url}/graphql`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) })).json() as { data: Record<string, unknown> }
  const events = ['control', 'apart'].map((id) => ({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: 's', title: 'Control', category: 'vinyl' } }))
  const { data } = await ask({ query: 'mutation ($events: [EventInput!]!) { publish(events: $events) { token } }', variables: { events } })
  await ask(control, { 'freshet-token': (data.publish as { token: string }).token })
}
