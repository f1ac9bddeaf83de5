import { readFileSync } from 'node:fs'
import { mkdir, open, readFile, rename, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { IndexUnavailableError } from '../entity-index.ts'

/** Makes the directory's own entries (created, renamed, removed files) crash-proof. */
export async function syncDirectory(directory: string): Promise<void> {
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
      const handle = await create(path)
      if (handle) {
        await handle.writeFile(JSON.stringify({ pid: process.pid, started: startOf(process.pid) }))
        await handle.close()
        break
      }
      const owner = ownerOf(await readIfThere(path))
      if (owner && owner.pid !== process.pid && isAlive(owner)) refuse(`process ${owner.pid}`)
      await rm(path, { force: true })
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

async function create(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return null
    throw error
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

/** When a process began, in the kernel's ticks: tells it from a later one with the same id. Null where there is no /proc. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The second field, the name in parentheses, may hold spaces: count from its end.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
