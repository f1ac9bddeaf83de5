import { createRequire } from 'node:module'

interface RequestQueue {
  pending: unknown[]
  scheduleCheckPendingRequests(): void
}

/**
 * The request queue of kafkajs 2.2 looks for waiting requests on a timer, which it sets anew whenever it has looked, whether
 * any wait or not, for `-1 - Date.now()` ms, of which Node makes 1: a thousand wake-ups a second for each connection, and
 * a warning. Now it looks only while requests wait, which they do when a broker throttles us.
 */
const queue = (createRequire(import.meta.url)('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }).prototype
const { scheduleCheckPendingRequests } = queue
if (typeof scheduleCheckPendingRequests !== 'function') throw new Error('expected kafkajs 2.2, whose request queue checks for waiting requests')
queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
  if (this.pending.length > 0) scheduleCheckPendingRequests.call(this)
}
