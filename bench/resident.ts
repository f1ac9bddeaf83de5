import { readdirSync, readFileSync } from 'node:fs'

/**
 * Resident memory of a process and all its descendants, MiB (Linux): a planner may be one. A page of a file that several of them have
 * mapped is in memory once and counts once: Node's own file, mostly. What others than them share with them counts in full.
 */
export function residentOf(pid: number): number {
  const files = new Map<string, number>()
  let own = 0
  for (const each of familyOf(pid)) {
    for (const { file, resident, unshared } of mappingsOf(each)) {
      own += unshared
      if (file === undefined) own += resident - unshared
      else files.set(file, Math.max(files.get(file) ?? 0, resident - unshared))
    }
  }
  return [...files.values()].reduce((total, size) => total + size, own) / 1024
}

function familyOf(pid: number): number[] {
  const children = new Map<number, number[]>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const parent = Number(/^PPid:\s+(\d+)/m.exec(textOf(`/proc/${entry}/status`))?.[1])
    children.set(parent, [...children.get(parent) ?? [], Number(entry)])
  }
  const family = (of: number): number[] => [of, ...(children.get(of) ?? []).flatMap(family)]
  return family(pid)
}

/** Mappings of a process, sizes in KiB. A file's page that has been written to is the process's own. */
function mappingsOf(pid: number): { file: string | undefined; resident: number; unshared: number }[] {
  return textOf(`/proc/${pid}/smaps`).split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m).filter(Boolean).map((mapping) => {
    const [, offset, inode, path] = /^\S+ \S+ (\S+) \S+ (\d+)\s*(.*)/.exec(mapping)!
    const size = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(mapping)?.[1] ?? 0)
    return { file: inode === '0' ? undefined : `${path}@${offset}`, resident: size('Rss'), unshared: size('Anonymous') }
  })
}

/** Nothing where the process has ended meanwhile. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
