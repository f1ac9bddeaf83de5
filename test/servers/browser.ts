import { existsSync } from 'node:fs'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

/** `CHROMIUM`, or where Debian's and others' packages put it; the first of these if none is there. */
export function findChromium(): string {
  const chosen = process.env['CHROMIUM']
  if (chosen) return chosen
  const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome']
  return usual.find((path) => existsSync(path)) ?? usual[0]!
}

/** Starts a headless browser: `await using browser = await launchBrowser()` closes it. */
export function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      // Root, as in most containers, cannot use the sandbox; pages come from this test's own server only.
      '--no-sandbox',
      '--disable-gpu',
      // Tests speak to this machine alone: nothing of the browser's own may look further.
      '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  })
}
