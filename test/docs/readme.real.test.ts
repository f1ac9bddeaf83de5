import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { getOperationAST, parse } from 'graphql'
import { createClient } from 'graphql-ws'
import WebSocket from 'ws'
import { settingDefinitions } from '../../cli/settings.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const readme = await readFile(join(root, 'README.md'), 'utf8')
const blocks = (language: string): string[] => [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, 'gm'))].map(([, text]) => text as string)

/** What `npm start` runs, on a port of the system's choice, until it is ended as Ctrl-C ends it. */
async function start(): Promise<{ url: string; said: () => string; end: () => Promise<number | null> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'freshet-readme-'))
  const program = spawn(process.execPath, ['cli/main.ts', 'start', '--port', '0', '--data-dir', dataDir], {
    cwd: root, stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  const exited = new Promise<number | null>((resolve) => program.once('exit', resolve))
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: program.stdout }).on('line', (line) => {
      lines.push(line)
      const found = /GraphiQL\s+(http:\/\/\S+)\/graphql/.exec(line)
      if (found) resolve(found[1] as string)
    })
    void exited.then((code) => reject(new Error(`freshet ended with code ${code} before it was running`)))
  })
  return {
    url,
    said: () => lines.join('\n'),
    async end() {
      program.kill('SIGINT')
      const code = await exited
      await rm(dataDir, { recursive: true, force: true })
      return code
    },
  }
}

describe('README', () => {
  let running: Awaited<ReturnType<typeof start>>
  before(async () => {
    running = await start()
  })
  after(async () => {
    assert.equal(await running.end(), 0, 'Ctrl-C ends it cleanly')
    assert.match(running.said(), /Ended cleanly/)
  })

  it('has a tour of ten operations', () => assert.equal(blocks('graphql').length, 10))

  for (const source of blocks('graphql')) {
    const operation = getOperationAST(parse(source))
    const name = `${operation?.operation} ${operation?.name?.value}`
    it(`runs the ${name} of the tour`, async () => {
      const data = operation?.operation === 'subscription' ? await firstPayload(source) : await ask(source)
      for (const [field, value] of Object.entries(data)) assert.ok(value !== null && value !== undefined, `${field} has a value`)
    })
  }

  it('names every setting with key, variable and meaning', () => {
    for (const { key, env, about } of Object.values(settingDefinitions))
      assert.ok(readme.includes(`| \`${key}\` | \`${env}\` | ${about}`), `the table has a row for ${key}`)
  })

  it('names only npm scripts that there are', async () => {
    const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
    for (const [, name] of readme.matchAll(/npm run ([\w:]+)/g)) assert.ok(scripts[name as string], `package.json has the script ${name}`)
  })

  /** Of the last `publish`: what comes after it in the tour reads what it wrote. */
  let token: string | undefined

  async function ask(query: string): Promise<Record<string, unknown>> {
    const response = await fetch(`${running.url}/graphql`, {
      method: 'POST', body: JSON.stringify({ query }),
      headers: { 'content-type': 'application/json', ...(token === undefined ? {} : { 'freshet-token': token }) },
    })
    const { data, errors } = (await response.json()) as { data: Record<string, unknown>; errors?: unknown }
    assert.equal(errors, undefined, JSON.stringify(errors))
    token = (data.publish as { token?: string } | undefined)?.token ?? token
    return data
  }

  async function firstPayload(query: string): Promise<Record<string, unknown>> {
    const client = createClient({ url: `${running.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket })
    try {
      for await (const { data, errors } of client.iterate<Record<string, unknown>>({ query })) {
        assert.equal(errors, undefined, JSON.stringify(errors))
        return data ?? {}
      }
      return assert.fail('the subscription ended without a payload')
    } finally {
      await client.dispose()
    }
  }
})
