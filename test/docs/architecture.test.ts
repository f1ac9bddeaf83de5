import assert from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

test('ARCHITECTURE.md names no file that is gone', () => {
  const files = globSync('**/*.{ts,js,graphql}', { cwd: root, exclude: ['node_modules/**', '.*/**'] }).map((path) => `/${path}`)
  const text = readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')
  // Placeholders (`schema/NAME.graphql`) stand for one of several.
  const named = [...text.matchAll(/`([\w./-]+\.(?:ts|js|graphql))`/g)].map(([, name = '']) => name).filter((name) => !/[A-Z]{4}/.test(name))
  assert.ok(named.length > 100, 'the names were found')
  assert.deepEqual(named.filter((name) => !files.some((file) => file.endsWith(`/${name.replace(/^(\.\.\/)+/, '')}`))), [])
})
