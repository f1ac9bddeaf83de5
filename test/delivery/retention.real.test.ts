import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { Checker } from './checker.ts'
import { EvaluatedJudge } from './list-judges.ts'
import { startDeployment } from './replicas.ts'

describe('a log that was truncated by retention while a gateway was away', { skip: requireReal('kafka', 'weaviate'), timeout: 120_000 }, () => {
  test('every subscription is told of the gap, events with their number, and goes on from the state behind it', async (t) => {
    await using deployment = await startDeployment({ gateways: 1 })
    const { send, forget, gateways: [gateway] } = deployment
    if (!gateway) throw new Error('expected a gateway')
    await using checker = new Checker({ send, urlOf: () => gateway.url })
    await checker.begin()
    await checker.sends(100)
    await gateway.stop()
    await checker.sends(100)
    await checker.pause()
    await forget()
    await gateway.start()
    await checker.end()
    // The judge of events holds what notices count against what is missing.
    checker.check({ gaps: (_judge, { reason, missed }) => reason === 'RETENTION' && missed.from !== undefined && missed.count !== 0 })
    // A search or feed begins anew in another process, whatever the log holds.
    for (const judge of checker.judges) assert.equal(judge.notices.length, judge instanceof EvaluatedJudge ? 0 : 1, `${judge.name} is told of it once`)
    t.diagnostic(checker.judges.map(({ name, notices }) => `${name}: ${notices.map(({ missed: { count } }) => count).join()}`).join('; '))
  })
})
