import assert from 'node:assert/strict'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { HandOut } from '../../../cli/processes/hand-out.ts'

/** A process that notes what it is given. */
const serving = (number: number) => {
  const given: { ticket: number; socket: Socket }[] = []
  return { number, given, give: (ticket: number, socket: Socket) => void given.push({ ticket, socket }) }
}

const sockets = (count: number): Socket[] => Array.from({ length: count }, () => new Socket())

/** Opened and ready, in this order. */
function among(...numbers: number[]) {
  const handOut = new HandOut(100)
  const servers = numbers.map(serving)
  for (const server of servers) {
    handOut.opened(server)
    handOut.ready(server.number)
  }
  return { handOut, servers }
}

test('each gets one at a time, and the next once it has taken that', () => {
  const { handOut, servers: [a, b] } = among(1, 2)
  const offered = sockets(5)
  for (const socket of offered) handOut.offer(socket)
  assert.deepEqual([a!.given.length, b!.given.length, handOut.waiting], [1, 1, 3])
  for (let taken = 1; taken <= 4; taken++) handOut.took(1, a!.given.at(-1)!.ticket, taken)
  assert.deepEqual([a!.given.map(({ socket }) => socket), b!.given.map(({ socket }) => socket)], [[0, 2, 3, 4].map((i) => offered[i]), [offered[1]]])
  assert.deepEqual(offered.map(({ destroyed }) => destroyed), [true, false, true, true, true], 'what was taken is let go of here')
})

test('whoever has the fewest connections gets the next', () => {
  const { handOut, servers: [a, b] } = among(1, 2)
  handOut.has(1, 10)
  for (const socket of sockets(3)) {
    handOut.offer(socket)
    handOut.took(2, b!.given.at(-1)!.ticket, b!.given.length)
  }
  assert.deepEqual([a!.given.length, b!.given.length], [0, 3])
  handOut.has(2, 11)
  handOut.offer(new Socket())
  assert.equal(a!.given.length, 1)
})

test('one that still catches up gets none as long as another is ready, and all where none is', () => {
  const { handOut, servers: [ready] } = among(1)
  const late = serving(2)
  handOut.opened(late)
  const [first, second, third] = sockets(3) as [Socket, Socket, Socket]
  handOut.offer(first)
  handOut.offer(second)
  assert.deepEqual([ready!.given.length, late.given.length], [1, 0])
  handOut.gone(1)
  assert.equal(late.given[0]?.socket, second)
  handOut.took(2, late.given[0]!.ticket, 1)
  handOut.offer(third)
  assert.equal(late.given[1]?.socket, third)
})

test('what nobody can take waits for the next that opens, up to a limit', () => {
  const handOut = new HandOut(2)
  const offered = sockets(3)
  for (const socket of offered) handOut.offer(socket)
  assert.deepEqual(offered.map(({ destroyed }) => destroyed), [false, false, true])
  const server = serving(1)
  handOut.opened(server)
  assert.equal(server.given[0]?.socket, offered[0])
  handOut.close()
  assert.ok(offered.every(({ destroyed }) => destroyed))
})

test('what a process held when it died is closed, and nobody else gets it', () => {
  const { handOut, servers: [a, b] } = among(1, 2)
  const offered = sockets(3)
  for (const socket of offered) handOut.offer(socket)
  handOut.gone(1)
  assert.deepEqual(offered.map(({ destroyed }) => destroyed), [true, false, false])
  handOut.took(1, a!.given[0]!.ticket, 1)
  assert.equal(b!.given.length, 1, 'a late answer of the dead one changes nothing')
  handOut.took(2, b!.given[0]!.ticket, 1)
  assert.equal(b!.given[1]?.socket, offered[2])
})

test('one that closes gets no more, and what it refuses is the next of another', () => {
  const { handOut, servers: [a, b] } = among(1, 2)
  const [first, second, third] = sockets(3) as [Socket, Socket, Socket]
  handOut.offer(first)
  handOut.closing(1)
  handOut.offer(second)
  handOut.offer(third)
  handOut.refused(1, a!.given[0]!.ticket)
  handOut.took(2, b!.given[0]!.ticket, 1)
  assert.deepEqual(b!.given.map(({ socket }) => socket), [second, first])
  assert.equal(a!.given.length, 1)
  handOut.gone(1)
  assert.equal(first.destroyed, false)
})
