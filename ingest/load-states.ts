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

/** What the state topic has of a shard by projections of one version. */
export interface LoadedStates {
  /** The last complete checkpoint. */
  marker: CheckpointMarker | null
  entities: Map<EntityKey, LoadedEntity>
  /** Slices of seen events by record name: only those that the marker names. */
  slices: Map<string, Uint8Array>
}

export interface LoadedEntity {
  state: EntityState
  /** Source positions that it includes. */
  positions: Positions
  /** Of whoever wrote it. */
  epoch: number
}

export interface LoadedShard extends LoadedStates {
  /** By projections of other versions: markers always, the rest with `allVersions`. */
  others: Map<number, LoadedStates>
  /** Keys that nothing needs: left-overs of checkpoints that were never completed, and states of older versions. */
  obsolete: string[]
  /** Greatest number of any checkpoint, complete or not. */
  checkpoint: number
}

export interface LoadOptions {
  log: EventLog
  topics: Topics
  /** By shard, the offset of the last record to read. It must exist. */
  through: ReadonlyMap<number, number>
  signal: AbortSignal
}

/**
 * Reads the state topic of each shard. Records that a superseded owner wrote after its successor's are left out.
 *
 * @throws StateRecordError when a state is damaged
 */
export async function loadStates({ log, topics, through, signal }: LoadOptions): Promise<Map<number, LoadedShard>> {
  const starts = await log.starts([topics.state])
  const loaders = new Map([...through.keys()].map((shard) => [shard, new ShardStatesLoader()]))
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

interface OfVersion extends LoadedStates {
  names: Set<string>
  epoch: number
}

/** Takes a shard's records of the state topic, in order. */
export class ShardStatesLoader {
  readonly #allVersions: boolean
  readonly #versions = new Map<number, OfVersion>()
  #checkpoint = 0

  constructor({ allVersions = false }: { allVersions?: boolean } = {}) {
    this.#allVersions = allVersions
  }

  take(record: LogRecord): void {
    const key = record.key === null ? null : parseStateKey(record.key)
    if (!key) return
    const { version, name } = key
    const of = this.#of(version)
    if (record.value === null) {
      of.names.delete(name)
      of.slices.delete(name)
      if (isEntityName(name)) of.entities.delete(name)
      return
    }
    const { head, body } = splitHead<StateHead>(record)
    if (head.epoch < of.epoch) return
    of.epoch = head.epoch
    if (head.checkpoint > this.#checkpoint) this.#checkpoint = head.checkpoint
    of.names.add(name)
    if (name === markerName) of.marker = head as CheckpointMarker
    else if (version !== projectionVersion && !this.#allVersions) return
    else if (isSliceName(name)) of.slices.set(name, body)
    else if (isEntityName(name)) {
      const { state, positions } = decodeEntityState(name, body)
      of.entities.set(name, { state, positions: head.includes ?? positions, epoch: head.epoch })
    }
  }

  end(): LoadedShard {
    const own = this.#of(projectionVersion)
    this.#versions.delete(projectionVersion)
    const obsolete = leftOvers(own).map((name) => stateKey(name))
    for (const [version, other] of this.#versions) {
      leftOvers(other)
      // A newer version's states are its replay's; an older one's are void once ours are complete.
      if (own.marker !== null && version < projectionVersion) for (const name of other.names) obsolete.push(stateKey(name, version))
    }
    const { marker, entities, slices } = own
    return { marker, entities, slices, others: this.#versions, obsolete, checkpoint: this.#checkpoint }
  }

  #of(version: number): OfVersion {
    let of = this.#versions.get(version)
    if (!of) this.#versions.set(version, (of = { marker: null, entities: new Map(), slices: new Map(), names: new Set(), epoch: -1 }))
    return of
  }
}

/** Takes out the slices that the marker does not name; gives their names. */
function leftOvers({ marker, slices }: OfVersion): string[] {
  const named = new Set(marker?.slices)
  const names = [...slices.keys()].filter((name) => !named.has(name))
  for (const name of names) slices.delete(name)
  return names
}
