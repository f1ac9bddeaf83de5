import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { runMixedLoad } from './mixed-load/run.ts'

/** Seconds of load: FRESHET_SOAK_SECONDS, an hour unless said otherwise; requests a second: FRESHET_SOAK_RATE; the seed: FRESHET_SEED. */
const { FRESHET_SOAK_SECONDS = '3600', FRESHET_SOAK_RATE = '100', FRESHET_SEED = `${Date.now() % 1_000_000}` } = process.env
const seconds = Number(FRESHET_SOAK_SECONDS)

describe('a gateway under mixed load, with reloads every 10 s and subgraphs that die and return', () => {
  test(`for ${seconds} s (seed ${FRESHET_SEED}): no lost answer, flat memory, no open handle`, { timeout: (seconds + 1_200) * 1000 }, async (t) => {
    const report = await runMixedLoad({ seconds, perSecond: Number(FRESHET_SOAK_RATE), seed: Number(FRESHET_SEED) })
    t.diagnostic(JSON.stringify(report, undefined, 1))
    assert.deepEqual(report.faults, [])
    assert.deepEqual(report.openHandles, [], 'handles left open')
    assert.equal(report.exit, 0)
    assert.equal(report.openAfterwards, 0, 'connections and subscriptions that the gateway still counts')
    // What is bounded (plans, changes to resume from) fills up; under load the trend is that of the load.
    const { before, after } = report.heap
    if (seconds >= 600) assert.ok(after <= before * 1.3, `the heap with nothing under way: ${before} MiB after warming up, ${after} in the end`)
  })
})
