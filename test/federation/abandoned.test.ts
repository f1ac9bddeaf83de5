import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A list of which an item rejects, and the next one throws; in a process of its own, which either may end. */
const script = (guarded: boolean, failure: string) => `
  import { buildSchema, execute, parse } from 'graphql'
  import { isAbandoned } from './federation/index.ts'
  if (${guarded}) process.on('unhandledRejection', (reason) => { if (!isAbandoned(reason)) throw reason })
  const items = [{ f: () => Promise.reject(new Error('first')) }, { f: () => { throw new Error('second') } }]
  const { errors } = await execute({ schema: buildSchema('type Query { a: [A!]! } type A { f: Int! }'), document: parse('{ a { f } }'), rootValue: { a: items } })
  ${failure}
  setImmediate(() => console.log(errors.map(({ message }) => message).join()))`

const output = async (guarded: boolean, failure = ''): Promise<string> => {
  const { stdout } = await run(process.execPath, ['--input-type=module-typescript', '-e', script(guarded, failure)], { cwd: `${import.meta.dirname}/../..` })
  return stdout.trim()
}

test('what graphql-js leaves behind is told from other rejections that nobody handles', async () => {
  assert.equal(await output(true), 'second')
  await assert.rejects(output(false), /first/)
  await assert.rejects(output(true, 'Promise.reject(new Error("another"))'), /another/)
})
