import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'

/** A process of a benchmark, which answers what it is asked. */
export interface Child extends AsyncDisposable {
  name: string
  pid: number
  /** Where it listens, if it does. */
  url: string
  ask<Answer>(question: unknown): Promise<Answer>
}

/** What `npm start` gives Freshet, all others get as well. */
const flags = ['--max-semi-space-size=16', '--no-warnings']

/** FRESHET_BENCH_PROFILE: a folder for CPU profiles of the servers; none unless it is said. */
const profile = process.env.FRESHET_BENCH_PROFILE

/** Ready when it has told where it listens. @param module a file of this folder */
export async function startChild(name: string, module: string, args: readonly unknown[], { watched = false, flags: more = [] as string[] } = {}): Promise<Child> {
  const child = fork(`${import.meta.dirname}/${module}`, [JSON.stringify(args)], {
    execArgv: [...flags, ...more, ...watched && profile !== undefined ? ['--cpu-prof', `--cpu-prof-dir=${profile}`, `--cpu-prof-name=${name.replaceAll(/\W+/g, '-')}-${process.hrtime.bigint()}.cpuprofile`] : []],
    env: { ...process.env, NODE_ENV: 'production' }, stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const exit = once(child, 'exit')
  const next = async (): Promise<unknown> => {
    const [told] = await Promise.race([once(child, 'message'), exit.then(([code]) => { throw new Error(`${name} ended (${String(code)}).`) })]) as [unknown]
    return told
  }
  const { url } = await next() as { url: string }
  return {
    name, url, pid: child.pid as number,
    async ask<Answer>(question: unknown) {
      child.send({ question })
      return await next() as Answer
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.disconnect()
      const patience = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exit
      clearTimeout(patience)
    },
  }
}

/** CPU time of a process so far, and of those that it has started, all their threads, seconds (Linux). */
export function cpuOf(pid: number): number {
  const all = readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? statOf(Number(name)) ?? [] : []))
  return all.filter((each) => each.pid === pid || each.parent === pid).reduce((sum, { seconds }) => sum + seconds, 0)
}

/** Undefined: it has just ended. */
function statOf(pid: number): { pid: number; parent: number; seconds: number } | undefined {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]!.split(' ')
    return { pid, parent: Number(fields[1]), seconds: (Number(fields[11]) + Number(fields[12])) / 100 }
  } catch {
    return undefined
  }
}
