// Outlives the test process that started it, for a moment: when its standard input ends, because the owner exited or was
// killed, it kills what the owner still had running and removes what the owner still had on disk.
import { readFileSync, rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'

/** What the owner tells its watchdog, one JSON value a line. */
export type Order = { keep: 'process'; pid: number } | { keep: 'directory'; path: string } | { forget: number | string }

const processes = new Set<number>()
const directories = new Set<string>()

function obey(order: Order): void {
  if ('forget' in order) {
    processes.delete(order.forget as number)
    directories.delete(order.forget as string)
  } else if (order.keep === 'process') processes.add(order.pid)
  else directories.add(order.path)
}

/** Whether a process runs. One that has ended but was not yet reaped, as orphans in containers often are, does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return process.platform !== 'linux' || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

if (import.meta.main) {
  for await (const line of createInterface({ input: process.stdin })) obey(JSON.parse(line) as Order)
  for (const pid of processes) if (isAlive(pid)) process.kill(pid, 'SIGKILL')
  // A dying server may still create files: the directories go when it is gone (SIGKILL takes a moment; at most 5 s).
  for (let waits = 0; waits < 100 && [...processes].some(isAlive); waits++) await delay(50)
  for (const path of directories) rmSync(path, { recursive: true, force: true, maxRetries: 5 })
}
