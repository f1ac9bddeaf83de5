import { once } from 'node:events'
import { createServer as createHttpServer, request, type IncomingMessage } from 'node:http'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port

/** Forwards connections to a port of this machine, but not while it is cut. */
export async function tcpProxy(to: number) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const upstream = connect(to, '127.0.0.1')
    for (const one of [socket, upstream]) sockets.add(one.on('error', () => {}).on('close', () => { socket.destroy(); upstream.destroy() }))
    socket.pipe(upstream).pipe(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const port = portOf(server)
  const cut = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }
  return {
    port,
    cut,
    mend: async () => {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
    [Symbol.asyncDispose]: async () => cut(),
  }
}

/** Forwards requests, and closes the connection instead of answering those that it is told to lose. */
export async function losingProxy(to: string, loses: (message: IncomingMessage) => boolean) {
  const server = createHttpServer((incoming, outgoing) => {
    const lost = loses(incoming)
    incoming.pipe(request(new URL(incoming.url!, to), { method: incoming.method!, headers: incoming.headers }, (answer) => {
      if (lost) return answer.resume().on('end', () => outgoing.destroy())
      outgoing.writeHead(answer.statusCode!, answer.headers)
      answer.pipe(outgoing)
    }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
