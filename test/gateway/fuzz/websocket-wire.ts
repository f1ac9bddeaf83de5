import type { Random } from '../../federation/differential/random.ts'

export const handshake = (path: string, headers = ''): Buffer => Buffer.from(
  `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n`
  + `sec-websocket-protocol: graphql-transport-ws\r\n${headers}\r\n`)

export interface FrameOptions {
  opcode?: number
  fin?: boolean
  masked?: boolean
  reserved?: number
  /** What the header says, whatever there is. */
  length?: number
}

/** One frame as RFC 6455 has it, or not quite. */
export function frame(payload: Buffer, { opcode = 1, fin = true, masked = true, reserved = 0, length = payload.length }: FrameOptions = {}): Buffer {
  const size = length < 126 ? Buffer.from([length]) : length < 65_536 ? Buffer.from([126, length >> 8, length & 255])
    : Buffer.from([127, 0, 0, ...[40, 32, 24, 16, 8, 0].map((shift) => Math.floor(length / 2 ** shift) % 256)])
  size[0]! |= masked ? 0x80 : 0
  const head = Buffer.from([(fin ? 0x80 : 0) | reserved << 4 | opcode])
  if (!masked) return Buffer.concat([head, size, payload])
  const mask = [0x11, 0x22, 0x33, 0x44]
  return Buffer.concat([head, size, Buffer.from(mask), payload.map((byte, at) => byte ^ mask[at % 4]!)])
}

export const text = (message: unknown): Buffer => frame(Buffer.from(typeof message === 'string' ? message : JSON.stringify(message)))

/** A frame, or a few, by which a protocol is broken. */
export function brokenFrame(payload: Buffer, random: Random): Buffer {
  switch (random.below(11)) {
    case 0: return frame(payload, { opcode: 2 })
    case 1: return frame(payload, { opcode: random.pick([3, 7, 0xb, 0xf]) })
    case 2: return frame(payload, { masked: false })
    case 3: return frame(payload, { reserved: 1 + random.below(7) })
    case 4: return Buffer.concat([frame(payload.subarray(0, 5), { fin: false }), frame(payload.subarray(5), { opcode: 0 })])
    case 5: return Buffer.concat([frame(payload.subarray(0, 5), { fin: false }), frame(payload.subarray(5))])
    case 6: return frame(payload, { length: random.pick([payload.length + 1, 2 ** 20 + 1, 2 ** 31, 2 ** 47]) })
    case 7: return frame(Buffer.concat([payload, Buffer.from([0xff, 0xed, 0xa0, 0x80])]))
    case 8: return frame(random.pick([Buffer.alloc(0), Buffer.from([3]), Buffer.from([3, 232, 0xff]), Buffer.from([0, 1]), Buffer.alloc(200)]), { opcode: 8 })
    case 9: return frame(Buffer.alloc(random.pick([0, 125, 126, 1_000])), { opcode: random.pick([9, 10]) })
    default: return frame(payload, { opcode: 0 })
  }
}

export interface Received {
  opcode: number
  payload: Buffer
}

/** Reads what a server sends: frames that are whole and not masked. */
export class FrameReader {
  #bytes: Buffer = Buffer.alloc(0)

  /** @throws Error for a frame that a server must not send */
  read(chunk: Buffer): Received[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const frames: Received[] = []
    while (this.#bytes.length >= 2) {
      const [first, second] = this.#bytes as unknown as [number, number]
      if (second & 0x80 || first & 0x70 || !(first & 0x80)) throw new Error(`the server sent a frame that begins with ${first}, ${second}`)
      const short = second & 0x7f
      const start = short < 126 ? 2 : short === 126 ? 4 : 10
      if (this.#bytes.length < start) break
      const length = short < 126 ? short : short === 126 ? this.#bytes.readUInt16BE(2) : Number(this.#bytes.readBigUInt64BE(2))
      if (this.#bytes.length < start + length) break
      frames.push({ opcode: first & 0xf, payload: this.#bytes.subarray(start, start + length) })
      this.#bytes = this.#bytes.subarray(start + length)
    }
    return frames
  }
}
