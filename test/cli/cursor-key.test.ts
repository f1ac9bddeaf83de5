import assert from 'node:assert/strict'
import { mkdtempDisposableSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { cursorKeyOf } from '../../cli/cursor-key.ts'
import { resolveSettings, SettingsError } from '../../cli/settings.ts'
import type { Logger } from '../../ingest/observer.ts'

function keyWith(env: Record<string, string>) {
  const said: string[] = []
  const say = (message: string) => void said.push(message)
  const logger: Logger = { info: say, warn: say, error: say }
  return { key: Buffer.from(cursorKeyOf(resolveSettings({ env }), logger)), said }
}

describe('the key of cursors', () => {
  test('is the same for all who have the setting, and said to nobody', () => {
    const env = { FRESHET_CURSOR_KEY: 'sixteen letters and more', FRESHET_KAFKA_BROKERS: 'localhost:9092' }
    const [one, other, third] = [keyWith(env), keyWith(env), keyWith({ ...env, FRESHET_CURSOR_KEY: 'sixteen letters and less' })]
    assert.deepEqual([one.key, one.said], [other.key, []])
    assert.equal(one.key.length, 32)
    assert.notDeepEqual(third.key, one.key)
  })

  test('beside the embedded log is made once, kept, and readable by its owner alone', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'freshet-'))
    const env = { FRESHET_DATA_DIR: join(folder.path, 'data') }
    const { key, said } = keyWith(env)
    assert.deepEqual(keyWith(env).key, key)
    assert.deepEqual(said, [])
    const path = join(env.FRESHET_DATA_DIR, 'cursor.key')
    assert.deepEqual(readFileSync(path), key)
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('that is damaged is named, and not shown', () => {
    using folder = mkdtempDisposableSync(join(tmpdir(), 'freshet-'))
    writeFileSync(join(folder.path, 'cursor.key'), 'hunter2')
    assert.throws(() => keyWith({ FRESHET_DATA_DIR: folder.path }), (error: unknown) =>
      error instanceof SettingsError && /cursor\.key: .*expected 32 bytes, got 7; remove it/.test(error.message) && !error.message.includes('hunter2'))
  })

  test('on Kafka without the setting is of this process alone, and the operator hears what that means', () => {
    const env = { FRESHET_KAFKA_BROKERS: 'localhost:9092' }
    const { key, said } = keyWith(env)
    assert.notDeepEqual(keyWith(env).key, key)
    assert.match(said.join(), /^cursors of subscriptions fit this process alone.*FRESHET_CURSOR_KEY/)
  })

  test('that is too short to be a secret is refused', () => {
    assert.throws(() => resolveSettings({ env: { FRESHET_CURSOR_KEY: 'hunter2' } }), (error: unknown) =>
      error instanceof SettingsError && /expected a text of at least 16 characters, got something else/.test(error.message))
  })
})
