import { readFileSync } from 'node:fs'

/** Each subscriber is a socket in two processes. @throws Error that says how to allow more, where a process may not have so many open files */
export function checkOpenFiles(needed: number): void {
  const limits = (() => {
    try {
      return readFileSync('/proc/self/limits', 'latin1')
    } catch {
      return ''
    }
  })()
  const [, soft] = /^Max open files\s+(\S+)/m.exec(limits) ?? []
  if (soft === undefined || soft === 'unlimited' || Number(soft) >= needed) return
  throw new Error(`The benchmark needs ${needed} open files in a process, and ${soft} are allowed: run \`ulimit -n ${needed}\` in this shell first.`)
}
