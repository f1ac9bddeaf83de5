/** What is going to happen, earliest first; what falls on the same moment happens in the order in which it was planned. */
export interface Agenda<T> {
  readonly size: number
  /** Infinity when nothing is planned. */
  nextTime(): number
  plan(time: number, what: T): void
  take(): { time: number; what: T } | undefined
}

interface Entry<T> {
  time: number
  order: number
  what: T
}

/** A binary heap: planning and taking cost O(log n), which matters with a hundred thousand viewers. */
export function createAgenda<T>(): Agenda<T> {
  const heap: Entry<T>[] = []
  let order = 0
  const before = (left: Entry<T>, right: Entry<T>): boolean =>
    left.time < right.time || (left.time === right.time && left.order < right.order)

  const rise = (entry: Entry<T>): void => {
    let index = heap.length
    heap.push(entry)
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent] as Entry<T>
      if (!before(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  const sink = (entry: Entry<T>): void => {
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && before(heap[child + 1] as Entry<T>, heap[child] as Entry<T>)) child++
      const below = heap[child] as Entry<T>
      if (!before(below, entry)) break
      heap[index] = below
      index = child
    }
    heap[index] = entry
  }

  return {
    get size() { return heap.length },
    nextTime: () => heap[0]?.time ?? Infinity,
    plan: (time, what) => rise({ time, order: order++, what }),
    take: () => {
      const first = heap[0]
      const last = heap.pop()
      if (first && last && heap.length > 0) sink(last)
      return first && { time: first.time, what: first.what }
    },
  }
}
