import assert from 'node:assert/strict'
import type { EntityKey } from '../../events/entity.ts'
import type { EventLog, Positions } from '../../events/log.ts'
import { readUpTo } from '../../events/read-up-to.ts'
import { ingestedTopics, type Topics } from '../../events/topics.ts'
import { BatchAssembler, type ChangeBatch } from '../../ingest/change-reader.ts'
import { exists, liveFields, type EntityState } from '../../ingest/entity-state.ts'
import { loadStates } from '../../ingest/load-states.ts'
import { readMetrics, readUserAffinities } from '../../ingest/metrics/read.ts'
import { entityFields, textOf, type FieldDefinition } from '../../search/entities.ts'
import type { EntityIndex } from '../../search/entity-index.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'

/** Copies of metrics go by the clock, so they are left out where two runs are compared. */
const copies = ['viewersNow', 'popularity']

const without = <T extends object>(fields: T, names: readonly string[]): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name))) as Partial<T>

/** What is left when ingest has run: everything that must not depend on where it was interrupted. */
export interface Outcome {
  states: Record<string, unknown>
  /** By entity, each increment announced and how often. */
  increments: Record<string, Record<string, number>>
  covered: Positions
}

/** Announced batches of all shards up to now, by shard. Asserts what every reader relies on. */
export async function announcements(log: EventLog, topics: Topics): Promise<ChangeBatch[]> {
  const [starts, ends] = await Promise.all([log.starts([topics.changes]), log.ends([topics.changes])])
  const assemblers = new Map(Array.from({ length: log.partitions }, (_, shard) => [shard, new BatchAssembler()]))
  const batches: ChangeBatch[] = []
  for await (const records of readUpTo(log, starts, ends))
    for (const record of records) {
      const batch = assemblers.get(record.partition)?.push(record)
      if (batch) batches.push(batch)
    }
  return batches
}

/**
 * Every source position is announced exactly once, in order; revisions rise; and the former values of a change are what
 * the change before it left.
 */
export async function assertExact(log: EventLog, topics: Topics, batches: readonly ChangeBatch[]): Promise<void> {
  const sequences = new Map<number, number>()
  const covered: Record<string, number> = {}
  const latest = new Map<EntityKey, { revision: number; after: Record<string, unknown> | null }>()
  const announced = new Set<string>()
  for (const { shard, sequence, progress, entities } of batches) {
    assert.equal(sequence, (sequences.get(shard) ?? -1) + 1, `sequences of shard ${shard} have no gap`)
    sequences.set(shard, sequence)
    for (const [key, position] of Object.entries(progress.covered)) {
      assert.ok(position >= (covered[key] ?? 0), `what shard ${shard} covers of ${key} never falls`)
      covered[key] = position
    }
    for (const { entity, revision, changed, after, events, operation } of entities) {
      for (const { source, id } of events) {
        const name = `${entity} ${source} ${id}`
        assert.ok(!announced.has(name), `${name} is announced once`)
        announced.add(name)
      }
      const former = latest.get(entity)
      assert.ok(revision > (former?.revision ?? 0), `the revision of ${entity} rises`)
      assert.equal(operation === 'created', !former?.after, `${entity} is created when it was not there`)
      const definitions = entityFields[entity.slice(0, entity.indexOf(':')) as keyof typeof entityFields] as Record<string, FieldDefinition>
      for (const [name, before] of Object.entries(changed))
        if (definitions[name]?.filterable) assert.deepEqual(before, former?.after?.[name] ?? null, `the former ${name} of ${entity}`)
      if (former?.after && after)
        for (const name of new Set([...Object.keys(former.after), ...Object.keys(after)]))
          if (!(name in changed)) assert.deepEqual(after[name], former.after[name], `${name} of ${entity} did not change unsaid`)
      latest.set(entity, { revision, after })
    }
  }
  const ends = await log.ends(ingestedTopics(topics))
  for (const [key, end] of Object.entries(ends)) assert.equal(covered[key] ?? 0, end, `${key} is covered to its end`)
}

