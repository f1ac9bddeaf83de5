import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWorld, modes } from './differential/harness.ts'

/** Change it by FRESHET_SEED to look elsewhere, or to repeat a case that a soak printed. */
const firstSeed = Number(process.env.FRESHET_SEED ?? 1)
const worlds = Number(process.env.FRESHET_WORLDS ?? 12)
const operationsPerWorld = 12

for (const mode of modes) {
  test(`random operations over random subgraphs answer as one schema does: ${mode}, seeds from ${firstSeed}`, async () => {
    let cases = 0
    let unplanned = 0
    for (let seed = firstSeed; seed < firstSeed + worlds; seed++) {
      const report = await compareWorld(seed, operationsPerWorld, mode)
      assert.deepEqual(report.differences.slice(0, 1), [], report.differences[0])
      cases += report.cases
      unplanned += report.unplanned
    }
    // So that a generator whose worlds do not compose, or a planner that plans nothing, does not look like success.
    assert.ok(cases >= worlds * operationsPerWorld / 2, `only ${cases} cases`)
    assert.ok(unplanned <= cases / 8, `${unplanned} of ${cases} operations were not planned`)
  })
}
