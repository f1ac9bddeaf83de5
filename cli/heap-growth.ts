/** What V8 may let the old generation grow by from one collection of the whole heap to the next: percent of what is live; 0: as it finds best. */
export type HeapGrowth = (collectedAt: number) => number

/** What a client needs until all is as before: where a thousand come back, their connections and what is garbage behind them take 60 MiB. */
const bytesToReturn = 48 * 1024

/** Beyond this, what is live is so much that its own share is room enough. */
const mostToReturn = 64 * 1024 * 1024

/**
 * What a heap may grow by, in percent of what is live, so that all who are connected can come back at once without a collection of the
 * whole heap in their midst: that would keep those waiting whom it does not concern.
 */
export const roomToReturn = (connections: number, liveBytes: number): number =>
  Math.ceil(100 * Math.min(connections * bytesToReturn, mostToReturn) / liveBytes)

/** So many collections say how often they come. */
const sample = 4

/** Collections that come more often than this, in ms, cost more than the memory that they save. */
const tooOftenMs = 400

/** Where V8 has its way they come more rarely than this, in ms, once there is no need for it any more. */
const rarelyMs = 1_000

/**
 * Keeps a heap small as long as that costs little. Where garbage gets old so fast that a small heap would be collected all the time, V8
 * decides by itself, which weighs time against memory, until it collects rarely.
 *
 * @param percent of what is live, when collections are few
 * @returns to be asked at each collection of the whole heap, with its time in ms
 */
export function createHeapGrowth(percent: number): HeapGrowth {
  const times: number[] = []
  let growth = percent
  return (collectedAt) => {
    times.push(collectedAt)
    if (times.length <= sample) return growth
    const interval = (collectedAt - times.shift()!) / sample
    const next = growth === percent ? (interval < tooOftenMs ? 0 : percent) : (interval > rarelyMs ? percent : 0)
    // How often they came under the other rule says nothing about this one.
    if (next !== growth) times.length = 0
    return growth = next
  }
}
