import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { maskedFrame } from './frames.ts'
import { argumentsOf, serve } from './told.ts'

export interface ClientsSpec {
  url: string
  count: number
  /** INDEX in it is another number for each client; so is the variable `id`. */
  query: string
  /** One frame in so many is looked into for the time at which its event was sent. */
  sampled: number
  /** Text of the payload after which a client has all that it waits for. */
  until?: string
  /** Each keeps its latest cursor, to come again with it. */
  cursors?: boolean
  idPrefix?: string
}

export interface ClientsFigures {
  frames: number
  /** How many have got anything. */
  begun: number
  /** Ms, of the frames looked into since the last question. */
  latencies: number[]
  /** How many have all that they wait for, and when the last one had, ms since the epoch. */
  complete: number
  completeAt: number
  /** How many know a cursor. */
  placed: number
}

export type ClientsQuestion = 'figures' | 'stall one' | 'leave' | 'come again'

/**
 * Subscribers as cheap as they can be: sockets whose frames are counted, and of which some are looked into. `at` in a payload says
 * when its event was sent.
 */
const [{ url, count, query, sampled, until, cursors = false, idPrefix = '' }] = argumentsOf<[ClientsSpec]>()
const { hostname, port, pathname } = new URL(url)
const figures: ClientsFigures = { frames: 0, begun: 0, latencies: [], complete: 0, completeAt: 0, placed: 0 }
const sockets: Socket[] = []
const cursorsOf = new Map<number, string>()
const isComplete = new Set<number>()
const now = (): number => performance.timeOrigin + performance.now()
const timeMark = Buffer.from('"at":"')
/** Masked, without anything in it. */
const pong = Buffer.from([0x8a, 0x80, 0, 0, 0, 0])
const cursorMark = Buffer.from('"cursor":"')

function look(index: number, frame: Buffer): void {
  const at = frame.indexOf(timeMark)
  if (at > 0) {
    const sentAt = Number(frame.toString('latin1', at + 6, frame.indexOf(34, at + 6)))
    if (sentAt > 0) figures.latencies.push(now() - sentAt)
  }
  if (until !== undefined && !isComplete.has(index) && frame.includes(until)) {
    isComplete.add(index)
    figures.complete = isComplete.size
    figures.completeAt = now()
  }
  if (!cursors) return
  const cursor = frame.indexOf(cursorMark)
  if (cursor < 0) return
  cursorsOf.set(index, frame.toString('latin1', cursor + cursorMark.length, frame.indexOf(34, cursor + cursorMark.length)))
  figures.placed = cursorsOf.size
}

function follow(index: number, socket: Socket): void {
  /** Of the frame that has begun, bytes that are still to come. */
  let left = 0
  let rest: Buffer | undefined
  const everyFrame = sampled === 1
  socket.once('data', () => figures.begun++)
  socket.on('data', (chunk) => {
    const data = rest ? Buffer.concat([rest, chunk]) : chunk
    rest = undefined
    let offset = left
    if (offset > data.length) {
      left -= data.length
      return
    }
    left = 0
    while (data.length - offset >= 2) {
      // The longest head of a frame; a ping is shorter.
      if (data.length - offset < 10 && data[offset] !== 0x89) break
      const short = (data[offset + 1] as number) & 127
      const length = short < 126 ? short : short === 126 ? data.readUInt16BE(offset + 2) : Number(data.readBigUInt64BE(offset + 2))
      const end = offset + (short < 126 ? 2 : short === 126 ? 4 : 10) + length
      if (end > data.length && everyFrame) break
      // Whoever does not answer is taken for gone.
      if (data[offset] === 0x89) socket.write(pong)
      if (data[offset] === 0x81 && ++figures.frames % sampled === 0 && end <= data.length) look(index, data.subarray(offset, end))
      if (end > data.length) {
        left = end - data.length
        return
      }
      offset = end
    }
    if (offset < data.length) rest = data.subarray(offset)
  })
  socket.on('error', () => {})
}

function open(index: number, after?: string): Promise<void> {
  const socket = connect(Number(port), hostname)
  sockets[index] = socket
  socket.setNoDelay(true)
  socket.write(`GET ${pathname === '/' ? '/graphql' : pathname} HTTP/1.1\r\nhost: ${hostname}:${port}\r\nupgrade: websocket\r\nconnection: upgrade\r\n`
    + 'sec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n')
  return new Promise<void>((resolve, reject) => {
    let head = ''
    let isUpgraded = false
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!isUpgraded && head.includes('\r\n\r\n')) {
        if (!head.startsWith('HTTP/1.1 101')) return reject(new Error(`The server refused to upgrade: ${head.slice(0, 300)}`))
        isUpgraded = true
        socket.write(maskedFrame('{"type":"connection_init"}'))
      }
      if (!head.includes('connection_ack')) return
      socket.off('data', onData)
      follow(index, socket)
      socket.write(maskedFrame(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload: {
        query: query.replaceAll('INDEX', String(index)),
        ...query.includes('$id') && { variables: { id: `${idPrefix}${index}` } },
        ...after !== undefined && { extensions: { delivery: { after } } },
      } })))
      resolve()
    }
    socket.on('data', onData)
    socket.on('error', reject)
  })
}

async function openAll(): Promise<void> {
  const atOnce = 50
  for (let from = 0; from < count; from += atOnce)
    await Promise.all(Array.from({ length: Math.min(atOnce, count - from) }, (_, each) => open(from + each, cursorsOf.get(from + each))))
}

const answers: Record<ClientsQuestion, () => unknown> = {
  figures: () => {
    const answer = { ...figures }
    figures.latencies = []
    return answer
  },
  'stall one': () => void sockets[0]?.pause(),
  leave: () => {
    for (const socket of sockets.splice(0)) socket.destroy()
    isComplete.clear()
    figures.complete = 0
  },
  'come again': openAll,
}

await openAll()
serve(url, (question) => answers[question as ClientsQuestion]())
