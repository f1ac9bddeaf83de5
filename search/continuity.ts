import type { ChangeBatch } from '../ingest/change-reader.ts'

/**
 * How each batch of `changes` stands to the one before it in its shard. `next`: it follows. `first`: nothing is known of
 * what came before. `break`: batches are missing, or another owner of the shard has taken over, and with it the index went
 * back to what had been announced: what is kept of the index by announcements has to be asked for anew.
 */
export class Continuity {
  readonly #last = new Map<number, { epoch: number; sequence: number }>()

  /** To be asked once for every batch, in order. */
  of({ shard, epoch, sequence }: Pick<ChangeBatch, 'shard' | 'epoch' | 'sequence'>): 'next' | 'first' | 'break' {
    const last = this.#last.get(shard)
    this.#last.set(shard, { epoch, sequence })
    if (!last) return 'first'
    return last.epoch === epoch && last.sequence + 1 === sequence ? 'next' : 'break'
  }
}
