import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { joinProcesses, type JoinOptions } from '../../../gateway/processes/join.ts'
import type { FromServing, ToServing } from '../../../gateway/processes/messages.ts'
import { temporaryDirectory } from '../../servers/process.ts'
import { openDoor, type DoorOptions, type OpenDoor } from '../door.ts'

export interface Neighbour extends OpenDoor {
  /** What it has told whoever holds the port. */
  heard: FromServing[]
  /** Tells it something, as whoever holds the port does. */
  tell(message: ToServing, socket?: Socket): void
  peers: ReturnType<typeof joinProcesses>['peers']
}

export interface Neighbours extends AsyncDisposable {
  url: string
  directory: string
  doors: readonly Neighbour[]
  /** Which of them gets the connections that come from now on. */
  to(index: number): void
}

/** Doors behind one port, in this process: a connection is handed to the one that a test names. */
export async function openNeighbours(count: number, optionsOf: (index: number, peers: Neighbour['peers']) => DoorOptions, join: Partial<JoinOptions> = {}): Promise<Neighbours> {
  await using stack = new AsyncDisposableStack()
  const { path: directory } = stack.use(temporaryDirectory('neighbours'))
  const doors: Neighbour[] = []
  let next = 0
  let tickets = 0
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {})
    doors[next]?.tell({ kind: 'connection', ticket: ++tickets }, socket)
    socket.resume()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  stack.defer(() => void server.close())
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (let index = 0; index < count; index++) {
    const number = index + 1
    const told: FromServing[] = []
    let tell: Neighbour['tell'] = () => {}
    const { entrance, peers } = joinProcesses({
      number, directory, url, channel: { send: (message) => void told.push(message), on: (listener) => { tell = listener } }, ...join,
    })
    const door = stack.use(await openDoor({ ...optionsOf(index, peers), among: { entrance, peers } }))
    doors.push(Object.assign(door, { heard: told, tell, peers }))
  }
  const owned = stack.move()
  return { url, directory, doors, to: (index) => { next = index }, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}
