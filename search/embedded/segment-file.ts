import { readSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { IndexUnavailableError } from '../entity-index.ts'
import { applyFrame, decodeBody, decodeHeader, headerBytes, isWhole, type Frame, type Header } from './frames.ts'
import type { Store } from './store.ts'

export interface Written {
  bytes: number
  entities: number
  fieldBytes: number
}

export interface Loaded extends Written {
  /** Up to where the last segment is whole. */
  committed: number
}

/** Appends the frames and makes them crash-proof. `until` stops early, which leaves a tail that counts for nothing. */
export async function append(file: FileHandle, frames: Iterable<Frame>, until: () => boolean = () => false): Promise<Written> {
  const written: Written = { bytes: 0, entities: 0, fieldBytes: 0 }
  for (const { bytes, entities, fieldBytes } of frames) {
    if (until()) return written
    await file.appendFile(bytes)
    written.bytes += bytes.length
    written.entities += entities
    written.fieldBytes += fieldBytes
  }
  if (written.bytes > 0) await file.datasync()
  return written
}

/** Applies all committed batches of a segment. `last`: it is the one that a crash may have cut off, which is then cut there. */
export async function loadSegment(path: string, store: Store, last: boolean): Promise<Loaded> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const committed = committedEnd(file.fd, size)
    if (committed < size) {
      if (!last) {
        throw new IndexUnavailableError(`${path} is damaged at byte ${committed} of ${size}. ` +
          'Remove the directory of the index: the next start fills it anew.')
      }
      await file.truncate(committed)
      await file.sync()
    }
    const loaded: Loaded = { bytes: committed, committed, entities: 0, fieldBytes: 0 }
    for (const { header, body } of readFrames(file.fd, committed)) {
      const frame = decodeBody(header, body)
      applyFrame(store, frame)
      loaded.entities += frame.content.entities.length
      loaded.fieldBytes += headerBytes + header.jsonBytes
    }
    return loaded
  } finally {
    await file.close()
  }
}

/** Where the last batch ends that is whole. Looking first costs a second reading, but no memory: batches can be large. */
function committedEnd(file: number, size: number): number {
  let committed = 0
  for (const { header, end } of readFrames(file, size)) if (header.committed) committed = end
  return committed
}

/**
 * The frames of a file up to its end, or to the first that is damaged. A body is valid until the next is asked for. Reads
 * wait: nobody is served before the index is open, and a thousand turns through the thread pool take longer on a busy machine.
 */
function* readFrames(file: number, size: number): Generator<{ header: Header; body: Buffer; end: number }> {
  const head = Buffer.alloc(headerBytes)
  let space = Buffer.alloc(0)
  for (let position = 0; position + headerBytes <= size;) {
    readSync(file, head, 0, headerBytes, position)
    const header = decodeHeader(head)
    if (!header) return
    const length = header.jsonBytes + header.vectorBytes
    const end = position + headerBytes + length
    if (end > size) return
    if (length > space.length) space = Buffer.from(new ArrayBuffer(length))
    const body = space.subarray(0, length)
    readSync(file, body, 0, length, position + headerBytes)
    if (!isWhole(header, head, body)) return
    yield { header, body, end }
    position = end
  }
}
