import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { conclude, stallFor, startRig } from './faults.ts'

describe('faults below the gateway', { skip: requireReal('kafka'), timeout: 120_000 }, () => {
  test('a network that stalls and a broker that dies while events flow: clients lose and repeat nothing', async (t) => {
    await using rig = await startRig()
    const { kafka, checker, toBroker, toGateway } = rig
    await checker.sends(40)
    await stallFor(toBroker, 3_000)
    await checker.arrived()
    await stallFor(toGateway, 3_000)
    toGateway.cut()
    await checker.arrived()
    await checker.sends(40)
    await kafka.kill()
    await kafka.restart()
    await checker.sends(40)
    await conclude(rig, t)
  })
})
