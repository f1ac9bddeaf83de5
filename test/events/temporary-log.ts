import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openSqliteLog, type SqliteLogOptions } from '../../events/sqlite.ts'

/** A directory that is gone after the test. */
export function temporaryDirectory(t: Pick<TestContext, 'after'>): string {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-log-'))
  t.after(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** An embedded log in a directory of its own, closed and removed after the test. */
export async function temporaryLog(t: Pick<TestContext, 'after'>, options: Partial<SqliteLogOptions> = {}) {
  const directory = temporaryDirectory(t)
  const log = await openSqliteLog({ directory, partitions: 4, ...options })
  t.after(() => log.close())
  return { log, directory }
}
