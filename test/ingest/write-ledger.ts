import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import type { ChangeBatch } from '../../ingest/change-reader.ts'
import type { EntityIndex, Upsert } from '../../search/entity-index.ts'

/** Notes each write in a file before the index gets it, so that it is known of whoever is killed in the midst of it. */
export function noteWrites(index: EntityIndex, file: string): void {
  const upsert = index.upsert.bind(index)
  index.upsert = (writes, signal) => {
    appendFileSync(file, writes.map((write) => `\n${write.kind}:${write.id} ${write.revision} ${hashOf(write)}.`).join(''))
    return upsert(writes, signal)
  }
}

function hashOf({ fields, vectors = {} }: Upsert): string {
  const hash = createHash('sha1').update(JSON.stringify(sorted(fields)))
  for (const [space, values] of sorted(vectors)) hash.update(space).update(values ? Buffer.from(values.buffer, values.byteOffset, values.byteLength) : 'none')
  return hash.digest('hex')
}

const sorted = <T>(named: Readonly<Record<string, T>>): [string, T][] => Object.entries(named).sort(([a], [b]) => (a < b ? -1 : 1))

/** No two writes, of any owner that ever was, have a revision in common, and each announcement is of one that was written. */
export function assertOwnRevisions(files: readonly string[], batches: readonly ChangeBatch[]): number {
  const written = new Map<string, string>()
  for (const file of files.filter((each) => existsSync(each)))
    // One that was killed as it wrote leaves a line without an end.
    for (const [, name = '', hash = ''] of readFileSync(file, 'utf8').matchAll(/^(.+ \d+) ([0-9a-f]{40})\.$/gm)) {
      assert.equal(written.get(name) ?? hash, hash, `two writes are ${name}`)
      written.set(name, hash)
    }
  for (const { entities } of batches)
    for (const { entity, revision, operation } of entities)
      assert.equal(written.has(`${entity} ${revision}`), operation !== 'deleted', `whether ${entity} ${revision}, ${operation}, was written`)
  return written.size
}
