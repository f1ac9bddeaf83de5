import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { Checker } from './checker.ts'
import { startDeployment } from './replicas.ts'

const rotated = 'another one for all replicas'

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
    // With another key nobody's cursor fits any more.
    await gateway.stop()
    await gateway.start({ FRESHET_CURSOR_KEY: rotated })
    await checker.told('CURSOR')
    checker.check({ gaps: (_judge, { reason, missed }) => reason === 'CURSOR' && missed.count === null })
    for (const { name, notices } of checker.judges) assert.equal(notices.length, 1, `${name} is told of it once`)
    t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
  })
})
