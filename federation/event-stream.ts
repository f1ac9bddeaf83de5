/** One event of a `text/event-stream`. */
export interface ServerSentEvent {
  /** `message` where the stream names none. */
  event: string
  data: string
}

/** An event is longer than it may be. */
export class EventTooLargeError extends Error {
  override name = 'EventTooLargeError'
}

/**
 * Reads `text/event-stream` from bytes, cut anywhere: any line ending, comments, data over several lines. Ids and
 * retry times are not kept. An event that has a name alone is dispatched, unlike the standard has it: servers (gqlgen) end
 * their streams by such ones.
 * https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export class EventStreamReader {
  readonly #limit: number
  readonly #decoder = new TextDecoder()
  /** The unfinished line, in pieces: joining them with each chunk would copy a long line over and over. */
  #pieces: string[] = []
  #event = ''
  #data: string[] = []
  /** Characters kept of the event that is being read: of its data, line ends included, and of its unfinished line. */
  #dataSize = 0
  #lineSize = 0
  #afterReturn = false

  /** `limit`: characters of one event. */
  constructor(limit: number) {
    this.#limit = limit
  }

  /**
   * The events that this chunk completes.
   * @throws EventTooLargeError
   */
  read(chunk: Uint8Array): ServerSentEvent[] {
    const text = this.#decoder.decode(chunk, { stream: true })
    const events: ServerSentEvent[] = []
    let start = 0
    if (text !== '' && this.#afterReturn) {
      this.#afterReturn = false
      if (text.startsWith('\n')) start = 1
    }
    const lineEnd = /[\r\n]/g
    lineEnd.lastIndex = start
    for (let end = lineEnd.exec(text); end; end = lineEnd.exec(text)) {
      this.#pieces.push(text.slice(start, end.index))
      const line = this.#pieces.length === 1 ? this.#pieces[0]! : this.#pieces.join('')
      this.#pieces = []
      this.#lineSize = 0
      start = end.index + 1
      if (end[0] === '\r') {
        if (start === text.length) this.#afterReturn = true
        else if (text.charCodeAt(start) === 10) start++
        lineEnd.lastIndex = start
      }
      const event = this.#line(line)
      if (event) events.push(event)
    }
    if (start < text.length) {
      this.#pieces.push(text.slice(start))
      this.#lineSize += text.length - start
      this.#check()
    }
    return events
  }

  #line(line: string): ServerSentEvent | undefined {
    if (line === '') return this.#dispatch()
    const colon = line.indexOf(':')
    if (colon === 0) return undefined
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(line.charCodeAt(colon + 1) === 32 ? colon + 2 : colon + 1)
    if (field === 'event') this.#event = value
    if (field === 'data') {
      this.#data.push(value)
      this.#dataSize += value.length + 1
      this.#check()
    }
    return undefined
  }

  #dispatch(): ServerSentEvent | undefined {
    const event = this.#data.length === 0 && this.#event === '' ? undefined : { event: this.#event || 'message', data: this.#data.join('\n') }
    this.#event = ''
    this.#data = []
    this.#dataSize = 0
    return event
  }

  #check(): void {
    if (this.#dataSize + this.#lineSize <= this.#limit) return
    throw new EventTooLargeError(`An event has more than ${this.#limit} characters.`)
  }
}
