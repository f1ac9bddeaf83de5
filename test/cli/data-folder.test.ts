import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { loneIndex, openIndex, openLog } from '../../cli/parts.ts'
import { resolveSettings, SettingsError } from '../../cli/settings.ts'
import { silentLogger } from '../../ingest/observer.ts'
import { temporaryDirectory } from '../servers/process.ts'

test('a data folder that cannot be one is told by its setting, for the log and for the index', async () => {
  await using folder = temporaryDirectory('data-folder')
  const file = join(folder.path, 'a-file')
  writeFileSync(file, '')
  mkdirSync(join(folder.path, 'taken'))
  writeFileSync(join(folder.path, 'taken/log'), '')
  for (const dataDir of [file, join(file, 'below'), join(folder.path, 'taken')]) {
    const settings = resolveSettings({ env: { FRESHET_DATA_DIR: dataDir } })
    const refused = (error: unknown): boolean => error instanceof SettingsError
      && error.message.startsWith(`FRESHET_DATA_DIR: expected a folder that can be written, got "${dataDir}" (`) && error.message.endsWith('For example: FRESHET_DATA_DIR=./.freshet')
    await assert.rejects(openLog(settings, silentLogger), refused)
    if (!dataDir.endsWith('taken')) await assert.rejects(openIndex(settings), refused)
  }
})

test('an index that one process has for itself, while others share the log with it, is told of with the setting', () => {
  const kafka = resolveSettings({ env: { FRESHET_KAFKA_BROKERS: 'localhost:9092' } })
  assert.match(loneIndex(kafka, ['gateway']) ?? '', /^weaviate\.url is not set, so this gateway reads an index of its own.*FRESHET_WEAVIATE_URL="http:\/\/localhost:8080"$/)
  assert.match(loneIndex(kafka, ['ingest']) ?? '', /this ingest writes an index of its own/)
  assert.equal(loneIndex(kafka, ['ingest', 'gateway']), undefined)
  assert.equal(loneIndex({ ...kafka, weaviateUrl: 'http://localhost:8080' }, ['gateway']), undefined)
  assert.equal(loneIndex(resolveSettings({ env: {} }), ['gateway']), undefined)
})
