import type { EntityKey } from '../events/entity.ts'
import type { NewRecord } from '../events/log.ts'
import type { EntityChanged, Progress } from './changes.ts'
import type { Increment } from './effects.ts'

type WithoutBatch<T> = Omit<T, 'type' | 'shard' | 'epoch' | 'sequence' | 'index'>

/** What one round of a shard has to announce. */
export interface Announcement {
  shard: number
  epoch: number
  sequence: number
  appliedAt: number
  entities: readonly Omit<WithoutBatch<EntityChanged>, 'appliedAt'>[]
  metrics: ReadonlyMap<EntityKey, readonly Increment[]>
  /** Times of the oldest event in `metrics`. */
  metricsEventTime: number
  metricsAppendedAt: number
  progress: Omit<WithoutBatch<Progress>, 'appliedAt'>
}

/**
 * The change records of a batch, to be appended in order: nearly always one append. One that would exceed `maxBytes` is
 * split; readers wait for the progress record, which comes last.
 */
export function encodeAnnouncement(topic: string, announcement: Announcement, maxBytes: number): NewRecord[][] {
  const { shard, epoch, sequence, appliedAt } = announcement
  const appends: NewRecord[][] = [[]]
  let bytes = 0
  let index = 0
  const add = (key: string | null, type: string, body: string) => {
    const value = Buffer.from(
      `{"type":"${type}","shard":${shard},"epoch":${epoch},"sequence":${sequence},"index":${index++},"appliedAt":${appliedAt},${body}`,
    )
    if (bytes > 0 && bytes + value.length > maxBytes) {
      appends.push([])
      bytes = 0
    }
    bytes += value.length
    ;(appends.at(-1) as NewRecord[]).push({ topic, key, partition: shard, value })
  }
  for (const entity of announcement.entities) add(entity.entity, 'EntityChanged', JSON.stringify(entity).slice(1))

  const { metrics, metricsEventTime, metricsAppendedAt } = announcement
  let part: string[] = []
  let length = 0
  const flush = () => {
    if (part.length > 0)
      add(null, 'MetricsChanged', `"eventTime":${metricsEventTime},"appendedAt":${metricsAppendedAt},"entities":[${part.join()}]}`)
    part = []
    length = 0
  }
  for (const [entity, increments] of metrics) {
    const text = `{"entity":${JSON.stringify(entity)},"increments":${JSON.stringify(increments)}}`
    // A quarter, because a character may take three bytes.
    if (length > 0 && length + text.length > maxBytes / 4) flush()
    part.push(text)
    length += text.length
  }
  flush()
  add(null, 'Progress', JSON.stringify(announcement.progress).slice(1))
  return appends
}
