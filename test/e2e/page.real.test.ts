import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { openPage } from './page.ts'

/** Serves one page at `/`, and 404 at every other path. */
async function serve(html: string): Promise<{ url: string } & AsyncDisposable> {
  const server = createServer((request, response) => {
    if (request.url === '/') response.setHeader('content-type', 'text/html').end(`<link rel=icon href="data:,">${html}`)
    else response.writeHead(404).end()
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

describe('an observed page', { skip: requireReal('browser'), timeout: 60_000 }, () => {
  test('runs its scripts and has no problems when nothing goes wrong', async () => {
    await using server = await serve('<p id=p></p><script>p.textContent = 6 * 7</script>')
    await using opened = await openPage(server.url)
    assert.equal(await opened.page.locator('#p').textContent(), '42')
    assert.deepEqual([opened.problems, opened.outside], [[], []])
  })

  test('tells of uncaught exceptions, errors on the console and requests that fail', async () => {
    await using server = await serve(`<p id=p></p><script>
      onerror = onunhandledrejection = () => { p.textContent = 'noticed' }
      console.error('said')
      fetch('/missing').then(() => boom())
    </script>`)
    await using opened = await openPage(server.url)
    await opened.page.getByText('noticed').waitFor()
    assert.match(opened.problems.join('\n'), /console: said[^]*404: GET .*\/missing[^]*uncaught: boom is not defined/)
  })

  test('reaches nothing outside this machine, and tells what it tried', async () => {
    await using server = await serve('<script src="http://cdn.invalid/library.js"></script><p>after</p>')
    await using opened = await openPage(server.url)
    assert.equal(await opened.page.locator('p').textContent(), 'after')
    assert.deepEqual(opened.outside, ['http://cdn.invalid/library.js'])
    assert.match(opened.problems.join('\n'), /ERR_NAME_NOT_RESOLVED: GET http:\/\/cdn\.invalid\/library\.js/)
  })
})
