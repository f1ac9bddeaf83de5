import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters } from 'node:util'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'

export const root = fileURLToPath(new URL('../../', import.meta.url))
const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url))

export interface Ended {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

/** The real program as a process of its own; disposing of it ends it. */
export interface Program extends AsyncDisposable {
  /** Of its process. */
  pid: number
  /** What it said on both streams, in the order in which it came. */
  said(): string
  /** The first match in what it says. @throws when the program ends without it */
  says(pattern: RegExp): Promise<RegExpExecArray>
  send(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void
  ended: Promise<Ended>
}

export interface ProgramOptions {
  env?: Record<string, string>
  /** Where `freshet.yaml` is looked for. */
  cwd: string
  /** The program's file and what runs it, if not `cli/main.ts` on the Node of the tests. */
  command?: readonly [string, ...string[]]
  /** Signals go to all that it has started as well, as Ctrl-C in a terminal does: npm and shells do not pass them on. */
  group?: boolean
}

/**
 * What the person who runs the tests has set for a Freshet of their own must not reach the one under test; nor must a
 * program that runs tests take itself for a part of the runner that runs it.
 */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const foreign = (name: string): boolean => name === 'PORT' || name === 'NODE_TEST_CONTEXT' || name.startsWith('FRESHET_')
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign(name)))
}

export function startProgram(args: readonly string[], { env = {}, cwd, command = [process.execPath, main], group = false }: ProgramOptions): Program {
  const [executable, ...before] = command
  const child = spawn(executable, [...before, ...args], { cwd, env: { ...cleanEnvironment(), ...env }, stdio: ['ignore', 'pipe', 'pipe'], detached: group })
  const send = (signal: NodeJS.Signals): void => {
    if (group && child.pid !== undefined) process.kill(-child.pid, signal)
    else child.kill(signal)
  }
  const output = { all: '', stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output.all += text
      output[name] += text
      for (const look of [...waiting]) look()
    })
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve({ code, signal, stdout: output.stdout, stderr: output.stderr }))
  })
  return {
    pid: child.pid ?? 0,
    ended,
    said: () => stripVTControlCharacters(output.all),
    says: (pattern) => new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(output.all)
        if (match === null) return
        waiting.delete(look)
        resolve(match)
      }
      waiting.add(look)
      look()
      ended.then(({ code, signal }) => reject(new Error(
        `expected ${args.join(' ')} to say ${pattern}, it ended (${signal ?? code}) after saying:\n${output.all}`)), reject)
    }),
    send,
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) send('SIGKILL')
      await ended
    },
  }
}

/** Runs the program to its end. */
export const runProgram = (args: readonly string[], options: ProgramOptions): Promise<Ended> => startProgram(args, options).ended

/** `freshet start`, or another role that listens, in a folder of its own choice. */
export interface RunningFreshet extends Program {
  url: string
}

export async function startRole(args: readonly string[], options: ProgramOptions): Promise<RunningFreshet> {
  const program = startProgram([...args, '--port', '0'], options)
  const [, url = ''] = await program.says(/GraphiQL\s+(http:\/\/\S+)\/graphql/)
  return Object.assign(program, { url })
}

/** Ends it as a person does, and expects a clean end. */
export async function interrupt(program: Program): Promise<void> {
  program.send('SIGINT')
  const { code, stdout } = await program.ended
  if (code !== 0 || !stdout.includes('Ended cleanly.')) throw new Error(`expected a clean end, got ${code}:\n${program.said()}`)
}

interface Answer<T> {
  data?: T
  errors?: { message: string; extensions?: { code?: string } }[]
}

/** The data of an operation, which must have no errors. What it has to wait for for longer than the server waits is asked for again, as that says. */
export async function ask<T = Record<string, unknown>>(
  url: string, query: string, { token, apiKey }: { token?: string; apiKey?: string } = {},
): Promise<T> {
  const response = await fetch(`${url}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { 'freshet-token': token }),
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
    },
    body: JSON.stringify({ query }),
  })
  const { data, errors } = await response.json() as Answer<T>
  if (errors?.[0]?.extensions?.code === 'TOKEN_TIMEOUT') return ask(url, query, { token, apiKey })
  if (errors || !data) throw new Error(`expected data, got ${response.status} ${JSON.stringify(errors)}`)
  return data
}

/** Publishes one seller's livestream, with an id that tells it from others; gives the token. */
export async function publishShow(url: string, id: string, options: { apiKey?: string } = {}): Promise<string> {
  const { publish } = await ask<{ publish: { token: string; results: { accepted: boolean; message: string | null }[] } }>(url, `mutation {
    publish(events: [
      { type: "SellerRegistered", subject: "seller:of-${id}", data: { name: "Seller of ${id}" } }
      { type: "LivestreamStarted", subject: "livestream:${id}", data: { sellerId: "of-${id}", title: "Show ${id}", category: "vinyl" } }
    ]) { token results { accepted message } }
  }`, options)
  const refused = publish.results.find(({ accepted }) => !accepted)
  if (refused) throw new Error(`expected the events to be accepted, got ${refused.message}`)
  return publish.token
}

/** Title and seller of a livestream; null where there is none. */
export async function showOf(url: string, id: string, options: { token?: string; apiKey?: string } = {}): Promise<string | null> {
  const { livestream } = await ask<{ livestream: { title: string; seller: { name: string } | null } | null }>(
    url, `{ livestream(id: "${id}") { title seller { name } } }`, options)
  return livestream && `${livestream.title} by ${livestream.seller?.name}`
}

/** Resolves once the simulated marketplace has streams on which something happens. */
export async function marketMoves(url: string): Promise<void> {
  const client = createClient({ url: `${url.replace(/^http/, 'ws')}/graphql`, webSocketImpl: WebSocket })
  try {
    let chats = 0
    for await (const { errors } of client.iterate({ query: 'subscription { events(types: ["ChatPosted"]) { id } }' })) {
      if (errors) throw new Error(`expected events, got ${JSON.stringify(errors)}`)
      if (++chats === 5) return
    }
    throw new Error('expected five chats, the subscription ended before')
  } finally {
    await client.dispose()
  }
}

/** Where a process that only ingests tells of itself. */
export async function monitoringOf(program: Program): Promise<string> {
  const [, url = ''] = await program.says(/metrics\s+(http:\/\/\S+)\/metrics/)
  return url
}

/** The value of a sample of `/metrics`; not a number where there is none. */
export async function sample(url: string, name: string, headers: Record<string, string> = {}): Promise<number> {
  const text = await (await fetch(`${url}/metrics`, { headers })).text()
  return Number(text.split('\n').find((line) => line.startsWith(`${name} `))?.split(' ')[1])
}

/** Resolves once this many events are applied; the runner's time-out ends a wait that is in vain. */
export async function applied(url: string, count: number): Promise<void> {
  while (!(await sample(url, 'freshet_events_total{outcome="applied"}') >= count)) continue
}
