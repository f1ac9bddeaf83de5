import { randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { maskedFrame } from './frames.ts'

/**
 * Subscribers as cheap as they can be: sockets whose frames are counted, and of which some are looked into for the time at which the
 * event was sent. Talks to its parent by messages.
 */
const [url, count, query, ids] = process.argv.slice(2) as [string, string, string, string | undefined]
const { hostname, port } = new URL(url)
let frames = 0
let bytes = 0
let latencies: number[] = []
const now = (): number => performance.timeOrigin + performance.now()
const marker = Buffer.from('"at":"')

/** Takes a frame in so many for its time. */
const sampled = 7

function follow(socket: Socket): void {
  /** Of the frame that has begun, bytes that are still to come. */
  let left = 0
  let rest: Buffer | undefined
  socket.on('data', (chunk) => {
    bytes += chunk.length
    const data = rest ? Buffer.concat([rest, chunk]) : chunk
    rest = undefined
    let offset = left
    if (offset > data.length) {
      left -= data.length
      return
    }
    left = 0
    while (offset < data.length) {
      if (data.length - offset < 10) break
      const short = (data[offset + 1] as number) & 127
      const length = short < 126 ? short : short === 126 ? data.readUInt16BE(offset + 2) : Number(data.readBigUInt64BE(offset + 2))
      const end = offset + (short < 126 ? 2 : short === 126 ? 4 : 10) + length
      if (data[offset] === 0x81) {
        frames++
        if (frames % sampled === 0 && end <= data.length) {
          const at = data.indexOf(marker, offset)
          if (at > 0 && at < end) latencies.push(now() - Number(data.toString('latin1', at + 6, data.indexOf(34, at + 6))))
        }
      }
      if (end > data.length) {
        left = end - data.length
        offset = data.length
        break
      }
      offset = end
    }
    if (offset < data.length) rest = data.subarray(offset)
  })
  socket.on('error', () => {})
}

async function open(index: number): Promise<void> {
  const socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  socket.write(`GET /graphql HTTP/1.1\r\nhost: ${hostname}:${port}\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-version: 13\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`)
  await new Promise<void>((resolve, reject) => {
    let head = ''
    const onData = (chunk: Buffer): void => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      if (!head.startsWith('HTTP/1.1 101')) return reject(new Error(head))
      if (!head.includes('connection_ack')) {
        if (!head.includes('sent')) {
          head += 'sent'
          socket.write(maskedFrame('{"type":"connection_init"}'))
        }
        return
      }
      socket.off('data', onData)
      resolve()
    }
    socket.on('data', onData)
    socket.on('error', reject)
  })
  follow(socket)
  const variables = ids === undefined ? undefined : { id: String(index) }
  socket.write(maskedFrame(JSON.stringify({ id: randomUUID(), type: 'subscribe', payload: { query, variables } })))
}

for (let index = 0; index < Number(count); index += 50) await Promise.all(Array.from({ length: Math.min(50, Number(count) - index) }, (_, each) => open(index + each)))
process.on('message', () => {
  process.send?.({ frames, bytes, latencies })
  latencies = []
})
process.send?.('open')
