import { readFileSync } from 'node:fs'
import { link, mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { IndexUnavailableError } from '../entity-index.ts'

/** Makes the directory's own entries (created, renamed, removed files) crash-proof. */
async function syncDirectory(directory: string): Promise<void> {
  // Windows knows no such thing and opens no directories.
  if (process.platform === 'win32') return
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Replaces a small file in one step: a crash leaves the old content or the new, whole. */
export async function writeAtomically(directory: string, name: string, content: string): Promise<void> {
  const temporary = join(directory, `${name}.tmp`)
  const handle = await open(temporary, 'w')
  try {
    await handle.writeFile(content)
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(temporary, join(directory, name))
  await syncDirectory(directory)
}

export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** Directories that this process has locked: its own id in a lock file proves nothing, since containers reuse ids. */
const held = new Set<string>()

/**
 * Takes the directory for this process, creating it where it is missing. A lock of a process that is gone is taken over.
 * Throws `IndexUnavailableError` where another one holds it.
 */
export async function lockDirectory(directory: string): Promise<{ release(): Promise<void> }> {
  await mkdir(directory, { recursive: true })
  const path = join(directory, 'lock')
  const refuse = (owner: string): never => {
    throw new IndexUnavailableError(`${directory} is in use by ${owner}. The embedded index is one process's: stop the other one, ` +
      'give this one a directory of its own, or use Weaviate (FRESHET_WEAVIATE_URL).')
  }
  if (held.has(path)) refuse('this process')
  held.add(path)
  try {
    for (;;) {
      if (await claim(path)) break
      const content = await readIfThere(path)
      const owner = ownerOf(content)
      if (owner && owner.pid !== process.pid && isAlive(owner)) refuse(`process ${owner.pid}`)
      if (content !== null) await removeStale(path, content)
    }
  } catch (error) {
    held.delete(path)
    throw error
  }
  return {
    release: async () => {
      await rm(path, { force: true })
      held.delete(path)
    },
  }
}

/** Makes the lock file with its content in one step, so that nobody reads half of it; false where there is one. */
async function claim(path: string): Promise<boolean> {
  const own = `${path}.${process.pid}`
  await writeFile(own, JSON.stringify({ pid: process.pid, started: startOf(process.pid) }))
  try {
    await link(own, path)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  } finally {
    await rm(own, { force: true })
  }
}

/** Removes the lock that was read, and no other: a process that was faster may have put its own there meanwhile. */
async function removeStale(path: string, content: string): Promise<void> {
  const aside = `${path}.${process.pid}.stale`
  try {
    await rename(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    if (await readIfThere(aside) !== content) await link(aside, path)
  } finally {
    await rm(aside, { force: true })
  }
}

interface Owner {
  pid: number
  started: string | null
}

function ownerOf(content: string | null): Owner | null {
  try {
    return JSON.parse(content ?? '') as Owner
  } catch {
    return null
  }
}

function isAlive({ pid, started }: Owner): boolean {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
  }
  return started === null || startOf(pid) === started
}

/**
 * When a process began, in the kernel's ticks: tells it from a later one with the same id. Null where there is no /proc, and for a
 * process that has ended and is only remembered until its parent asks for it, as in containers whose first process never does.
 */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name in parentheses, may hold spaces: count from its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' || fields[0] === 'X' ? null : fields[19] ?? null
  } catch {
    return null
  }
}
