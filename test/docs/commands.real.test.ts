import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { ask, startProgram, type Program } from '../cli/program.ts'
import { requireReal } from '../servers/available.ts'
import { freePorts } from '../servers/ports.ts'
import { temporaryDirectory } from '../servers/process.ts'
import { sharedKafka, sharedWeaviate, uniquePrefix } from '../servers/shared.ts'

/** The operation under the words that tell people to. */
const pasteThis = /Paste this there.*\n\n +(query .*)\n/

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')
const pages = ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', 'examples/README.md']

/** Where a command is run: a file that runs it, and the words in that file which do. */
interface Elsewhere { file: string; by: string | RegExp }
type Proof = Elsewhere | { never: string }

const cli = (file: string, by: string | RegExp): Elsewhere => ({ file: `test/cli/${file}.real.test.ts`, by })
const example = (by: string): Elsewhere => ({ file: 'test/examples/examples.real.test.ts', by })
const ci = (by: string | RegExp): Elsewhere => ({ file: '.ci/run', by })

/** Run as it is written, in a data folder of its own. */
interface AsWritten {
  says: RegExp
  /** It runs until it is told to end. */
  endless?: true
  /** Words behind it that make it short. */
  and?: string
  /** What it needs besides a folder: a real Kafka and a real Weaviate. */
  on?: 'real'
  /** What a person does with it while it runs. */
  then?: (program: Program) => Promise<void>
}

/** A person pastes the operation that the console prints, and gets an answer. */
async function answersWhatItPrints(program: Program): Promise<void> {
  const [, url = ''] = /GraphiQL {2}(http:\S+)\/graphql/.exec(program.said()) ?? []
  const [, operation = ''] = pasteThis.exec(program.said()) ?? []
  const { feed } = await ask<{ feed: { edges: object[] } }>(url, operation)
  assert.ok(Array.isArray(feed.edges))
  const page = await fetch(`${url}/graphql`, { headers: { accept: 'text/html' } })
  assert.match(await page.text(), /<title>Freshet</)
}

