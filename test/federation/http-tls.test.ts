import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { httpSubgraph, SubgraphFailure } from '../../federation/index.ts'
import { cert, key } from './certificate.ts'

const query = { query: '{ a }', context: undefined, kind: 'query' } as const
const untrusted = (error: unknown) =>
  error instanceof SubgraphFailure && /^has a certificate that is not to be trusted \(DEPTH_ZERO_SELF_SIGNED_CERT\): "tls\.ca" names/.test(error.message)

test('calls a subgraph over TLS, if its certificate is one to trust', { timeout: 30_000 }, async () => {
  let connections = 0
  const answer = JSON.stringify({ data: { a: 'é'.repeat(100_000) } })
  await using stack = new AsyncDisposableStack()
  const server = createServer({ cert, key }, (request, response) => {
    request.resume().on('end', () => response.end(answer))
  })
  server.on('secureConnection', () => { connections++ })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  stack.defer(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `https://localhost:${(server.address() as AddressInfo).port}/graphql`
  const trusting = httpSubgraph({ url, tls: { ca: cert } })
  stack.defer(() => trusting.close?.())
  for (let number = 0; number < 3; number++) assert.equal(JSON.stringify(await trusting.execute(query)), answer)
  assert.equal(connections, 1)
  for (const tls of [undefined, { ca: rootCertificates[0] }]) {
    const strict = httpSubgraph({ url, tls, subscriptionProtocol: 'sse' })
    stack.defer(() => strict.close?.())
    await assert.rejects(async () => strict.execute(query), untrusted)
    await assert.rejects(strict.subscribe({ ...query, kind: 'subscription' }), untrusted)
  }
})
