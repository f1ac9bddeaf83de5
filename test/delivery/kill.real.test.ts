import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { Checker } from './checker.ts'
import { startDeployment } from './replicas.ts'

describe('a gateway that dies', { skip: requireReal('kafka', 'weaviate'), timeout: 120_000 }, () => {
  test('killed with kill -9 while events flow, and started again: nothing is lost, repeated or out of order', async (t) => {
    await using deployment = await startDeployment({ gateways: 1 })
    const [gateway] = deployment.gateways
    if (!gateway) throw new Error('expected a gateway')
    await using checker = new Checker({ send: deployment.send, urlOf: () => gateway.url })
    await checker.begin()
    for (let kills = 0; kills < 2; kills++) {
      await checker.sends(100 + 37 * kills)
      await gateway.kill()
      await checker.sends(60)
      await gateway.start()
      await checker.arrived()
    }
    await checker.end()
    checker.check()
    t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
  })
})
