import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

/**
 * Ports below the range from which Linux takes the local ends of outgoing connections (32768 and up). A server that is
 * killed and started again must get its port back; inside that range any client of the machine may hold it by then, and
 * a client that retries a dead loopback port there can even connect to itself.
 */
const lowest = 15_000
const highest = 32_000

/**
 * Finds ports of 127.0.0.1 on which nothing listens. Another process may take one before its user binds it: whoever starts
 * a server must look for "address in use" and ask again.
 */
export async function freePorts(count: number): Promise<number[]> {
  const held: Server[] = []
  const ports: number[] = []
  while (ports.length < count) {
    const port = randomInt(lowest, highest)
    const server = await listen(port)
    if (server === undefined) continue
    // Held until all are found, so that no port is returned twice.
    held.push(server)
    ports.push(port)
  }
  await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))))
  return ports
}

/** A port of 127.0.0.1 that somebody else has, until it is disposed of. */
export async function takenPort(onConnection: (socket: Socket) => void = () => {}): Promise<{ port: number } & Disposable> {
  const squatter = createServer(onConnection).listen(0, '127.0.0.1')
  await once(squatter, 'listening')
  return { port: (squatter.address() as AddressInfo).port, [Symbol.dispose]: () => void squatter.close() }
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((found, failed) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => error.code === 'EADDRINUSE' ? found(undefined) : failed(error))
    server.listen(port, '127.0.0.1', () => found(server))
  })
}
