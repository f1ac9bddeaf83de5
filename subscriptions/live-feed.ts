import { setTimeout as delay } from 'node:timers/promises'
import type { FeedPage, FeedRequest, FeedService } from '../resolvers/feed/feed-service.ts'
import type { ChangeHub } from './change-hub.ts'
import { closing } from './closing.ts'
import { ConflatingMailbox } from './mailbox.ts'

/**
 * A person's feed, then again whenever what it shows has changed, at most once in `throttleMs`. It is evaluated anew
 * only after something was announced; a result that shows the same livestreams in the same order is not sent.
 */
export function liveFeed({ hub, feed, request, throttleMs }: {
  hub: ChangeHub; feed: FeedService; request: FeedRequest; throttleMs: number
}): AsyncIterable<FeedPage> {
  const left = new AbortController()
  const dirty = new ConflatingMailbox<'dirty', true>({
    onEnd: () => {
      leave()
      left.abort()
    },
  })
  const leave = hub.listen(() => dirty.put('dirty', true), (error) => dirty.end(error))
  dirty.put('dirty', true)
  return closing(pages(), () => void dirty.return())

  async function* pages() {
    let shown: string | undefined
    for await (const _ of dirty) {
      const { page, note } = await feed.evaluate({ ...request, signal: left.signal })
      const order = page.items.map(({ livestreamId }) => livestreamId).join(' ')
      if (order !== shown) {
        shown = order
        note()
        yield page
      }
      await delay(throttleMs, undefined, { signal: left.signal }).catch(() => {})
    }
  }
}
