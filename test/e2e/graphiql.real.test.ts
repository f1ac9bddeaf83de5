import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { requireReal } from '../servers/available.ts'
import { startFreshet, type Published } from '../support/freshet.ts'
import { openPage } from './page.ts'

const stream = (id: string, title: string): Published =>
  ({ type: 'LivestreamStarted', subject: `livestream:${id}`, data: { sellerId: `of-${id}`, title, category: 'shoes' } })

/** Puts an operation into the editor and runs it, as the keyboard would. */
async function run(page: Page, operation: string): Promise<void> {
  const editor = page.locator('.graphiql-query-editor')
  await editor.click()
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.insertText(operation)
  // The page has understood the operation once its tab bears the name.
  await page.locator('.graphiql-tab').getByText('Moving').waitFor()
  await page.keyboard.press('ControlOrMeta+Enter')
}

const result = (page: Page) => page.locator('.result-window')

describe('GraphiQL in a browser', { skip: requireReal('browser'), timeout: 120_000 }, () => {
  test('loads from here alone, runs the first query and shows a subscription move', async () => {
    await using freshet = await startFreshet()
    await freshet.publish(
      { type: 'UserRegistered', subject: 'user:user-1', data: { name: 'First' } },
      { type: 'SellerRegistered', subject: 'seller:of-one', data: { name: 'Shoe Palace' } }, stream('one', 'Red running shoes'),
    )
    await freshet.settled()
    await using opened = await openPage(`${freshet.url}/graphql`)
    const { page } = opened

    const execute = page.locator('.graphiql-execute-button')
    await execute.click()
    await page.getByRole('menuitem', { name: 'Feed', exact: true }).click()
    await result(page).getByText('Red running shoes').waitFor()
    await result(page).getByText('Shoe Palace').waitFor()

    await run(page, 'subscription Moving { livestream(id: "one") { title } }')
    await result(page).getByText('"livestream"').waitFor()
    for (const title of ['Blue dancing shoes', 'Winter boots']) {
      await freshet.publish({ type: 'LivestreamChanged', subject: 'livestream:one', data: { title } })
      await result(page).getByText(title).waitFor()
    }
    assert.deepEqual([opened.outside, opened.problems], [[], []])
  })
})
