import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from '../ingest/observer.ts'
import { SettingsError, type Settings } from './settings.ts'

const keyBytes = 32

/**
 * The text of the key for processes that serve behind one port: the setting, or one for as long as the process lives that makes
 * it for all of them.
 */
export function sharedCursorKey({ cursorKey }: Settings, logger: Logger): string {
  if (cursorKey !== undefined) return cursorKey
  warn('these processes', logger)
  return randomBytes(keyBytes).toString('base64url')
}

/**
 * The key by which subscriptions' cursors are signed: of the setting, so that every replica knows it; beside the embedded log,
 * where there is but one process, one that is made once and kept with it, for the owner's eyes alone; else one for as
 * long as this process lives.
 *
 * @throws SettingsError where the file cannot be used
 */
export function cursorKeyOf({ cursorKey, kafkaBrokers, dataDir }: Settings, logger: Logger): Uint8Array {
  if (cursorKey !== undefined) return createHash('sha256').update(cursorKey).digest()
  if (!kafkaBrokers) return keptKey(dataDir)
  warn('this process', logger)
  return randomBytes(keyBytes)
}

const warn = (whom: string, logger: Logger): void => logger.warn(`cursors of subscriptions fit ${whom} alone: clients that reconnect to `
  + 'another replica, or after a restart, are told of a gap and begin anew. Set "cursorKey" (FRESHET_CURSOR_KEY) to the same text for all replicas.')

function keptKey(directory: string): Uint8Array {
  const path = join(directory, 'cursor.key')
  try {
    mkdirSync(directory, { recursive: true })
    try {
      writeFileSync(path, randomBytes(keyBytes), { flag: 'wx', mode: 0o600, flush: true })
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    }
    const key = readFileSync(path)
    if (key.length !== keyBytes) throw new Error(`expected ${keyBytes} bytes, got ${key.length}; remove it, and another is made`)
    return key
  } catch (error) {
    throw new SettingsError(`${path}: the key of cursors cannot be used (${(error as Error).message}).`, { cause: error })
  }
}
