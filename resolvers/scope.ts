/**
 * Who asks. Every resolver, cache entry and shared execution carries it: what one may see is never shared with another.
 * Until authentication is built it is always `localScope`, and the server listens on loopback only.
 */
export interface Scope {
  tenant: string
  subject: string
  roles: readonly string[]
}

export const localScope: Scope = { tenant: 'local', subject: 'local', roles: [] }
