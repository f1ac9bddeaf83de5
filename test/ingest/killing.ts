import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const child = fileURLToPath(new URL('kill-child.ts', import.meta.url))

export interface Ran {
  /** Ended by itself, everything being applied. */
  done: boolean
  errors: string
}

/**
 * Runs the child on the directory and kills it (SIGKILL) at a moment that `random` chooses: one in four times while it
 * starts and recovers, else while it applies. `null` lets it come to its end.
 */
export async function runChild(directory: string, partitions: number, random: (() => number) | null): Promise<Ran> {
  const running = spawn(process.execPath, [child, directory, String(partitions)], { stdio: ['ignore', 'pipe', 'pipe'] })
  let errors = ''
  running.stderr.setEncoding('utf8').on('data', (text: string) => { errors += text })
  const kill = (withinMs: number) => setTimeout(() => running.kill('SIGKILL'), (random?.() ?? 0) * withinMs)
  const early = random !== null && random() < 0.25
  let timer: NodeJS.Timeout | undefined
  let done = false
  createInterface({ input: running.stdout }).on('line', (line) => {
    if (line === 'started' && early) timer = kill(200)
    if (line === 'owning' && random !== null && !early) timer = kill(600)
    if (line === 'done') done = true
  })
  const [code, signal] = await once(running, 'close') as [number | null, string | null]
  clearTimeout(timer)
  if (signal !== 'SIGKILL' && code !== 0) throw new Error(`the child ended with ${code ?? signal}: ${errors}`)
  return { done, errors }
}