const proofs: Record<string, Proof | AsWritten> = {
  'npm start': { says: pasteThis, endless: true, then: answersWhatItPrints },
  'FRESHET_KAFKA_BROKERS=localhost:9092 FRESHET_WEAVIATE_URL=http://localhost:8080 npm start': {
    says: /log +Kafka at [^]*index +Weaviate at [^]*Paste this there[^]*query .*\n/, endless: true, on: 'real', then: answersWhatItPrints,
  },
  'npm start -- --no-simulate': {
    says: /^Freshet runs \(ingest, gateway\), .*\n(?! +simulator)[^]*Paste this there.*\n\n +query .*\n/m, endless: true, then: answersWhatItPrints,
  },
  'PORT=4001 npm start': { says: pasteThis, endless: true, then: answersWhatItPrints },
  'npm test': ci(/^npm test$/m),
  'npm run types': ci('npm run --silent types'),
  'npm run lint': ci('npm run --silent lint'),
  'npm run check': { says: /are up to date\./ },
  'npm run test:unit': { says: /[1-9]\d* passed, 0 failed/, and: 'events/parse' },
  'npm run soak': { never: 'it takes an hour; what it does is done in a short form by npm test' },
  'npm run bench': { never: 'it takes an hour; BENCHMARKS.md has what it printed' },
  // That it measures and says what falls short: how fast this machine is, is no test.
  'npm run bench:feed -- --quick': { says: /^feed\n[^]*feeds that failed +0 answers +met[^]*^6 figures, \d fall short of their target\.$/m, and: '--on embedded' },
  'npm run codegen': cli('check', "'run', 'codegen'"),
  'npm run freshet -- check': { says: /are up to date\./ },
  'npm run freshet -- compose': cli('check', "freshet('compose')"),
  'npm run freshet -- schemas': cli('check', "freshet('schemas')"),
  'npm run freshet -- --help': { says: /^Usage: freshet /m },
  'npm run freshet -- settings': { says: /^port\n {4}PORT/m },
  'npm run freshet -- doctor': { says: /^All is well\.$/m },
  'npm run freshet -- dead-letters list': { says: /^There are no dead letters: nothing has run on this log yet \(embedded, in /m },
  'npm run freshet -- replay': { says: /^Rebuilt 0 entities/m },
  'npm run freshet -- ingest': { says: /metrics +http/, endless: true },
  'npm run freshet -- gateway': { says: /GraphiQL {2}http/, endless: true },
  'npm run freshet -- gateway --processes 4': { file: 'test/delivery/replicas.ts', by: "'gateway', '--processes'" },
  'npm run freshet -- simulate': { says: /^Producing 200 events\/s through /m, endless: true },
  'sh examples/publish.sh': example("'examples/publish.sh'"),
  'node examples/watch-feed.js user-1': example("'examples/watch-feed.js', 'user-1'"),
  'node examples/context-for-a-model.js "cheap vinyl records"': example("'examples/context-for-a-model.js'"),
  'FRESHET_KAFKA_BROKERS=localhost:9092 node examples/produce-to-kafka.js': example("'examples/produce-to-kafka.js'"),
  'node --test test/events/parse.test.ts': { says: /pass \d+/ },
  'node scripts/test.ts unit parse': { says: /[1-9]\d* passed, 0 failed/ },
  'export PATH="$PWD/node_modules/.bin:$PATH"': { says: /^v24\./m, and: '; node --version' },
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

describe('the commands of the documentation', { timeout: 240_000 }, () => {
  test('are each run by a test or by CI, or it is said why not', () => {
    const unproved = [...named].filter((command) => !Object.hasOwn(proofs, command))
    assert.deepEqual(unproved, [], 'each has a line in `proofs`')
    assert.deepEqual(Object.keys(proofs).filter((command) => !named.has(command)), [], 'no line speaks of a command that nobody names')
  })

  for (const [command, proof] of Object.entries(proofs)) {
    if ('never' in proof) continue
    if ('says' in proof) {
      const skip = proof.on === 'real' && requireReal('kafka', 'weaviate')
      test(`${command} does what it is there for`, { skip }, () => runAsWritten(command, proof))
      continue
    }
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
    assert.equal(scripts['start'], 'node cli/freshet.js start')
    assert.equal(scripts['freshet'], 'node cli/freshet.js')
    assert.equal(scripts['test'], 'node scripts/test.ts all')
    assert.equal(scripts['test:unit'], 'node scripts/test.ts unit')
  })

  test('install first where they run code, on a clone that has nothing yet', () => {
    const runs = Object.keys(scripts).filter((name) => !/^(pre|post)/.test(name) && /^(start|test|soak|bench)/.test(name))
    for (const name of runs) assert.equal(scripts[`pre${name}`], 'node scripts/setup.js', name)
  })
})

/** In a shell, as a person types it, at the root of the checkout with the project's Node first. */
async function runAsWritten(command: string, { says, endless, and = '', on, then }: AsWritten): Promise<void> {
  await using folder = temporaryDirectory('commands')
  const env: Record<string, string> = { PATH: `${join(root, 'node_modules/.bin')}:${process.env['PATH']}`, PORT: '0', FRESHET_DATA_DIR: folder.path }
  // The addresses of the page are those of a machine that has these servers, and this port free.
  let line = and && command.startsWith('npm') ? `${command}${command.includes(' -- ') ? '' : ' --'} ${and}` : `${command} ${and}`
  if (line.includes('PORT=4001')) line = line.replace('4001', String((await freePorts(1))[0]))
  if (on === 'real') {
    const [{ brokers }, { url, grpcHost, grpcPort }] = await Promise.all([sharedKafka(), sharedWeaviate()])
    line = line.replace('localhost:9092', brokers.join(',')).replace('http://localhost:8080', url)
    Object.assign(env, { FRESHET_WEAVIATE_GRPC_URL: `http://${grpcHost}:${grpcPort}`, FRESHET_TOPIC_PREFIX: uniquePrefix() })
  }
  await using program = startProgram([line], { cwd: root, command: ['sh', '-c'], env, group: true })
  await program.says(says)
  await then?.(program)
  if (endless) program.send('SIGINT')
  const { code } = await program.ended
  // npm and the shell end by the signal; what they have started says how it ended.
  if (endless) assert.match(program.said(), /^Ended (cleanly|after \d+ events)\.$/m)
  else assert.equal(code, 0, program.said())
}
