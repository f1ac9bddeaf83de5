import type { Browser, Page } from 'playwright-core'
import { launchBrowser } from '../servers/browser.ts'

/** A page in a browser of its own, and what went wrong in it. */
export interface ObservedPage extends AsyncDisposable {
  readonly page: Page
  /** Uncaught exceptions, `console.error` and requests that failed or were answered with 400 or more, in order. */
  readonly problems: string[]
  /** Addresses outside this machine that the page asked for: each was refused. A page without a CDN has none. */
  readonly outside: string[]
}

/**
 * Opens an address in a real browser, whose clock, storage and cache are fresh, and closes it when disposed of:
 * `await using opened = await openPage('http://127.0.0.1:…')`.
 */
export async function openPage(url: string, viewport = { width: 1280, height: 800 }): Promise<ObservedPage> {
  const browser = await launchBrowser()
  try {
    return await observe(browser, url, viewport)
  } catch (error) {
    await browser.close()
    throw error
  }
}

async function observe(browser: Browser, url: string, viewport: { width: number; height: number }): Promise<ObservedPage> {
  const problems: string[] = []
  const outside: string[] = []
  const page = await browser.newPage({ viewport })
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`))
  page.on('console', (message) => { if (message.type() === 'error') problems.push(`console: ${message.text()}`) })
  page.on('requestfailed', (request) => problems.push(`${request.failure()?.errorText}: ${request.method()} ${request.url()}`))
  page.on('response', (response) => {
    if (response.status() >= 400) problems.push(`${response.status()}: ${response.request().method()} ${response.url()}`)
  })
  page.on('request', (request) => { if (!isHere(request.url())) outside.push(request.url()) })
  page.on('websocket', (socket) => {
    if (!isHere(socket.url())) outside.push(socket.url())
    socket.on('socketerror', (error) => problems.push(`${error}: ${socket.url()}`))
  })
  await page.goto(url)
  return { page, problems, outside, [Symbol.asyncDispose]: () => browser.close() }
}

function isHere(url: string): boolean {
  const { protocol, hostname } = new URL(url)
  return protocol === 'data:' || protocol === 'blob:' || hostname === '127.0.0.1' || hostname === 'localhost'
}
