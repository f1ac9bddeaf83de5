import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import node from '../cli/node.json' with { type: 'json' }
import { freePorts } from '../test/servers/ports.ts'

/** A gateway in a process of its own. */
export interface Gateway extends AsyncDisposable {
  name: string
  url: string
  pid: number
}

/** What `npm start` gives Freshet (`cli/freshet.js`), all others of its kind get as well. */
export const { flags: execArgv, env: environment } = node

export function gatewayOf(name: string, child: ChildProcess, url: string): Gateway {
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  return {
    name, url, pid: child.pid!,
    [Symbol.asyncDispose]: async () => {
      process.off('exit', kill)
      if (child.exitCode !== null || child.signalCode !== null) return
      const ended = once(child, 'exit')
      kill()
      await ended
    },
  }
}

/**
 * A program that is told its port; ready when it answers at /graphql.
 * @throws Error when it does not within a minute
 */
export async function startProgram(
  name: string, command: string, args: (port: number) => string[], { cwd, env }: { cwd: string; env?: (port: number) => Record<string, string> },
): Promise<Gateway> {
  const [port] = await freePorts(1) as [number]
  const child = spawn(command, args(port), {
    cwd, env: { ...environment, ...process.env, NODE_ENV: 'production', NODE_OPTIONS: execArgv.join(' '), ...env?.(port) }, stdio: ['ignore', 'ignore', 'inherit'],
  })
  let failed: unknown
  child.once('error', (error) => { failed = error })
  const url = `http://127.0.0.1:${port}/graphql`
  const until = performance.now() + 60_000
  while (performance.now() < until && child.exitCode === null && failed === undefined) {
    const answer = await fetch(url, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"query":"{ __typename }"}',
    }).catch(() => undefined)
    if (answer?.ok) return gatewayOf(name, child, url)
    await delay(100)
  }
  child.kill('SIGKILL')
  throw new Error(`${name} did not answer at ${url}: run ${command} by hand to see why.`, { cause: failed })
}
