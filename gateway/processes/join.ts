import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server } from 'node:http'
import type { Socket } from 'node:net'
import { basename, join } from 'node:path'
import type { Entrance } from '../entrance.ts'
import { forward, leaving } from './forward.ts'
import type { Channel, FromServing, Measured } from './messages.ts'
import type { Peers } from './peers.ts'

export interface JoinOptions {
  /** Of this process; no other has had it, so that nobody is taken for one that has ended. */
  number: number
  /** Where all of them listen for each other; nobody else can read it. */
  directory: string
  /** At which clients find the port that another process holds. */
  url: string
  channel: Channel
  /** Until another process has begun to answer what it is asked for a client, ms. 10 s unless said otherwise. */
  answerMs?: number
  /** Between two reports of what was measured, ms; what is counted after the last is lost when the process is killed. 2 s unless said otherwise. */
  reportMs?: number
}

/** How long the metrics of all are waited for, ms. */
const totalsMs = 5_000
/** How long the answer to a mutation waits until all others know of it, ms; one that says nothing for so long hardly answers queries. */
const knownMs = 1_000

/** Where a process listens for the others. */
export const addressOf = (directory: string, number: number): string =>
  process.platform === 'win32' ? `\\\\.\\pipe\\${basename(directory)}-${number}` : join(directory, `${number}.sock`)

/** Takes a place among processes that serve behind one port, whose connections are handed over by the one that holds it. */
export function joinProcesses({ number, directory, url, channel, answerMs = 10_000, reportMs = 2_000 }: JoinOptions): { entrance: Entrance; peers: Peers } {
  /** Connections of clients; those that are not among them come from other processes. */
  const clients = new Set<Socket>()
  /** Answers of whoever holds the port that are waited for. */
  const asking = new Map<number, (text: string) => void>()
  let asked = 0
  let noted = (_key: string | undefined): void => {}
  let server: Server | undefined
  let closing = false
  let allGone = () => {}
  let measures: { measure: () => Promise<Measured>; current: () => Promise<Measured> } | undefined

  const report = async (how: 'measure' | 'current', ask?: number): Promise<void> => {
    const measured = await measures?.[how]()
    if (measured) channel.send({ kind: 'measured', ask, measured, open: clients.size })
  }

  const take = (ticket: number, socket: Socket | undefined): void => {
    if (!server || closing) {
      socket?.destroy()
      return channel.send({ kind: 'refused', ticket })
    }
    // It is gone already where none came.
    if (socket) {
      clients.add(socket)
      socket.once('close', () => {
        clients.delete(socket)
        if (clients.size === 0) allGone()
      })
      // As the server has it for those that it accepts itself: answers are not held back, and whoever has sent all may still read.
      socket.setNoDelay(true)
      socket.allowHalfOpen = true
      server.emit('connection', socket)
    }
    channel.send({ kind: 'took', ticket, open: clients.size })
  }

  channel.on((message, socket) => {
    if (message.kind === 'connection') take(message.ticket, socket)
    // Where it fails the last report stands.
    else if (message.kind === 'measure') report('measure', message.ask).catch(() => {})
    else if (message.kind === 'totals') asking.get(message.ask)?.(message.text)
    else if (message.kind === 'known') asking.get(message.ask)?.('')
    else if (message.kind === 'wrote') {
      noted(message.key)
      channel.send({ kind: 'noted', ask: message.ask })
    }
  })

  const reporting = setInterval(() => void report('current').catch(() => {}), reportMs)
  reporting.unref()

  /** What is answered within this time; else undefined. */
  const ask = async (make: (ask: number) => FromServing, ms: number): Promise<string | undefined> => {
    const number = ++asked
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    const late = setTimeout(resolve, ms, undefined)
    asking.set(number, resolve)
    channel.send(make(number))
    const answer = await promise
    clearTimeout(late)
    asking.delete(number)
    return answer
  }

  const ownerOf = (id: string): number => Number(/^(\d{1,9})\./.exec(id)?.[1] ?? number)

  return {
    entrance: {
      async open(opened) {
        await new Promise<void>((resolve, reject) => {
          opened.once('error', reject)
          opened.listen(addressOf(directory, number), resolve)
        })
        server = opened
        channel.send({ kind: 'open' })
        return url
      },
      async close() {
        if (!server) return
        closing = true
        channel.send({ kind: 'closing' })
        const left = clients.size > 0 && new Promise<void>((resolve) => { allGone = resolve })
        await Promise.all([left, new Promise<void>((resolve) => server?.close(() => resolve()))])
        clearInterval(reporting)
        await report('current').catch(() => {})
      },
    },
    peers: {
      newId: () => `${number}.${randomUUID()}`,
      async forward(id, request: IncomingMessage, response, { maxBodyBytes, closing: told }) {
        const owner = ownerOf(id)
        // What another has sent here stays here, whatever it says.
        if (owner === number || !clients.has(request.socket)) return false
        return forward(request, response, { path: addressOf(directory, owner), maxBodyBytes, answerMs, closing: told })
      },
      // Only the other processes reach it beside its clients.
      takesLeave: ({ method, socket, headers }) => method === 'DELETE' && !clients.has(socket) && headers[leaving] !== undefined,
      async wrote(key) {
        await ask((number) => ({ kind: 'wrote', ask: number, key }), knownMs)
      },
      onWrote(listener) {
        noted = listener
      },
      measureBy(measure, current) {
        measures = { measure, current }
      },
      async totals() {
        const text = await ask((number) => ({ kind: 'totals', ask: number }), totalsMs)
        if (text === undefined) throw new Error(`The metrics of all processes did not come within ${totalsMs / 1000} s.`)
        return text
      },
    },
  }
}
