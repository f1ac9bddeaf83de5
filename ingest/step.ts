import type { LogRecord } from '../events/log.ts'
import { partitionKey } from '../events/log.ts'
import { parseEvent } from '../events/parse.ts'
import type { Parsed } from '../events/parse.ts'
import { partitionOf } from '../events/topics.ts'
import type { Topics } from '../events/topics.ts'
import { isLate, withoutCounts } from './lateness.ts'
import { project } from './projections/index.ts'
import { decodeRekeyed } from './rekeyed.ts'
import type { RekeyedEffect } from './rekeyed.ts'
import type { Shard } from './shard.ts'
import type { Stamp } from './stamp.ts'

export interface StepContext {
  topics: Topics
  partitions: number
  latenessMs: number
  futureMs: number
  /** What becomes of an event that is none, or none that this version understands. */
  refuse(shard: Shard, record: LogRecord, why: Parsed & { ok: false }): void
  /** What becomes of effects on another shard's entity. */
  forward(shard: Shard, target: number, effect: RekeyedEffect): void
}

/**
 * Takes one record of a shard in: the step from the log to the states. It decides by the record and by what the shard has
 * read before it, never by the clock, and awaits nothing.
 */
export function step(shard: Shard, record: LogRecord, context: StepContext): void {
  if (record.topic === context.topics.rekeyed) takeRekeyed(shard, record)
  else takeEvent(shard, record, context)
  shard.advance(record)
}

function takeEvent(shard: Shard, record: LogRecord, context: StepContext): void {
  const { round } = shard
  const { topic, offset, appendedAt } = record
  const parsed = parseEvent(record.value ?? nothing, {
    appendedAt, key: record.key, partition: { number: record.partition, count: context.partitions }, futureMs: context.futureMs,
  })
  if (!parsed.ok) {
    context.refuse(shard, record, parsed)
    return
  }
  const { event, time } = parsed
  const { id, type } = event
  if (!shard.deduplicators.get(topic)?.add(event.source, id, appendedAt)) {
    round.duplicates++
    round.noops++
    return
  }
  let effects = project(event, time)
  if (isLate(time, appendedAt, context.latenessMs)) {
    round.late++
    effects = withoutCounts(effects)
  }
  const stamp: Stamp = { time, source: event.source, id }
  const applied = { stamp, type, appendedAt }
  const source = partitionKey(topic, record.partition)
  round.effective = false
  for (const [index, effect] of effects.entries()) {
    if (!effect.fields && !effect.tombstone && !effect.vector && !effect.increments?.length) continue
    const target = index === 0 ? shard.number : partitionOf(effect.entity, context.partitions)
    if (target === shard.number) shard.apply(effect, applied, source, offset)
    else {
      context.forward(shard, target, { topic, offset, index, type, source: event.source, id, time, appendedAt, effect })
      round.effective = true
    }
  }
  if (round.effective) {
    round.applied++
    round.appendTimes.push(appendedAt)
  } else round.noops++
}

function takeRekeyed(shard: Shard, record: LogRecord): void {
  const { round } = shard
  const source = partitionKey(record.topic, record.partition)
  const from = decodeRekeyed(record.value ?? nothing)
  round.effective = false
  for (const { topic, offset, index, type, source: eventSource, id, time, appendedAt, effect } of from.effects) {
    if (shard.repetitions.seen(partitionKey(topic, from.shard), offset, index)) continue
    shard.apply(effect, { stamp: { time, source: eventSource, id }, type, appendedAt }, source, record.offset)
  }
  if (!round.effective) round.noops++
}

const nothing = new Uint8Array()
