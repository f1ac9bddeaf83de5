import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runProgram } from '../cli/program.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'examples/README.md']

/** Where a command is run: a file that runs it, and the words in that file which do. */
interface Elsewhere { file: string; by: string | RegExp }
type Proof = Elsewhere | 'here' | { never: string }

const cli = (file: string, by: string | RegExp): Elsewhere => ({ file: `test/cli/${file}.real.test.ts`, by })
const example = (by: string): Elsewhere => ({ file: 'test/examples/examples.real.test.ts', by })
const ci = (by: string | RegExp): Elsewhere => ({ file: '.ci/run', by })

const proofs: Record<string, Proof> = {
  'npm start': { file: 'test/docs/readme.real.test.ts', by: "'cli/main.ts', 'start'" },
  'FRESHET_KAFKA_BROKERS=localhost:9092 FRESHET_WEAVIATE_URL=http://localhost:8080 npm start': cli('kafka', 'FRESHET_WEAVIATE_URL: url'),
  'npm test': ci(/^npm test$/m),
  'npm run types': ci('npm run --silent types'),
  'npm run lint': ci('npm run --silent lint'),
  'npm run check': ci('npm run --silent check'),
  'npm run test:unit': { file: 'scripts/test.ts', by: "(['unit', 'real', 'soak'] as const)" },
  'npm run soak': { never: 'it takes an hour; what it does is done in a short form by npm test' },
  'npm run bench': { never: 'it takes an hour; BENCHMARKS.md has what it printed' },
  'npm run bench:feed -- --quick': { never: 'a figure is no test; BENCHMARKS.md has what it printed' },
  'npm run codegen': cli('check', "'run', 'codegen'"),
  'npm run freshet -- compose': cli('check', "freshet('compose')"),
  'npm run freshet -- check': ci('npm run --silent check'),
  'npm run freshet -- schemas': cli('check', "freshet('schemas')"),
  'npm run freshet -- --help': cli('help', "freshet('--help')"),
  'npm run freshet -- settings': cli('help', "freshet('settings')"),
  'npm run freshet -- doctor': cli('launcher', "'doctor'"),
  'npm run freshet -- dead-letters list': cli('dead-letters', "freshet('list')"),
  'npm run freshet -- replay': cli('rebuild', "runProgram(['replay']"),
  'npm run freshet -- ingest': cli('kafka', "start('ingest')"),
  'npm run freshet -- gateway': cli('kafka', "startRole(['gateway']"),
  'npm run freshet -- simulate': cli('kafka', "start('simulate'"),
  'sh examples/publish.sh': example("'examples/publish.sh'"),
  'node examples/watch-feed.js user-1': example("'examples/watch-feed.js', 'user-1'"),
  'node examples/context-for-a-model.js "cheap vinyl records"': example("'examples/context-for-a-model.js'"),
  'FRESHET_KAFKA_BROKERS=localhost:9092 node examples/produce-to-kafka.js': example("'examples/produce-to-kafka.js'"),
  'node --test test/events/parse.test.ts': 'here',
  'node scripts/test.ts unit parse': 'here',
  'export PATH="$PWD/node_modules/.bin:$PATH"': 'here',
}

/** The lines of shell blocks, and commands within sentences. */
function commandsOf(page: string): string[] {
  const text = read(page)
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```/gm)].flatMap(([, block = '']) => block.trim().split('\n'))
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '')
  const within = [...prose.matchAll(/`((?:[A-Z_]+=\S+ )*(?:npm (?:start|test|run|ci)\b|(?:node|npx|sh|docker) )[^`]*)`/g)].map(([, command = '']) => command)
  return [...blocks, ...within].map((command) => command.trim()).filter((command) => command !== '' && !command.startsWith('#'))
}

const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts
const named = new Set(pages.flatMap(commandsOf))

describe('the commands of the documentation', { timeout: 120_000 }, () => {
  test('are each run by a test or by CI, or it is said why not', () => {
    const unproved = [...named].filter((command) => !Object.hasOwn(proofs, command))
    assert.deepEqual(unproved, [], 'each has a line in `proofs`')
    assert.deepEqual(Object.keys(proofs).filter((command) => !named.has(command)), [], 'no line speaks of a command that nobody names')
  })

  for (const [command, proof] of Object.entries(proofs)) {
    if (proof === 'here' || 'never' in proof) continue
    test(`${command} is run in ${proof.file}`, () => {
      const source = read(proof.file)
      assert.ok(typeof proof.by === 'string' ? source.includes(proof.by) : proof.by.test(source), `${proof.file} has ${proof.by}`)
    })
  }

  test('name only npm scripts that there are, and these run what the tests run', () => {
    for (const command of named) {
      const [, name] = /\bnpm (?:run )?(start|test|[\w:]+)/.exec(command) ?? []
      if (name !== undefined) assert.ok(scripts[name], `package.json has the script of ${command}`)
    }
    assert.equal(scripts['start'], 'node --max-semi-space-size=16 cli/main.ts start')
    assert.equal(scripts['freshet'], 'node --max-semi-space-size=16 cli/main.ts')
    assert.ok(scripts['check']?.endsWith('cli/main.ts check'))
    assert.equal(scripts['test'], 'node scripts/test.ts all')
    assert.equal(scripts['test:unit'], 'node scripts/test.ts unit')
  })

  test('install first where they run code, on a clone that has nothing yet', () => {
    const runs = Object.keys(scripts).filter((name) => !/^(pre|post)/.test(name) && /^(start|test|soak|bench)/.test(name))
    for (const name of runs) assert.equal(scripts[`pre${name}`], 'node scripts/setup.js', name)
  })

  test('that run one test file, or some, do', async () => {
    const shell = (line: string) => runProgram([line], { cwd: root, command: ['sh', '-c'] })
    for (const line of ['node --test test/events/parse.test.ts', 'node scripts/test.ts unit parse']) {
      const { code, stdout, stderr } = await shell(`export PATH="$PWD/node_modules/.bin:$PATH"; ${line}`)
      assert.equal(code, 0, `${line}\n${stdout}${stderr}`)
      assert.match(stdout, /pass(ed)? \d+|\d+ passed/)
    }
  })
})
