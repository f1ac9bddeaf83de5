import type { AddressInfo, Server } from 'node:net'

/**
 * Listens; 0 lets the system choose the port.
 * @param variable by which another port can be chosen, for the error
 * @returns `http://127.0.0.1:4000`, without a slash at the end
 */
export async function bind(server: Server, { host, port, variable }: { host: string; port: number; variable: string }): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const another = `choose another ("${variable}", for example ${variable}=${port % 65_535 + 1})`
      const words = error.code === 'EADDRINUSE' ? `Port ${port} on ${host} is taken: end the program that has it, or ${another}.`
        : error.code === 'EACCES' ? `Port ${port} on ${host} may not be taken by this user: ${port < 1024 ? 'choose one from 1024 on' : 'choose another'} ("${variable}", for example ${variable}=4000).`
        : error.code === 'EADDRNOTAVAIL' || error.syscall === 'getaddrinfo'
          ? `FRESHET_HOST: expected an address of this machine, got "${host}" (${error.message}). For example: FRESHET_HOST="127.0.0.1"` : undefined
      reject(words === undefined ? error : new Error(words, { cause: error }))
    })
    server.listen(port, host, resolve)
  })
  return `http://${host.includes(':') ? `[${host}]` : host}:${(server.address() as AddressInfo).port}`
}
