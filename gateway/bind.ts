import type { AddressInfo, Server } from 'node:net'

/**
 * Listens; 0 lets the system choose the port.
 * @param variable by which another port can be chosen, for the error
 * @returns `http://127.0.0.1:4000`, without a slash at the end
 */
export async function bind(server: Server, { host, port, variable }: { host: string; port: number; variable: string }): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE'
        ? new Error(`Port ${port} on ${host} is taken: end the program that has it, or choose another ("${variable}", for example ${variable}=${port + 1}).`, { cause: error })
        : error)
    })
    server.listen(port, host, resolve)
  })
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
}
