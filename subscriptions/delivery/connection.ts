/** Writes bytes, a byte a character (latin1). False: it has to keep some of them back; `drained` is called once it does not. */
export type Write = (bytes: string) => boolean

/** A subscription's side of a connection. */
export interface Reader {
  /** Frames that are due now, as many as one write should have; empty: none. */
  take(): string
  /** Whether there would be any. */
  readonly due: boolean
  /** The connection takes more again. */
  resume(): void
  /** That has thrown. */
  failed(error: unknown): void
}

/**
 * One way to a client, with all subscriptions that go over it. What is due to them is written together, and nothing more is
 * written while the client does not take what was.
 */
export class Connection {
  readonly #write: Write
  /** Few, and mostly one: a list is the smallest. */
  #readers: Reader[] = []
  #congested = false
  #closed = false

  constructor(write: Write) {
    this.#write = write
  }

  /** Whether it takes nothing for now. */
  get congested(): boolean {
    return this.#congested
  }

  /** Writes at once what is no reader's, whether or not the client takes it. */
  say(bytes: string): void {
    if (bytes !== '' && !this.#closed && !this.#write(bytes)) this.#congested = true
  }

  add(reader: Reader): void {
    this.#readers.push(reader)
  }

  delete(reader: Reader): void {
    this.#readers = this.#readers.filter((each) => each !== reader)
  }

  /** Writes what is due to this reader, and with it what is due to the others of the connection. */
  flush(reader: Reader): void {
    while (!this.#congested && !this.#closed && reader.due) {
      let bytes = reader.take()
      if (this.#readers.length > 1) for (const other of this.#readers) {
        if (bytes.length >= maxWrite) break
        if (other !== reader && other.due) bytes += other.take()
      }
      if (bytes === '') return
      if (!this.#write(bytes)) this.#congested = true
    }
  }

  /** What was kept back has left. */
  drained(): void {
    if (!this.#congested || this.#closed) return
    this.#congested = false
    for (const reader of this.#readers) {
      if (this.#congested) return
      // Whoever had a turn is the last to have the next one.
      if (this.#readers.length > 1) this.#readers = [...this.#readers.filter((each) => each !== reader), reader]
      try {
        reader.resume()
      } catch (error) {
        reader.failed(error)
      }
    }
  }

  /** Nothing is written any more. */
  close(): void {
    this.#closed = true
    this.#readers = []
  }
}

/** A write has about so many bytes at most, unless a single payload has more. */
export const maxWrite = 64 * 1024
