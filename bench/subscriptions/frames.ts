import type { Duplex } from 'node:stream'

/** Masked text frames of a client, as texts. For benchmarks alone: neither fragments nor control frames. */
export function messagesIn(socket: Duplex, onMessage: (text: string) => void): void {
  let rest: Buffer = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    rest = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk
    for (;;) {
      if (rest.length < 6) return
      const short = (rest[1] as number) & 127
      const head = short === 126 ? 4 : 2
      const length = short === 126 ? rest.readUInt16BE(2) : short
      if (rest.length < head + 4 + length) return
      const mask = rest.subarray(head, head + 4)
      const text = Buffer.from(rest.subarray(head + 4, head + 4 + length))
      for (let index = 0; index < length; index++) text[index] = (text[index] as number) ^ (mask[index % 4] as number)
      rest = rest.subarray(head + 4 + length)
      onMessage(text.toString())
    }
  })
}

/** A client's text frame, masked with zeros. */
export function maskedFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head = payload.length < 126 ? Buffer.from([0x81, 0x80 | payload.length]) : Buffer.from([0x81, 0x80 | 126, payload.length >> 8, payload.length & 255])
  return Buffer.concat([head, Buffer.alloc(4), payload])
}
