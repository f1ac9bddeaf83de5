import type { EntityKey } from '../events/entity.ts'
import { partitionKey } from '../events/log.ts'
import type { EventLog, LogRecord, Positions } from '../events/log.ts'
import type { Topics } from '../events/topics.ts'
import { decodeEntityState } from './entity-state-codec.ts'
import type { EntityState } from './entity-state.ts'
import { projectionVersion } from './projections/index.ts'
import { readThrough } from './read-through.ts'
import { isEntityName, isSliceName, markerName, parseStateKey, splitHead, stateKey } from './state-records.ts'
import type { CheckpointMarker, StateHead } from './state-records.ts'

/** What the state topic has of a shard. */
export interface LoadedShard {
  /** The last complete checkpoint by this version's projections. */
  marker: CheckpointMarker | null
  /** The last one by any other version. */
  otherMarker: CheckpointMarker | null
  entities: Map<EntityKey, LoadedEntity>
  /** Slices of seen events by record name: only those that the marker names. */
  slices: Map<string, Uint8Array>
  /** Keys that nothing needs: left-overs of checkpoints that were never completed, and states of older versions. */
  obsolete: string[]
  /** Greatest number of any checkpoint, complete or not. */
  checkpoint: number
}

export interface LoadedEntity {
  state: EntityState
  /** Source positions that it includes. */
  positions: Positions
}

/**
 * Reads the state topic of each shard up to and including the record that `through` names. Records that a superseded
 * owner wrote after its successor's are left out.
 *
 * @throws StateRecordError when a state is damaged
 */
export async function loadStates(
  { log, topics, through, signal }: { log: EventLog; topics: Topics; through: ReadonlyMap<number, number>; signal: AbortSignal },
): Promise<Map<number, LoadedShard>> {
  const starts = await log.starts([topics.state])
  const loaders = new Map([...through.keys()].map((shard) => [shard, new Loader()]))
  await readThrough(log, {
    from: Object.fromEntries([...through.keys()].map((shard) => {
      const key = partitionKey(topics.state, shard)
      return [key, starts[key] ?? 0]
    })),
    through: Object.fromEntries([...through].map(([shard, end]) => [partitionKey(topics.state, shard), end])),
    signal,
  }, (record) => loaders.get(record.partition)?.take(record))
  return new Map([...loaders].map(([shard, loader]) => [shard, loader.end()]))
}

class Loader {
  #epoch = -1
  #checkpoint = 0
  #marker: CheckpointMarker | null = null
  #otherMarker: CheckpointMarker | null = null
  readonly #entities = new Map<EntityKey, LoadedEntity>()
  readonly #slices = new Map<string, Uint8Array>()
  readonly #others = new Map<number, Set<string>>()

  take(record: LogRecord): void {
    const key = record.key === null ? null : parseStateKey(record.key)
    if (!key) return
    const { version, name } = key
    if (record.value === null) {
      this.#forget(version, name)
      return
    }
    const { head, body } = splitHead<StateHead>(record)
    if (head.epoch < this.#epoch) return
    this.#epoch = head.epoch
    if (head.checkpoint > this.#checkpoint) this.#checkpoint = head.checkpoint
    if (version !== projectionVersion) {
      if (name === markerName) this.#otherMarker = head as CheckpointMarker
      let others = this.#others.get(version)
      if (!others) this.#others.set(version, (others = new Set()))
      others.add(name)
    } else if (name === markerName) this.#marker = head as CheckpointMarker
    else if (isSliceName(name)) this.#slices.set(name, body)
    else if (isEntityName(name)) {
      const { state, positions } = decodeEntityState(name, body)
      this.#entities.set(name, { state, positions })
    }
  }

  end(): LoadedShard {
    const marker = this.#marker
    const named = new Set(marker?.slices)
    const leftOvers = [...this.#slices.keys()].filter((name) => !named.has(name))
    for (const name of leftOvers) this.#slices.delete(name)
    return {
      marker, otherMarker: this.#otherMarker, entities: this.#entities, slices: this.#slices, checkpoint: this.#checkpoint,
      obsolete: [
        ...leftOvers.map((name) => stateKey(name)),
        // A newer version's states are its replay's; an older one's are void once ours are complete.
        ...marker === null ? [] : [...this.#others].flatMap(([version, names]) =>
          version < projectionVersion ? [...names].map((name) => stateKey(name, version)) : []),
      ],
    }
  }

  #forget(version: number, name: string): void {
    if (version !== projectionVersion) this.#others.get(version)?.delete(name)
    else if (isSliceName(name)) this.#slices.delete(name)
    else if (isEntityName(name)) this.#entities.delete(name)
  }
}
