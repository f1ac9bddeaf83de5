import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { refuseUpgrade } from '../../gateway/respond.ts'

// An 'error' that nobody listens to would end the process, and fails this test.
test('a connection that is reset while its upgrade is refused is only closed', () => {
  const socket = new PassThrough()
  refuseUpgrade(socket, 404, 'Nothing is here.')
  socket.emit('error', new Error('read ECONNRESET'))
  assert.ok(socket.destroyed)
})
