import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'

/** Where servers fetched for tests are kept: outside the checkout, so that every clone on a machine shares them. */
export const cacheDirectory = (): string =>
  resolve(process.env['FRESHET_CACHE_DIR'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'freshet'))

/** Whether `installOnce(name, …)` has finished on this machine. */
export const isInstalled = (name: string): boolean => existsSync(join(cacheDirectory(), name))

/**
 * Fills a cache entry once per machine, whoever else tries at the same time, and returns its directory.
 *
 * The entry appears by one rename, so a directory that exists is complete even if an earlier attempt was killed half-way.
 * @param install fills the (empty) directory that it is given; when it throws, nothing is kept
 */
export async function installOnce(name: string, install: (directory: string) => Promise<void>): Promise<string> {
  const cache = cacheDirectory()
  const entry = join(cache, name)
  if (existsSync(entry)) return entry
  await mkdir(cache, { recursive: true })
  await using _lock = await lock(join(cache, `${name}.lock`))
  if (existsSync(entry)) return entry
  const partial = join(cache, `${name}.partial`)
  // What a killed attempt left: nobody else is at work on it while the lock is ours.
  await rm(partial, { recursive: true, force: true })
  await mkdir(partial)
  await install(partial)
  await rename(partial, entry)
  return entry
}

/**
 * Waits for an exclusive lock between processes. SQLite's file lock is used because the system releases it when its
 * holder dies: a lock file would have to be judged stale by guessing.
 */
async function lock(path: string): Promise<AsyncDisposable> {
  const database = new DatabaseSync(path, { timeout: 0 })
  for (let told = false; ; await delay(200)) {
    try {
      database.exec('BEGIN EXCLUSIVE')
      break
    } catch (error) {
      if (!(error instanceof Error && /database is locked/.test(error.message))) {
        database.close()
        throw error
      }
      if (!told) console.error(`freshet tests: another process is installing (it holds ${path}); waiting for it`)
      told = true
    }
  }
  return { [Symbol.asyncDispose]: async () => database.close() }
}
