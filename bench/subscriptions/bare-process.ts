import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { argumentsOf, serve } from './told.ts'

/** What each subscription gets at once; nothing by default. */
const [payload] = argumentsOf<[payload?: string]>()

/** `ws`, and nothing behind it but what lets the load generator begin. */
const server = createServer()
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = String(data)
    if (text.includes('connection_init')) socket.send('{"type":"connection_ack"}')
    else if (payload !== undefined && text.includes('"subscribe"'))
      socket.send(JSON.stringify({ id: (JSON.parse(text) as { id: string }).id, type: 'next', payload: { data: { livestream: { at: payload } } } }))
  })
})
server.listen(0, '127.0.0.1', () => serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
