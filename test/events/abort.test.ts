import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { whenAborted, withTimeLimit } from '../../events/abort.ts'

describe('whenAborted', () => {
  test('tells exactly those once who have not taken it back, whatever the order', () => fc.assert(
    fc.property(fc.array(fc.record({ forget: fc.option(fc.nat(20), { nil: undefined }) }), { maxLength: 30 }), (steps) => {
      const controller = new AbortController()
      const told: number[] = []
      const forgets = steps.map(({ forget }, number) => ({ forget, takeBack: whenAborted(controller.signal, () => { told.push(number) }) }))
      const forgotten = new Set<number>()
      for (const { forget } of forgets) {
        if (forget === undefined || forget >= forgets.length) continue
        // Twice is as good as once.
        forgets[forget]!.takeBack()
        forgotten.add(forget)
      }
      controller.abort()
      controller.abort()
      assert.deepEqual(told.toSorted((a, b) => a - b), steps.map((_, number) => number).filter((number) => !forgotten.has(number)))
    })))

  test('one who is told may take back another, who is then not told', () => {
    const controller = new AbortController()
    const told: string[] = []
    const takeBacks: (() => void)[] = []
    for (const name of ['a', 'b']) {
      takeBacks.push(whenAborted(controller.signal, () => {
        told.push(name)
        for (const takeBack of takeBacks) takeBack()
      }))
    }
    controller.abort()
    assert.equal(told.length, 1)
  })

  test('says nothing of a signal that was aborted before', () => {
    const takeBack = whenAborted(AbortSignal.abort(), () => assert.fail('told'))
    takeBack()
  })
})

describe('withTimeLimit', () => {
  const never = (signal: AbortSignal) => new Promise<never>((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason)) })

  test('gives the call its own signal, and hands on what it gives or throws', async () => {
    const { signal } = new AbortController()
    assert.equal(await withTimeLimit(signal, 1_000, async (bounded) => (assert.notEqual(bounded, signal), 7)), 7)
    await assert.rejects(withTimeLimit(signal, 1_000, async () => { throw new Error('broken') }), /broken/)
  })

  test('aborts the call when its time is up, with a TimeoutError that names the limit', async () => {
    await assert.rejects(withTimeLimit(new AbortController().signal, 1, never), { name: 'TimeoutError', message: 'The call took longer than 1 ms' })
  })

  test('is waited for also by a process that has nothing else to do', () => {
    const script = `
      import { withTimeLimit } from ${JSON.stringify(new URL('../../events/abort.ts', import.meta.url).href)}
      await withTimeLimit(undefined, 20, (signal) => new Promise((resolve) => signal.addEventListener('abort', resolve)))
      console.log('over')`
    assert.equal(spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }).stdout, 'over\n')
  })

  test('aborts the call with the reason of the signal, and begins none when it is aborted already', async () => {
    const controller = new AbortController()
    const call = withTimeLimit(controller.signal, 60_000, never)
    controller.abort(new Error('left'))
    await assert.rejects(call, /left/)
    await assert.rejects(withTimeLimit(controller.signal, 60_000, async () => assert.fail('begun')), /left/)
  })
})
