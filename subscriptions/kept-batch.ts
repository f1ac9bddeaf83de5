import type { EntityKey } from '../events/entity.ts'
import type { ChangeBatch } from '../ingest/change-reader.ts'
import type { Announced } from './announced.ts'
import type { Cut, Position } from './cut.ts'

/**
 * A batch as it is remembered: packed, as most are never asked for again. Objects that live for some seconds are what a garbage
 * collector does worst, and of all that a busy log brings these were the most.
 */
export class KeptBatch {
  readonly lane: string
  /** What its reader has before it. */
  readonly before: Cut
  /** Behind all of it. */
  readonly end: Position
  /** Offset of its first record. */
  readonly first: number
  /** Of the batch on the log. */
  readonly bytes: number
  /** Those whose fields changed in it. */
  readonly entities: readonly EntityKey[]
  readonly #packed: Buffer
  /** Those who come back come together. */
  #unpacked: WeakRef<ChangeBatch> | undefined

  constructor({ batch, lane, before, end, bytes }: Announced) {
    this.lane = lane
    this.before = before
    this.end = end
    this.first = batch.first
    this.bytes = bytes
    this.entities = batch.entities.map(({ entity }) => entity)
    this.#packed = packed(JSON.stringify(batch))
  }

  get batch(): ChangeBatch {
    let batch = this.#unpacked?.deref()
    if (!batch) {
      batch = JSON.parse(this.#packed.toString()) as ChangeBatch
      this.#unpacked = new WeakRef(batch)
    }
    return batch
  }
}

/** Memory of its own: a piece of Node's pool would keep all of the pool. */
function packed(text: string): Buffer {
  const bytes = Buffer.allocUnsafeSlow(Buffer.byteLength(text))
  bytes.write(text)
  return bytes
}
