import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { WebSocketServer } from 'ws'
import { serve } from './told.ts'

/** `ws`, and nothing behind it but what lets the load generator begin. */
const server = createServer()
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (text) => { if (String(text).includes('connection_init')) socket.send('{"type":"connection_ack"}') })
})
server.listen(0, '127.0.0.1', () => serve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`))
