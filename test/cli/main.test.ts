import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What a file imports at its head, and what that imports in turn; types, and what is imported on demand, apart. */
function importedAtOnce(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    const values = readFileSync(join(root, file), 'utf8').replaceAll(/^(import|export) type [^;]*? from '[^']+'$/gm, '')
    for (const [, name = ''] of values.matchAll(/^(?:(?:import|export|\}) .*from |import )'([^']+)'/gm)) {
      if (name.startsWith('.')) visit(join(file, '..', name))
      else if (!name.startsWith('node:')) packages.add(name)
    }
  }
  visit(entry)
  return { files, packages }
}

describe('the program', () => {
  test('loads what a command needs only when it runs: help and wrong settings are answered at once', () => {
    const { files, packages } = importedAtOnce('cli/main.ts')
    assert.deepEqual([...packages].sort(), ['commander', 'js-yaml'])
    const foreign = [...files].filter((file) => !file.startsWith('cli/'))
    assert.deepEqual(foreign.filter((file) => importedAtOnce(file).files.size > 1), [], 'of other rooms only what imports nothing in turn')
    assert.ok(importedAtOnce('cli/run.ts').packages.has('@apollo/server'), 'imports were followed')
  })
})
