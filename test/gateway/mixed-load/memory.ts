import { readFileSync } from 'node:fs'

export interface Sample {
  /** Seconds since the start. */
  at: number
  /** Bytes after a collection. */
  heapUsed: number
  rss: number
}

/** Least squares: bytes per hour. */
export function growthPerHour(samples: readonly { at: number; value: number }[]): number {
  const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const atMean = mean(samples.map(({ at }) => at))
  const valueMean = mean(samples.map(({ value }) => value))
  let above = 0
  let below = 0
  for (const { at, value } of samples) {
    above += (at - atMean) * (value - valueMean)
    below += (at - atMean) ** 2
  }
  return below === 0 ? 0 : above / below * 3600
}

interface Snapshot {
  snapshot: { meta: { node_fields: string[]; node_types: [string[], ...unknown[]] } }
  nodes: number[]
  strings: string[]
}

/** How many objects of each class a heap snapshot has, and their bytes. */
export function classesOf(path: string): Map<string, { count: number; bytes: number }> {
  const { snapshot: { meta }, nodes, strings } = JSON.parse(readFileSync(path, 'utf8')) as Snapshot
  const width = meta.node_fields.length
  const [type, name, size] = ['type', 'name', 'self_size'].map((field) => meta.node_fields.indexOf(field)) as [number, number, number]
  const types = meta.node_types[0]
  const classes = new Map<string, { count: number; bytes: number }>()
  for (let at = 0; at < nodes.length; at += width) {
    const kind = types[nodes[at + type]!]!
    // Strings and code go by what they are; objects and functions by their name.
    const key = kind === 'object' || kind === 'native' ? strings[nodes[at + name]!]!.slice(0, 60) : `(${kind})`
    let entry = classes.get(key)
    if (!entry) classes.set(key, entry = { count: 0, bytes: 0 })
    entry.count++
    entry.bytes += nodes[at + size]!
  }
  return classes
}

/** Those that have become more, the most first. */
export function grown(before: ReturnType<typeof classesOf>, after: ReturnType<typeof classesOf>): { name: string; before: number; after: number; bytes: number }[] {
  return [...after].map(([name, { count, bytes }]) => ({ name, before: before.get(name)?.count ?? 0, after: count, bytes: bytes - (before.get(name)?.bytes ?? 0) }))
    .filter((each) => each.after > each.before).sort((a, b) => b.bytes - a.bytes)
}
