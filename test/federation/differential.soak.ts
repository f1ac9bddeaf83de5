import { compareWorld, modes, planners } from './differential/harness.ts'

/**
 * Cases over all modes together: FRESHET_SOAK_CASES, 100,000 unless said otherwise, from seed FRESHET_SEED. Prints
 * every difference with its seed and ends with 1 when there was any. Every fourth world is planned by the own planner
 * alone.
 */
const wanted = Number(process.env.FRESHET_SOAK_CASES ?? 100_000)
const firstSeed = Number(process.env.FRESHET_SEED ?? Date.now() % 1_000_000)
const operationsPerWorld = 20

const total = { cases: 0, worlds: 0, unusable: 0, differences: 0 }
console.log(`seeds from ${firstSeed}`)
for (let seed = firstSeed; total.cases < wanted; seed++) {
  for (const mode of modes) {
    const report = await compareWorld(seed, operationsPerWorld, mode, planners[Number(seed % 4 === 0)]!)
    total.cases += report.cases
    total.unusable += report.unusable
    total.differences += report.differences.length
    for (const difference of report.differences) console.log(difference)
  }
  total.worlds++
  if (total.worlds % 100 === 0) console.log(JSON.stringify(total))
}
console.log(JSON.stringify(total))
process.exitCode = total.differences > 0 ? 1 : 0
