import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { fuzz } from './fuzz/run.ts'

/** Inputs: FRESHET_SOAK_INPUTS, a million unless said otherwise; FRESHET_SEED repeats a run. */
const { FRESHET_SOAK_INPUTS = '1000000', FRESHET_SEED = `${Date.now() % 1_000_000}` } = process.env

// Node 24 can spin for ever while it frees what such a run leaves behind (Environment::CleanupHandles); who ends by hand is spared that.
after(() => void setTimeout(() => process.exit(), 2_000))

describe('the door under random and mutated input', () => {
  test(`${FRESHET_SOAK_INPUTS} bodies, parameters, headers, streams and frames (seed ${FRESHET_SEED}): no crash, no leak, no 5xx`, { timeout: 3 * 3_600_000 }, async (t) => {
    const report = await fuzz({ count: Number(FRESHET_SOAK_INPUTS), seed: Number(FRESHET_SEED), say: (what) => console.error(`fuzz.soak: ${what}`) })
    t.diagnostic(JSON.stringify(report, undefined, 1))
    assert.deepEqual(report.faults, [])
    assert.equal(report.exit, 0)
    assert.deepEqual(report.openHandles, [], 'handles left open')
    assert.equal(report.openAfterwards, 0, 'connections and subscriptions that the gateway still counts')
    const [first, , last] = report.descriptors as [number, number, number]
    assert.ok(last <= first + 5, `descriptors: ${report.descriptors.join(', ')}`)
  })
})
