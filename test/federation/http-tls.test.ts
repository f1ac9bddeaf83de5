import assert from 'node:assert/strict'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { httpSubgraph, SubgraphFailure } from '../../federation/index.ts'

// For localhost, of no use elsewhere; good for a hundred years.
const cert = `-----BEGIN CERTIFICATE-----
MIIBlTCCATugAwIBAgIULVF6DzwUXV+ELehZRcTLTrYqRJgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjEzMjM0M1oYDzIxMjYxMDI5
MTMyMzQzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATqQuqK7devOtyQA0ZKufwL/dwWb3GiVHNakQqKsvhTt686d8ZdGK2I
aVDmIpsmU+8yKsYTmYVYhboO9ui+qTIWo2kwZzAdBgNVHQ4EFgQUwszChpRRahWV
L3H9q5Fxa5M/oKYwHwYDVR0jBBgwFoAUwszChpRRahWVL3H9q5Fxa5M/oKYwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SAAwRQIhAJN9u4x9xQx/199v1kXr7cJ3OaLz4a4UGWUo1Dh1IB+jAiAx7+jCZRCr
ASCK/xT0lGvUgUQu0UdeSa/h/GOczwRg/Q==
-----END CERTIFICATE-----`
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgb6eQvdsfPrfhbSR+
0YTo4sidI/MaFmpXFR81W6QYw8mhRANCAATqQuqK7devOtyQA0ZKufwL/dwWb3Gi
VHNakQqKsvhTt686d8ZdGK2IaVDmIpsmU+8yKsYTmYVYhboO9ui+qTIW
-----END PRIVATE KEY-----`

test('calls a subgraph over TLS, if its certificate is one to trust', async () => {
  let connections = 0
  const answer = JSON.stringify({ data: { a: 'é'.repeat(100_000) } })
  const server = createServer({ cert, key }, (request, response) => {
    request.resume().on('end', () => response.end(answer))
  })
  server.on('secureConnection', () => { connections++ })
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve))
  const url = `https://localhost:${(server.address() as AddressInfo).port}/graphql`
  const trusting = httpSubgraph({ url, tls: { ca: cert } })
  const strict = httpSubgraph({ url, retries: 0 })
  const query = { query: '{ a }', context: undefined, kind: 'query' } as const
  for (let number = 0; number < 3; number++) assert.equal(JSON.stringify(await trusting.execute(query)), answer)
  assert.equal(connections, 1)
  await assert.rejects(async () => strict.execute(query), (error) => error instanceof SubgraphFailure && /^could not be reached$/.test(error.message))
  await Promise.all([trusting.close?.(), strict.close?.()])
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})