/** @param now the moment at which metrics are read */
export async function outcome(log: EventLog, topics: Topics, now: number): Promise<Outcome & { entities: Map<EntityKey, EntityState> }> {
  const batches = await announcements(log, topics)
  await assertExact(log, topics, batches)
  const increments: Record<string, Record<string, number>> = {}
  const covered: Record<string, number> = {}
  for (const { metrics, progress } of batches) {
    Object.assign(covered, without(progress.covered, Object.keys(progress.covered).filter((key) => key.startsWith(topics.rekeyed))))
    for (const { entities } of metrics)
      for (const { entity, increments: counted } of entities)
        for (const increment of counted) {
          const text = JSON.stringify(increment)
          const of = (increments[entity] ??= {})
          of[text] = (of[text] ?? 0) + 1
        }
  }
  const entities = await finalStates(log, topics)
  const states: Record<string, unknown> = {}
  for (const [key, state] of entities) {
    const { metrics } = state
    const read = metrics && readMetrics(metrics, now, 0)
    states[key] = {
      fields: without(liveFields(state), copies),
      stamps: state.stamps, tombstone: state.tombstone,
      vectors: [...(state.vectors ?? [])].map(([model, { stamp }]) => [model, stamp]),
      embeddedText: state.embeddedText, eventTime: state.eventTime,
      metrics: read && { ...read, decayed: rounded(read.decayed), windows: read.windows },
      affinities: metrics && rounded(readUserAffinities(metrics, now)),
    }
  }
  return { states, increments, covered, entities }
}

/** States as the checkpoints of a clean stop have them. */
export async function finalStates(log: EventLog, topics: Topics): Promise<Map<EntityKey, EntityState>> {
  const [starts, ends] = await Promise.all([log.starts([topics.state]), log.ends([topics.state])])
  const through = new Map<number, number>()
  for await (const records of readUpTo(log, starts, ends)) for (const { partition, offset } of records) through.set(partition, offset)
  const loaded = await loadStates({ log, topics, through, signal: new AbortController().signal })
  return new Map([...loaded.values()].flatMap(({ entities }) => [...entities].map(([key, { state }]) => [key, state] as const)))
}

/** Sums of decays depend on the order in their last bits: compared to 1e-9. */
function rounded<T>(value: T): T {
  if (typeof value === 'number') return (Number.isInteger(value) ? value : Number(value.toPrecision(9))) as T
  if (Array.isArray(value)) return value.map(rounded) as T
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, rounded(inner)])) as T
  return value
}

/** The index holds every entity as its state has it, with the vectors of its text and those that were given. */
export async function assertIndexed(index: EntityIndex, entities: ReadonlyMap<EntityKey, EntityState>): Promise<void> {
  const { entities: counts } = await index.stats()
  const embedder = createHashingEmbedder()
  const spaces = ['given', embedder.model]
  for (const kind of ['user', 'seller', 'livestream'] as const) {
    const there = [...entities.values()].filter((state) => state.kind === kind && exists(state))
    assert.equal(counts[kind], there.length, `${kind}s in the index`)
    for (let at = 0; at < there.length; at += 500) {
      const some = there.slice(at, at + 500)
      const stored = await index.getMany(kind, some.map(({ id }) => id), { withVectors: spaces })
      for (const [i, state] of some.entries()) {
        assert.deepEqual(stored[i]?.fields, liveFields(state), `fields of ${state.entity}`)
        const vectors = stored[i]?.vectors ?? {}
        const [expected] = await embedder.embed([textOf(kind, liveFields(state))])
        assert.deepEqual(vectors[embedder.model], expected, `${state.entity} has its text's vector`)
        for (const model of state.vectors?.keys() ?? []) assert.ok(vectors[model], `${state.entity} has its vector of ${model}`)
      }
    }
  }
}

/** Fails with the first paths at which two outcomes differ: whole outcomes are too long to read. */
export function assertSame(actual: unknown, expected: unknown): void {
  const differences: string[] = []
  const compare = (a: unknown, b: unknown, path: string) => {
    if (differences.length >= 12) return
    if (typeof a === 'object' && typeof b === 'object' && a !== null && b !== null) {
      for (const name of new Set([...Object.keys(a), ...Object.keys(b)]))
        compare((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name], `${path}/${name}`)
    } else if (!Object.is(a, b)) differences.push(`${path}: expected ${JSON.stringify(b)}, got ${JSON.stringify(a)}`)
  }
  compare(actual, expected, '')
  assert.equal(differences.length, 0, differences.join('\n'))
}
