import type { Marketplace, ServedFeed } from './marketplace.ts'

/** Brings served feeds to the people who wait for them, some at a time. */
export interface FeedAsker {
  readonly counts: { asked: number; opened: number; failed: number; refused: number }
  /** Asks for everybody who has begun to wait. Answers reach the marketplace when they come. */
  ask(): void
  /** Resolves when no answer is outstanding. */
  settled(): Promise<void>
}

/** What reaches somebody whose feed failed: nothing to choose from. */
const NO_FEED: ServedFeed = { feedId: 'none', items: [] }

export function createFeedAsker(
  marketplace: Marketplace, feed: (userId: string) => Promise<ServedFeed>, concurrency: number,
): FeedAsker {
  const counts = { asked: 0, opened: 0, failed: 0, refused: 0 }
  const outstanding = new Set<Promise<void>>()

  const askFor = async (userId: string): Promise<void> => {
    counts.asked++
    const served = await feed(userId).catch(() => {
      counts.failed++
      return NO_FEED
    })
    if (marketplace.respondToFeed(userId, served)) counts.opened++
  }
  return {
    counts,
    ask() {
      for (const userId of marketplace.takeFeedRequests()) {
        if (outstanding.size >= concurrency) {
          counts.refused++
          marketplace.respondToFeed(userId, NO_FEED)
          continue
        }
        const asked = askFor(userId).finally(() => outstanding.delete(asked))
        outstanding.add(asked)
      }
    },
    settled: async () => { await Promise.all(outstanding) },
  }
}
