import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { Checker } from './checker.ts'
import { startDeployment } from './replicas.ts'
import { startForwarder } from './tcp.ts'

describe('a rolling restart', { skip: requireReal('kafka', 'weaviate'), timeout: 120_000 }, () => {
  test('of two replicas behind a TCP balancer: each ends cleanly, and clients lose and repeat nothing', async (t) => {
    await using deployment = await startDeployment({ gateways: 2 })
    const { gateways, send } = deployment
    await using balancer = await startForwarder(() => gateways.map(({ port }) => port))
    // The requests of one stream have to stay together.
    await using sticky = await startForwarder(() => gateways.map(({ port }) => port), { inTurn: false })
    await using checker = new Checker({ send, urlOf: () => balancer.url, streamUrlOf: () => sticky.url })
    await checker.begin()
    const before = checker.connected
    for (const gateway of gateways) {
      await checker.sends(100)
      await gateway.stop()
      await checker.sends(60)
      await gateway.start()
      await checker.arrived()
    }
    await checker.end()
    checker.check()
    t.diagnostic(`${checker.ledger.sent.length} events, ${before} connections before it and ${checker.connected} after`)
  })
})
