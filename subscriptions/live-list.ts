import type { Cut, Following, Gap, Joining, SourceEvent } from '../resolvers/live.ts'
import { closing } from './closing.ts'
import { marker, type Beginning, type Parts } from './deliver.ts'
import type { Reader } from './versions.ts'

/** A list that is kept up to date for all who follow it. */
export interface LiveList<T> {
  /** Resolves once there is something to show; rejects where there will be nothing. */
  readonly ready: Promise<void>
  /** What is included in what it shows. */
  cut(): Cut
  /** All of it as it is now. */
  snapshot(): SourceEvent<T>
  /** What follows. */
  read(): Reader<SourceEvent<T>>
  /**
   * What has become of it since; a snapshot, with a gap where something is missing, if that cannot be told.
   * @param taken called in the moment as of which that is
   */
  missed(beginning: Beginning, signal: AbortSignal, taken?: () => void): Promise<{ event: SourceEvent<T> | undefined; cut: Cut }>
}

/** A reader that is so many events behind gets all of the list in their place. */
const maxBehind = 1_000

/** What subscriptions of a list are given. `follow` gives the list, and what lets go of it. */
export function partsOf<T>(follow: () => { list: LiveList<T>; release: () => void }, { taken, turn }: Following & Joining = {}): Parts<T> {
  /** The list for as long as somebody uses it, once it has something to show; nothing where they leave before. */
  async function* held(signal: AbortSignal): AsyncGenerator<LiveList<T>, void> {
    const { list, release } = follow()
    try {
      await Promise.race([list.ready, aborted(signal)])
      if (!signal.aborted) yield list
    } finally {
      release()
    }
  }

  return {
    stream(signal) {
      const left = new AbortController()
      const either = AbortSignal.any([signal, left.signal])
      return closing(events(), () => left.abort())

      async function* events(): AsyncGenerator<SourceEvent<T>> {
        for await (const list of held(either)) {
          const reader = list.read()
          either.addEventListener('abort', () => reader.close(), { once: true })
          yield { ...marker(list.cut()), diff: true }
          for (let event = await reader.next(); event; event = await reader.next()) {
            // Whoever is being shown the list gets this behind it.
            const isShown = turn?.()
            if (isShown) await isShown
            if (reader.behind < maxBehind) yield event
            else {
              reader.skip()
              yield { ...list.snapshot(), at: event.at }
            }
          }
        }
      }
    },
    async *snapshot(signal, gap?: Gap) {
      for await (const list of held(signal)) {
        taken?.()
        yield gap ? { ...list.snapshot(), gap } : list.snapshot()
      }
    },
    async *missed(beginning, signal) {
      for await (const list of held(signal)) {
        const { event, cut } = await list.missed(beginning, signal, taken)
        if (signal.aborted) return
        if (event) yield event
        yield marker(cut)
      }
    },
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
