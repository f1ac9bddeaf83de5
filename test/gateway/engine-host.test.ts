import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'graphql'
import type { Engine } from '../../federation/index.ts'
import { EngineHost } from '../../gateway/engine-host.ts'
import { engineOf } from './door.ts'

interface Watched {
  engine: Engine
  closed: Promise<void>
  isClosed: () => boolean
}

function watched(engine: Engine): Watched {
  const closed = Promise.withResolvers<void>()
  let isClosed = false
  return { closed: closed.promise, isClosed: () => isClosed, engine: { ...engine, close: async () => {
    isClosed = true
    await engine.close()
    closed.resolve()
  } } }
}

const versioned = (version: number, slow: Promise<string> = Promise.resolve('')) => watched(engineOf({ Query: { version: () => version, slow: () => slow } }))
const version = { document: parse('{ version }') }

describe('an engine that is swapped out', { timeout: 30_000 }, () => {
  test('is closed when its last operation has its answer, and not before', async () => {
    const slow = Promise.withResolvers<string>()
    const [first, second] = [versioned(1, slow.promise), versioned(2)]
    const host = new EngineHost(first.engine)
    const running = host.current.execute({ document: parse('{ slow }') })
    await host.swap(second.engine)
    assert.deepEqual((await host.current.execute(version)).data, { version: 2 })
    // The time for those that wait is none, and over.
    await new Promise((resolve) => setTimeout(resolve, 5))
    assert.deepEqual([first.isClosed(), host.engines], [false, 2])
    slow.resolve('at last')
    assert.deepEqual((await running).data, { slow: 'at last' })
    await first.closed
    assert.deepEqual([second.isClosed(), host.engines], [false, 1])
    await host.close()
    assert.ok(second.isClosed())
  })

  test('still runs what was validated on it and waits, for as long as it may', async () => {
    const [first, second] = [versioned(1), versioned(2)]
    const host = new EngineHost(first.engine, { graceMs: 60_000 })
    const validatedOn = host.current
    await host.swap(second.engine)
    assert.deepEqual((await validatedOn.execute(version)).data, { version: 1 })
    assert.deepEqual([first.isClosed(), host.engines], [false, 2])
    await host.close()
    assert.ok(first.isClosed() && second.isClosed())
  })
})
