import assert from 'node:assert/strict'
import { test } from 'node:test'
import { compareWorld, modes, planners } from './differential/harness.ts'

/** Change it by FRESHET_SEED to look elsewhere, or to repeat a case that a soak printed. */
const firstSeed = Number(process.env.FRESHET_SEED ?? 1)
const worlds = Number(process.env.FRESHET_WORLDS ?? 12)
const operationsPerWorld = 12

for (const [mode, planner] of modes.flatMap((mode) => planners.map((planner) => [mode, planner] as const))) {
  test(`random operations over random subgraphs answer as one schema does: ${mode}, ${planner} planner, seeds from ${firstSeed}`, async () => {
    let cases = 0
    for (let seed = firstSeed; seed < firstSeed + worlds; seed++) {
      const report = await compareWorld(seed, operationsPerWorld, mode, planner)
      assert.deepEqual(report.differences.slice(0, 1), [], report.differences[0])
      cases += report.cases
    }
    // So that a generator whose worlds do not compose does not look like success.
    assert.ok(cases >= worlds * operationsPerWorld / 2, `only ${cases} cases`)
  })
}
