import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse, validate, type ExecutionResult } from 'graphql'
import { composeSubgraphs, createEngine, httpSubgraph } from '../../federation/index.ts'
import { freePorts } from '../servers/ports.ts'
import { onFreePorts, ServerProcess, temporaryDirectory } from '../servers/process.ts'

/**
 * The public audit of federation gateways, which is a peer's and not ours: FEDERATION_AUDIT is where graphql-hive/federation-gateway-audit
 * is checked out with its dependencies (`npm ci` there). Its servers are asked for their cases; they are judged as its own runner does.
 */
const { FEDERATION_AUDIT: checkout } = process.env

interface Case { query: string; expected: { data?: unknown; errors?: boolean } }
interface Subgraph { name: string; url: string; sdl: string }

const startMs = 60_000

async function serveAudit(directory: string): Promise<{ url: string } & AsyncDisposable> {
  const folder = temporaryDirectory('audit')
  return await onFreePorts(async () => {
    const [port] = await freePorts(1)
    const url = `http://localhost:${port}`
    const server = new ServerProcess({
      name: 'the audit', program: process.execPath, log: join(folder.path, 'log'),
      args: ['--import', createRequire(join(directory, 'package.json')).resolve('tsx'), join(directory, 'src/cli.ts'), 'serve', '--port', `${port}`],
    })
    await server.ready(() => fetch(`${url}/_health`).then(({ ok }) => ok, () => false), startMs)
    return { url, [Symbol.asyncDispose]: async () => {
      await server.end('SIGKILL')
      await folder[Symbol.asyncDispose]()
    } }
  })
}

describe('the public audit', { skip: checkout === undefined && 'FEDERATION_AUDIT names no checkout of graphql-hive/federation-gateway-audit' }, () => {
  let audit: Awaited<ReturnType<typeof serveAudit>>
  before(async () => { audit = await serveAudit(checkout!) })
  after(() => audit[Symbol.asyncDispose]())
  const told = async <T>(path: string): Promise<T> => (await fetch(`${audit.url}/${path}`)).json() as Promise<T>

  async function failuresOf(suite: string, composed: boolean): Promise<{ count: number; failures: string[] }> {
    const [subgraphs, cases] = await Promise.all([told<Subgraph[]>(`${suite}/subgraphs`), told<Case[]>(`${suite}/tests`)])
    const supergraphSdl = composed
      ? composeSubgraphs(subgraphs.map(({ name, url, sdl }) => ({ name, url, typeDefs: sdl }))).supergraphSdl
      : await (await fetch(`${audit.url}/${suite}/supergraph`)).text()
    const engine = createEngine({ supergraphSdl, subgraphs: new Map(subgraphs.map(({ name, url }) => [name, httpSubgraph({ url })])) })
    const failures: string[] = []
    for (const { query, expected } of cases) {
      const document = parse(query)
      const errors = validate(engine.schema, document)
      const result = JSON.parse(JSON.stringify(errors.length > 0 ? { errors } : await engine.execute({ document }))) as ExecutionResult
      try {
        assert.deepEqual(result.data ?? null, expected.data ?? null)
        if (typeof expected.errors === 'boolean') assert.equal((result.errors?.length ?? 0) > 0, expected.errors)
      } catch {
        failures.push(`${suite}: ${query}\n${JSON.stringify(result)}\nexpected ${JSON.stringify(expected)}`)
      }
    }
    await engine.close()
    return { count: cases.length, failures }
  }

  for (const composed of [false, true]) {
    test(`passes by ${composed ? 'our own composition' : 'its supergraphs'}`, async (t) => {
      const suites = await told<string[]>('ids')
      let count = 0
      const failures: string[] = []
      for (const suite of suites) {
        const of = await failuresOf(suite, composed)
        count += of.count
        failures.push(...of.failures)
      }
      t.diagnostic(`${count - failures.length} of ${count} cases in ${suites.length} suites`)
      assert.ok(count >= 199, `${count} cases`)
      assert.deepEqual(failures, [])
    })
  }
})
