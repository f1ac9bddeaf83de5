import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { sample } from '../cli/program.ts'
import { json, openRaw } from '../gateway/streams/raw-stream.ts'
import { requireReal } from '../servers/available.ts'
import { Checker } from './checker.ts'
import { startDeployment, type Replica } from './replicas.ts'

/** Each on a connection of its own, so that it may reach another process than the one before. */
const stream = (url: string, method: string, search = '', body?: object) => openRaw(`${url}/graphql/stream${search}`, {
  method, headers: { ...json, connection: 'close', ...method === 'GET' && { accept: 'text/event-stream' } }, ...body && { body: JSON.stringify(body) },
})

/** Runs a query over streams whose requests reach one process after the other. */
async function streamsWork({ url }: Replica): Promise<void> {
  const owners = new Set<string>()
  while (owners.size < 2) {
    const token = await (await stream(url, 'PUT')).ended
    const [owner = ''] = token.split('.')
    // Reserved in vain, they expire.
    if (owners.has(owner)) continue
    owners.add(owner)
    const opened = await stream(url, 'GET', `?token=${token}`)
    for (const id of ['a', 'b', 'c', 'd'])
      assert.equal((await stream(url, 'POST', `?token=${token}`, { query: '{ __typename }', extensions: { operationId: id } })).status, 202)
    for (const id of ['a', 'b', 'c', 'd']) await opened.until(new RegExp(`"id":"${id}","payload":\\{"data":\\{"__typename":"Query"\\}`))
    opened.leave()
  }
}

/** Streams that follow events, through whichever process. */
const followed = ({ url }: Replica) => Promise.all(Array.from({ length: 6 }, async () => {
  const token = await (await stream(url, 'PUT')).ended
  const opened = await stream(url, 'GET', `?token=${token}`)
  const query = 'subscription { events(types: ["ChatPosted"]) { id } }'
  assert.equal((await stream(url, 'POST', `?token=${token}`, { query, extensions: { operationId: 'a' } })).status, 202)
  await opened.until('"cursor":')
  return opened
}))

describe('a gateway of two processes behind one port', { skip: requireReal('kafka', 'weaviate'), timeout: 120_000 }, () => {
  test('one is killed with kill -9, the other ended, while events flow: nothing is lost, repeated or out of order, and nothing that was counted is forgotten', async (t) => {
    await using deployment = await startDeployment({ gateways: 1, processes: 2 })
    const [gateway] = deployment.gateways
    if (!gateway) throw new Error('expected a gateway')
    const [first, second] = gateway.serving()
    assert.ok(first && second && first !== second)
    assert.equal(gateway.said().match(/Freshet runs/g)?.length, 1)
    assert.equal(gateway.said().match(/metric view has caught up/g)?.length, 1, 'what both find out is said once')
    await streamsWork(gateway)

    const count = (name: string) => sample(gateway.url, name)
    await using checker = new Checker({ send: deployment.send, urlOf: () => gateway.url })
    await checker.begin()
    await checker.sends(100)
    assert.equal(await count('freshet_gateway_processes'), 2)
    const before = await count('freshet_delivered_payloads_total')
    assert.ok(before > 0)
    const connected = checker.connected

    process.kill(first, 'SIGKILL')
    await checker.sends(60)
    await gateway.says(/has taken the place/)
    assert.ok(await count('freshet_delivered_payloads_total') >= before)
    assert.equal(await count('freshet_gateway_process_restarts_total'), 1)
    await checker.arrived()

    const streams = await followed(gateway)
    process.kill(second, 'SIGTERM')
    await checker.sends(60)
    await gateway.says(/has ended;.* how=SIGKILL [^]*has ended;.* how=code 0 /)
    await checker.end()
    checker.check()
    assert.ok(checker.connected > connected, 'somebody had to connect again')
    assert.ok(await count('freshet_delivered_payloads_total') >= before)
    await gateway.stop()
    for (const { ended } of streams) assert.match((await ended).slice(-600), /event: next\ndata: \{"id":"a","payload":\{"errors":\[\{"message":"[^"]+","extensions":\{"code":"SERVER_CLOSING","cursor":"[\w-]+","retryAfterMs":1000\}\}\]\}\}\n\nretry: 1000\n\n$/)
    t.diagnostic(`${checker.ledger.sent.length} events, ${checker.connected} connections`)
  })
})
