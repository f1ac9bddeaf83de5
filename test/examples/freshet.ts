import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { temporaryDirectory } from '../servers/process.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

export interface RunningFreshet extends AsyncDisposable {
  url: string
}

/** `freshet start` as a user starts it, on a port that is free and in a data folder of its own. */
export async function startFreshet(env: Record<string, string> = {}): Promise<RunningFreshet> {
  const folder = temporaryDirectory('examples')
  const child = spawn(process.execPath, ['cli/main.ts', 'start', '--port', '0'], {
    cwd: root,
    env: { ...process.env, FRESHET_DATA_DIR: folder.path, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said: string[] = []
  child.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
  const ended = once(child, 'exit')
  const url = Promise.withResolvers<string>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    said.push(line)
    const [, found] = /GraphiQL\s+(http:\/\/\S+)\/graphql/.exec(line) ?? []
    if (found) url.resolve(found)
  })
  void ended.then(([code]) => url.reject(new Error(`expected freshet to start, it ended with ${code}:\n${said.join('\n')}`)))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
    await folder[Symbol.asyncDispose]()
  }
  try {
    return { url: await url.promise, [Symbol.asyncDispose]: stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Runs an example to its end and gives what it printed. */
export async function runExample(program: string, args: string[], env: Record<string, string>): Promise<string> {
  const child = spawn(program, args, { cwd: root, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const out: string[] = []
  const errors: string[] = []
  child.stdout.setEncoding('utf8').on('data', (text: string) => out.push(text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => errors.push(text))
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`expected ${[program, ...args].join(' ')} to succeed, it ended with ${code}:\n${out.join('')}\n${errors.join('')}`)
  return out.join('')
}
