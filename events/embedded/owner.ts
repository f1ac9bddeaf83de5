import { readFileSync, writeFileSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { join } from 'node:path'

/** Another process, or another part of this one, has the directory open. */
export class DirectoryInUseError extends Error {
  override readonly name = 'DirectoryInUseError'
  readonly code = 'DIRECTORY_IN_USE'
}

const ownerFile = (directory: string): string => join(directory, 'events.owner')

/** For the words of the refusal only: the file's lock decides. */
export const nameOwner = (directory: string): void =>
  writeFileSync(ownerFile(directory), `process ${process.pid} on ${hostname()}\n`)

/** Who has it, and what to do. */
export function directoryInUse(directory: string, cause: unknown): DirectoryInUseError {
  let who = 'another process'
  try {
    who = readFileSync(ownerFile(directory), 'utf8').trim()
  } catch {
    // The owner is about to write its name: the refusal holds without it.
  }
  return new DirectoryInUseError(`The event log in ${directory} is in use by ${who}. The embedded log belongs to one process at a time: ` +
    'stop that one, or give this one a directory of its own (FRESHET_DATA_DIR).', { cause })
}

/** Tells one start of the machine from another. */
export function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    // Elsewhere the minute in which the machine started; off by one at worst, which costs a gap in the offsets.
    return String(Math.round((Date.now() / 1000 - uptime()) / 60))
  }
}
