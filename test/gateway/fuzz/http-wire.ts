import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Silence } from '../mixed-load/pauses.ts'

export interface Answer {
  status: number
  headers: string
  body: Buffer
}

/** Reads answers of HTTP/1.1 as they come, whatever was asked. */
export class AnswerReader {
  #bytes: Buffer = Buffer.alloc(0)

  /** Answers that are whole now. @throws Error for what is no HTTP */
  read(chunk: Buffer): Answer[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const answers: Answer[] = []
    for (;;) {
      const end = this.#bytes.indexOf('\r\n\r\n')
      if (end < 0) return answers
      const headers = this.#bytes.toString('latin1', 0, end)
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(headers)?.[1])
      if (!(status >= 100)) throw new Error(`no HTTP: ${headers.slice(0, 100)}`)
      const body = this.#bytes.subarray(end + 4)
      const length = /^content-length: *(\d+)/im.exec(headers)?.[1]
      const whole = length !== undefined ? sized(body, Number(length)) : /^transfer-encoding: *chunked/im.test(headers) ? chunked(body) : { body: Buffer.alloc(0), size: 0 }
      if (!whole) return answers
      this.#bytes = body.subarray(whole.size)
      if (status !== 100) answers.push({ status, headers, body: whole.body })
    }
  }

  /** What has come of an answer that is not whole. */
  get rest(): string {
    return this.#bytes.toString('latin1')
  }
}

interface Whole {
  body: Buffer
  /** Bytes of it on the wire. */
  size: number
}

const sized = (bytes: Buffer, length: number): Whole | undefined => bytes.length < length ? undefined : { body: bytes.subarray(0, length), size: length }

function chunked(bytes: Buffer): Whole | undefined {
  const parts: Buffer[] = []
  for (let at = 0; ;) {
    const line = bytes.indexOf('\r\n', at)
    if (line < 0) return undefined
    const size = Number.parseInt(bytes.toString('latin1', at, line), 16)
    const end = line + 2 + size + 2
    if (!(size >= 0)) throw new Error('a chunk without its size')
    if (bytes.length < end) return undefined
    if (size === 0) return { body: Buffer.concat(parts), size: end }
    parts.push(bytes.subarray(line + 2, line + 2 + size))
    at = end
  }
}

export async function open(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.setNoDelay(true)
  await once(socket, 'connect')
  return socket
}

export interface Exchange {
  answers: Answer[]
  /** What came after the last whole answer. */
  rest: string
  /** Why no more came, where fewer came than were asked for. */
  end: 'closed' | 'silent' | undefined
}

/**
 * Writes bytes and waits for so many answers, the end of the connection, or silence.
 * @param silenceMs how long nothing may come
 */
export async function exchange(socket: Socket, bytes: Buffer, wanted: number, silenceMs: number): Promise<Exchange> {
  const reader = new AnswerReader()
  const answers: Answer[] = []
  const over = Promise.withResolvers<Exchange['end']>()
  const silent = new Silence(silenceMs, () => over.resolve('silent'))
  const onData = (chunk: Buffer): void => {
    silent.heard()
    try {
      answers.push(...reader.read(chunk))
    } catch (error) {
      over.reject(error as Error)
    }
    if (answers.length >= wanted) over.resolve(undefined)
  }
  const onEnd = (): void => over.resolve('closed')
  socket.on('data', onData).on('close', onEnd).on('end', onEnd).on('error', onEnd)
  socket.write(bytes)
  try {
    return { end: await over.promise, answers, rest: reader.rest }
  } finally {
    silent.end()
    socket.off('data', onData).off('close', onEnd).off('end', onEnd)
  }
}
