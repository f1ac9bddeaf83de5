import { isAbandoned } from '../../federation/index.ts'
import { compareWorld, modes, planners } from './differential/harness.ts'
import { withinLiveSeconds } from './differential/live-seconds.ts'

/**
 * Cases over all modes together: FRESHET_SOAK_CASES, 100,000 unless said otherwise, from seed FRESHET_SEED. Prints
 * every difference with its seed and ends with 1 when there was any. Every fourth world is planned by the own planner
 * alone. What takes too long is a difference as well.
 */
const wanted = Number(process.env.FRESHET_SOAK_CASES ?? 100_000)
const firstSeed = Number(process.env.FRESHET_SEED ?? Date.now() % 1_000_000)
const operationsPerWorld = 20
/** For one world in one mode, which takes a tenth of a second. */
const limitSeconds = 120

// The one schema and the remote subgraphs are executed by graphql-js.
process.on('unhandledRejection', (reason) => {
  if (!isAbandoned(reason)) throw reason
})

const total = { cases: 0, worlds: 0, unusable: 0, differences: 0 }
console.log(`seeds from ${firstSeed}`)
for (let seed = firstSeed; total.cases < wanted; seed++) {
  for (const mode of modes) {
    const planner = planners[Number(seed % 4 === 0)]!
    const report = await withinLiveSeconds(limitSeconds, compareWorld(seed, operationsPerWorld, mode, planner)) ?? {
      cases: 0, unusable: 0, differences: [`seed ${seed}, ${mode}, ${planner} planner: not answered within ${limitSeconds} s`],
    }
    total.cases += report.cases
    total.unusable += report.unusable
    total.differences += report.differences.length
    for (const difference of report.differences) console.log(difference)
  }
  total.worlds++
  if (total.worlds % 100 === 0) console.log(JSON.stringify(total))
}
console.log(JSON.stringify(total))
// What did not answer may keep the process alive.
process.exit(total.differences > 0 ? 1 : 0)
