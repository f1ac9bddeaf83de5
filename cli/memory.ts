import { constants, PerformanceObserver } from 'node:perf_hooks'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { createHeapGrowth, roomToReturn } from './heap-growth.ts'

/** How the process uses memory, beside what only the command line can say (`--max-semi-space-size`). To be imported first. */

/**
 * Small buffers are cut out of pools, of 64 KiB each since Node 24, and one piece that lives on for some seconds keeps its whole pool:
 * V8 then marks the whole heap twice as often, for memory outside of it. This is the size that pools had before.
 */
Buffer.poolSize = 8 * 1024

/**
 * V8 makes objects old at once where most of those from the same place in the code have lived long ("pretenuring"). All buffers come from
 * one place, in Node: those that a cache keeps made all others old as well, which then waited for a collection of the whole heap, and
 * their bytes, outside of the heap, were what brought it about.
 */
setFlagsFromString('--no-allocation-site-pretenuring')

/**
 * By how much the old generation may grow from one collection to the next, in percent of what is live. By itself V8 goes by how fast it
 * collects and how fast memory is asked for: from a fifth, where little is, to three times as much.
 */
const heapGrowth = {
  /** Little is live, and what gets old are requests under way: more room would only be filled. */
  gateway: 50,
  /** What an entity was before its last event gets old all the time, slowly. Each collection keeps events waiting. */
  ingest: 100,
}

let observer: PerformanceObserver | undefined

/**
 * To be called when it is known what the process does: one that does both is ingest.
 *
 * @param connections how many clients stay connected, to be asked at each collection
 */
export function boundHeap(role: keyof typeof heapGrowth, connections = (): number => 0): void {
  let growth: number = heapGrowth[role]
  const setGrowth = () => setFlagsFromString(`--heap-growing-percent=${growth}`)
  setGrowth()
  observer?.disconnect()
  if (role === 'ingest') return
  const wanted = createHeapGrowth(growth)
  observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      if ((entry as { detail?: { kind?: number } }).detail?.kind !== constants.NODE_PERFORMANCE_GC_MAJOR) continue
      const share = wanted(entry.startTime)
      const next = share === 0 ? share : share + roomToReturn(connections(), getHeapStatistics().used_heap_size)
      if (next === growth) continue
      growth = next
      setGrowth()
    }
  })
  observer.observe({ entryTypes: ['gc'] })
}
