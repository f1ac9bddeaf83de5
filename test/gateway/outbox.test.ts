import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { Outbox } from '../../gateway/outbox.ts'

describe('the outbox', { timeout: 10_000 }, () => {
  test('writes together what came together, in order, and what comes later as well', async () => {
    const outbox = new Outbox()
    const written: number[] = []
    for (let round = 0; round < 3; round++) {
      outbox.add(() => written.push(1))
      outbox.add(() => written.push(2))
      await Promise.resolve()
      assert.deepEqual(written.splice(0), [])
      await turn()
      assert.deepEqual(written.splice(0), [1, 2])
    }
  })

  test('holds back so many and no more', async () => {
    const outbox = new Outbox()
    let written = 0
    for (let count = 0; count < 100; count++) outbox.add(() => written++)
    assert.equal(written, 96)
    await turn()
    assert.equal(written, 100)
  })

  test('takes what is added while it writes', async () => {
    const outbox = new Outbox()
    const written: string[] = []
    outbox.add(() => {
      written.push('first')
      outbox.add(() => written.push('second'))
    })
    await turn()
    await turn()
    assert.deepEqual(written, ['first', 'second'])
  })
})
