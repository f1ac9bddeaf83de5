import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import { pipeline } from 'node:stream'
import { BodyTooLargeError, readBody } from '../body.ts'
import { sendJson } from '../respond.ts'
import type { Closing } from '../streams/closing.ts'

/** Of a request by which one process asks another to end what it answers through it, with its last words. */
export const leaving = 'freshet-leaving'
/** What holds for one connection alone (RFC 9110, section 7.6.1), what is counted anew, and what clients cannot say. */
const ofOneConnection = new Set([leaving, 'connection', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade', 'content-length', 'expect'])

export interface Forwarding {
  /** Where the other process listens: a file, or a named pipe. */
  path: string
  maxBodyBytes: number
  /** Until it has begun to answer, ms. */
  answerMs: number
  /** Of this process: an answer that goes on for as long as it likes is then to be ended by who gives it. */
  closing?: Pick<Closing, 'on'> | undefined
}

/**
 * Has another process of this machine answer a request: its whole answer passes, at the pace at which the client takes it.
 * @returns false where that process is gone; then nothing of the request is read, and nothing is answered
 */
export async function forward(request: IncomingMessage, response: ServerResponse, { path, maxBodyBytes, answerMs, closing }: Forwarding): Promise<boolean> {
  const socket = await connected(path)
  if (!socket) return false
  let body: string
  try {
    body = await readBody(request, maxBodyBytes)
  } catch (error) {
    socket.destroy()
    if (error instanceof BodyTooLargeError)
      sendJson(response, 413, { errors: [{ message: error.message, extensions: { code: 'LIMIT_EXCEEDED', limit: 'bodyBytes' } }] }, { connection: 'close' })
    else response.destroy()
    return true
  }
  await new Promise<void>((resolve) => {
    const asked = httpRequest({
      // One that is kept for the next might be closed by the other side just then.
      createConnection: () => socket,
      method: request.method, path: request.url,
      headers: { ...passed(request.headers), connection: 'close', ...body !== '' && { 'content-length': Buffer.byteLength(body) } },
    })
    const late = setTimeout(() => end(() => refuse(response, 504, `The process that has this did not answer within ${answerMs / 1000} s; try again, or begin anew.`)), answerMs)
    let over = false
    let stop = (): void => {}
    const end = (say: () => void): void => {
      if (over) return
      over = true
      stop()
      clearTimeout(late)
      say()
      asked.destroy()
      resolve()
    }
    asked.on('response', (answer) => {
      clearTimeout(late)
      response.writeHead(answer.statusCode as number, passed(answer.headers))
      response.flushHeaders()
      stop = closing?.on(() => takeLeave(request, path)) ?? stop
      // Where one side breaks off the other does: a stream that ends because its process died must not look complete.
      pipeline(answer, response, () => end(() => {}))
    })
    asked.on('error', () => end(() => {
      if (response.headersSent) response.destroy()
      else refuse(response, 502, 'The process that has this ended before it answered; begin anew.')
    }))
    response.once('close', () => end(() => {}))
    asked.end(body)
  })
  return true
}

/** It knows what there is to say to the client, as it would if it closed itself. Where it cannot be asked the answer is cut off. */
function takeLeave({ url, headers }: IncomingMessage, path: string): void {
  const asked = httpRequest({ socketPath: path, method: 'DELETE', path: url, headers: { ...passed(headers), connection: 'close', [leaving]: 'yes' } })
  asked.on('response', (answer) => answer.resume())
  asked.on('error', () => {})
  asked.end()
}

const refuse = (response: ServerResponse, status: number, message: string): void =>
  sendJson(response, status, { errors: [{ message, extensions: { code: 'PROCESS_GONE' } }] })

/** Undefined: nobody listens there. */
const connected = (path: string): Promise<Socket | undefined> => new Promise((resolve) => {
  const socket = connect(path)
  const gone = (): void => resolve(undefined)
  socket.once('error', gone)
  socket.once('connect', () => {
    socket.off('error', gone)
    // Until it is a request's.
    socket.on('error', () => {})
    resolve(socket)
  })
})

const passed = (headers: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !ofOneConnection.has(name)))
