import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { requireReal } from './available.ts'
import { launchBrowser } from './browser.ts'

test('a real browser runs the scripts of a page of this machine', { skip: requireReal('browser'), timeout: 60_000 }, async () => {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'text/html').end('<p id=p></p><script>p.textContent = 6 * 7</script>')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  await using browser = await launchBrowser()
  const page = await browser.newPage()
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
  assert.equal(await page.locator('#p').textContent(), '42')
  await page.close()
  server.close()
})
