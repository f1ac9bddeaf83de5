import { readdirSync, readFileSync } from 'node:fs'

/** Resident memory of a process and all its descendants, MiB (Linux): a planner may be one. */
export function residentOf(pid: number): number {
  const children = new Map<number, number[]>()
  const resident = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'latin1')
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1])
      children.set(parent, [...children.get(parent) ?? [], Number(entry)])
      resident.set(Number(entry), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024)
    } catch {
      // It has ended meanwhile.
    }
  }
  const sum = (of: number): number => (resident.get(of) ?? 0) + (children.get(of) ?? []).reduce((total, child) => total + sum(child), 0)
  return sum(pid)
}
