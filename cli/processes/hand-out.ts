import type { Socket } from 'node:net'

/** A process that may have connections. */
export interface Server {
  /** Its number. */
  readonly number: number
  /** Hands one over; it is answered by `took` or `refused`, or by `gone`. */
  give(ticket: number, socket: Socket): void
}

interface Place {
  server: Server
  /** Connections that it has, as far as is known. */
  open: number
  /** Whether it answers with all that was applied, rather than still catching up. */
  ready: boolean
  /** What it was given and has not answered: one at a time, so that whoever is busy gets fewer. */
  given: { ticket: number; socket: Socket } | undefined
}

/**
 * Hands clients' connections out among processes: to those that are ready, as long as there are any, and among them to whoever has
 * the fewest, so that one that took a dead one's place gets its share. What nobody can take waits.
 */
export class HandOut {
  readonly #places = new Map<number, Place>()
  readonly #waiting: Socket[] = []
  readonly #mostWaiting: number
  #tickets = 0

  /** @param mostWaiting connections that wait; more are closed */
  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Not read from yet: all of it is for the process that gets it. */
  offer(socket: Socket): void {
    socket.on('error', () => {})
    if (this.#waiting.length >= this.#mostWaiting) return void socket.destroy()
    this.#waiting.push(socket)
    this.#next()
  }

  opened(server: Server): void {
    this.#places.set(server.number, { server, open: 0, ready: false, given: undefined })
    this.#next()
  }

  ready(number: number): void {
    const place = this.#places.get(number)
    if (place) place.ready = true
  }

  /** It takes no more; what it was given last it still answers. */
  closing(number: number): void {
    const place = this.#places.get(number)
    this.#places.delete(number)
    if (place?.given) this.#leaving.set(number, place.given)
  }

  took(number: number, ticket: number, open: number): void {
    this.#answered(number, ticket)?.destroy()
    this.has(number, open)
    this.#next()
  }

  refused(number: number, ticket: number): void {
    const socket = this.#answered(number, ticket)
    if (socket) this.#waiting.unshift(socket)
    this.#next()
  }

  /** How many connections it has. */
  has(number: number, open: number): void {
    const place = this.#places.get(number)
    if (place) place.open = open
  }

  /** It has ended. Nobody knows how much it has read of what it was given, so that client has to come again. */
  gone(number: number): void {
    this.closing(number)
    this.#leaving.get(number)?.socket.destroy()
    this.#leaving.delete(number)
    this.#next()
  }

  /** Nobody serves any more. */
  close(): void {
    for (const socket of this.#waiting.splice(0)) socket.destroy()
    for (const { given } of this.#places.values()) given?.socket.destroy()
    for (const { socket } of this.#leaving.values()) socket.destroy()
  }

  /** Given to those that close. */
  readonly #leaving = new Map<number, { ticket: number; socket: Socket }>()

  #answered(number: number, ticket: number): Socket | undefined {
    const place = this.#places.get(number)
    const given = place?.given ?? this.#leaving.get(number)
    if (given?.ticket !== ticket) return undefined
    if (place) place.given = undefined
    this.#leaving.delete(number)
    return given.socket
  }

  #next(): void {
    for (;;) {
      const place = this.#waiting.length > 0 ? this.#free() : undefined
      if (!place) return
      const socket = this.#waiting.shift() as Socket
      place.given = { ticket: ++this.#tickets, socket }
      place.open++
      place.server.give(place.given.ticket, socket)
    }
  }

  #free(): Place | undefined {
    const places = [...this.#places.values()]
    const serving = places.some(({ ready }) => ready) ? places.filter(({ ready }) => ready) : places
    return serving.filter(({ given }) => !given).sort((a, b) => a.open - b.open)[0]
  }
}
