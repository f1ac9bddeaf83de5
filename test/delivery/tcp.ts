import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Forwards each connection to the first of the ports that takes it, beginning in turn: a plain TCP balancer, whose network can stall. */
export interface Forwarder extends AsyncDisposable {
  readonly port: number
  readonly url: string
  /** From now on nothing passes, in either direction, and nobody is told. */
  stall(): void
  /** What was held up passes, and what follows. */
  resume(): void
  /** Breaks every connection. */
  cut(): void
}

/**
 * @param targets ports of 127.0.0.1, asked for each connection
 * @param inTurn false: each connection goes to the first that takes it, so that all are together
 */
export async function startForwarder(targets: () => readonly number[], { inTurn = true } = {}): Promise<Forwarder> {
  const sockets = new Set<Socket>()
  let stalled = false
  let turn = 0

  const join = (from: Socket, to: Socket): void => {
    sockets.add(from)
    from.setNoDelay(true)
    from.on('data', (bytes: Buffer) => {
      if (!to.write(bytes)) from.pause()
    })
    to.on('drain', () => { if (!stalled) from.resume() })
    from.on('end', () => to.end())
    // Whatever became of one side becomes of the other.
    from.on('error', () => to.destroy())
    from.on('close', () => {
      sockets.delete(from)
      to.destroy()
    })
    if (stalled) from.pause()
  }

  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (client) => {
    client.on('error', () => {})
    const ports = targets()
    const first = inTurn ? turn++ : 0
    const attempt = (nth: number): void => {
      if (nth === ports.length) return void client.destroy()
      const target = connect({ port: ports[(first + nth) % ports.length] as number, host: '127.0.0.1', allowHalfOpen: true })
      const refused = (): void => attempt(nth + 1)
      target.once('error', refused)
      target.once('connect', () => {
        target.off('error', refused)
        target.on('error', () => {})
        join(client, target)
        join(target, client)
        if (!stalled) client.resume()
      })
    }
    attempt(0)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const cut = (): void => sockets.forEach((socket) => socket.destroy())
  return {
    port, url: `http://127.0.0.1:${port}`, cut,
    stall() {
      stalled = true
      sockets.forEach((socket) => socket.pause())
    },
    resume() {
      stalled = false
      sockets.forEach((socket) => socket.resume())
    },
    async [Symbol.asyncDispose]() {
      server.close()
      cut()
      await once(server, 'close')
    },
  }
}
