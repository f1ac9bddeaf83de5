import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { conclude, stallFor, startRig } from './faults.ts'

const stallMs = 30_000

describe('long faults below the gateway', { skip: requireReal('kafka'), timeout: 600_000 }, () => {
  test('the network to the broker stalls for 30 s', async (t) => {
    await using rig = await startRig()
    await rig.checker.sends(100)
    await stallFor(rig.toBroker, stallMs)
    await conclude(rig, t)
  })

  test('the network to the clients stalls for 30 s', async (t) => {
    await using rig = await startRig()
    await rig.checker.sends(100)
    await stallFor(rig.toGateway, stallMs)
    // More than waits for one who does not read: the judge holds the notices' counts against what is missing.
    await conclude(rig, t, { gaps: ({ name }, { reason, missed }) => reason === 'BUFFER' && name.startsWith('events') && missed.count !== null })
    t.diagnostic(rig.checker.judges.map(({ name, notices }) => `${name}: ${notices.map(({ missed: { count } }) => count).join()}`).join('; '))
  })

  test('the broker dies five times', async (t) => {
    await using rig = await startRig()
    for (let deaths = 0; deaths < 5; deaths++) {
      await rig.checker.sends(50 + 31 * deaths)
      await rig.kafka.kill()
      await rig.kafka.restart()
      await rig.checker.arrived()
    }
    await conclude(rig, t)
  })
})
