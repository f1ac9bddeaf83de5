import type { Server } from 'node:http'
import { bind } from './bind.ts'
import type { GatewaySettings } from './settings.ts'

/** By which connections come to the gateway's HTTP server. */
export interface Entrance {
  /** Lets them in from now on. @returns the address at which clients find it, without a slash at the end */
  open(server: Server): Promise<string>
  /** Lets no more in. Resolves once all that came have gone. */
  close(): Promise<void>
}

/** A port that this process has for itself. */
export function ownPort({ host, port }: Pick<GatewaySettings, 'host' | 'port'>): Entrance {
  let opened: Server | undefined
  return {
    async open(server) {
      const url = await bind(server, { host, port, variable: 'PORT' })
      opened = server
      return url
    },
    close: () => new Promise((resolve) => {
      if (opened) opened.close(() => resolve())
      else resolve()
    }),
  }
}
