import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { load } from 'js-yaml'
import { createEmbedder } from '../../cli/parts.ts'
import { readSettingsFile, resolveSettings, settingDefinitions, SettingsError, unknownVariables, type Setting } from '../../cli/settings.ts'

const definitions = Object.entries(settingDefinitions) as [keyof typeof settingDefinitions, Setting<unknown>][]

/** `kafka.brokers` → `{ kafka: { brokers: value } }` */
const fileOf = (key: string, value: unknown): Record<string, unknown> =>
  key.split('.').reduceRight<unknown>((inner, part) => ({ [part]: inner }), value) as Record<string, unknown>

/** What some settings need beside them, besides the one that is looked at. */
const companionsOf = (env: string): Record<string, string> => Object.fromEntries(Object.entries({
  FRESHET_KAFKA_SASL_MECHANISM: 'plain', FRESHET_KAFKA_SASL_USERNAME: 'a', FRESHET_KAFKA_SASL_PASSWORD: 'a',
  FRESHET_EMBEDDINGS_URL: 'http://a', FRESHET_EMBEDDINGS_MODEL: 'a', FRESHET_KAFKA_BROKERS: 'a:1', FRESHET_WEAVIATE_URL: 'http://a',
}).filter(([name]) => name !== env))

function faultsOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof SettingsError)
    return error.message
  }
  return ''
}

describe('settings', () => {
  test('take no address with a password in it, and do not repeat it', () => {
    const addresses = ['FRESHET_WEAVIATE_URL', 'FRESHET_WEAVIATE_GRPC_URL', 'FRESHET_EMBEDDINGS_URL', 'FRESHET_SUPERGRAPH', 'FRESHET_PUBLIC_URL']
    for (const name of addresses) for (const login of ['ada:hunter2', ':hunter2', 'hunter2:']) {
      const faults = faultsOf(() => resolveSettings({ env: { ...companionsOf(name), [name]: `https://${login}@db.example.com/v1` } }))
      assert.match(faults, new RegExp(`${name}: expected .*without a password in it, got "https://…@db\\.example\\.com/v1"`), login)
      assert.doesNotMatch(faults, /hunter2/)
    }
    for (const env of [{ FRESHET_KAFKA_BROKERS: 'ada:hunter2@kafka.example.com' }, { FRESHET_WEAVIATE_URL: 'ftp://ada:hunter2@db.example.com' }]) {
      const faults = faultsOf(() => resolveSettings({ env }))
      assert.match(faults, /got "(ftp:\/\/)?…@/)
      assert.doesNotMatch(faults, /hunter2/)
    }
    const file = { subgraphs: { reviews: { url: 'http://ada:hunter2@reviews.example.com/graphql' } } }
    assert.doesNotMatch(faultsOf(() => resolveSettings({ env: {}, file })) || assert.fail('it was taken'), /hunter2/)
    assert.equal(resolveSettings({ env: { FRESHET_SUPERGRAPH: './ada:hunter2@a.graphql' } }).supergraph, './ada:hunter2@a.graphql')
  })

  test('names and origins are kept as requests and browsers name them, and refused where they could match none', () => {
    const of = (env: Record<string, string>) => resolveSettings({ env })
    assert.deepEqual(of({ FRESHET_ALLOWED_HOSTS: 'Freshet.Example.com, gateway_1,10.0.0.7,[FD00::1],fd00::2' }).allowedHosts,
      ['freshet.example.com', 'gateway_1', '10.0.0.7', '[fd00::1]', '[fd00::2]'])
    for (const wrong of ['freshet.example.com:4000', 'https://freshet.example.com', '*.example.com', 'a/b', '[fd00::1]:4000'])
      assert.match(faultsOf(() => of({ FRESHET_ALLOWED_HOSTS: wrong })), /^FRESHET_ALLOWED_HOSTS: expected host names without scheme and port/, wrong)
    assert.deepEqual(of({ FRESHET_ALLOWED_ORIGINS: 'https://App.example.com/,http://a.example:80,http://b.example:3000,capacitor://localhost,null' }).allowedOrigins,
      ['https://app.example.com', 'http://a.example', 'http://b.example:3000', 'capacitor://localhost', 'null'])
    for (const wrong of ['*', 'app.example.com', 'https://app.example.com/shop', 'https://*.example.com', 'https://', 'https://me@app.example.com'])
      assert.match(faultsOf(() => of({ FRESHET_ALLOWED_ORIGINS: wrong })), /^FRESHET_ALLOWED_ORIGINS: expected origins/, wrong)
  })

  for (const [name, { key, env, expected, example, parse, secret }] of definitions) {
    const companions = companionsOf(env)

    test(`${key}: the example is accepted, from the environment and from the file`, () => {
      const parsed = parse(example)
      assert.notEqual(parsed, undefined)
      const settings = [resolveSettings({ env: { ...companions, [env]: example } }), resolveSettings({ env: companions, file: fileOf(key, parsed) })]
      for (const each of settings) assert.deepEqual({ ...each }[name], parsed)
    })

    test(`${key}: what is wrong is named, with what was expected and an example`, () => {
      const wrong = { hunter2: ['nested'] }
      const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
      for (const [sources, from, shown] of [
        [{ env: companions, file: fileOf(key, wrong) }, `freshet.yaml: "${key}`, undefined],
        [{ env: companions, flags: { [name]: wrong } }, flag, `${flag} ${example}`],
        // Whatever is no text is no value of the environment.
        ...parse('\0') === undefined ? [[{ env: { ...companions, [env]: '\0' } }, env, `${env}=${JSON.stringify(example)}`] as const] : [],
      ] as const) {
        const message = faultsOf(() => resolveSettings(sources)).split('\n').find((line) => line.includes(`expected ${expected}`)) ?? ''
        assert.ok(message.startsWith(from), message)
        const said = message.slice(message.indexOf('For example: ') + 'For example: '.length)
        if (shown !== undefined) assert.equal(said, shown)
        // In the file it is what the file takes.
        else assert.deepEqual({ ...resolveSettings({ env: companions, file: load(said) as Record<string, unknown> }) }[name], parse(example))
        if (secret) assert.doesNotMatch(message, /hunter2/)
      }
    })
  }

  test('every wrong value of the environment is told at once', () => {
    const message = faultsOf(() => resolveSettings({ env: { PORT: '70000', FRESHET_SIMULATE: 'maybe', FRESHET_KAFKA_BROKERS: 'http://localhost:9092', FRESHET_WEAVIATE_URL: 'localhost:8080' } }))
    assert.deepEqual(message.split('\n'), [
      'PORT: expected a whole number from 0 to 65535, got "70000". For example: PORT="4000"',
      'FRESHET_KAFKA_BROKERS: expected addresses HOST:PORT, separated by commas, got "http://localhost:9092". For example: FRESHET_KAFKA_BROKERS="localhost:9092"',
      'FRESHET_WEAVIATE_URL: expected an http or https address without a password in it, got "localhost:8080". For example: FRESHET_WEAVIATE_URL="http://localhost:8080"',
      'FRESHET_SIMULATE: expected true or false, got "maybe". For example: FRESHET_SIMULATE="false"',
    ])
  })

  test('numbers are whole, within their bounds, and nothing else', () => {
    for (const value of ['', ' ']) assert.equal(resolveSettings({ env: { PORT: value.trim() } }).port, 4000)
    for (const value of ['4000.5', '-1', '65536', 'four', 'NaN', 'Infinity', '40 00', ' ']) assert.match(faultsOf(() => resolveSettings({ env: { PORT: value } })), /^PORT: expected/, value)
    for (const value of [true, null, [4], {}, '4 GiB', 0, -1, Number.NaN]) {
      if (value === null) continue
      assert.match(faultsOf(() => resolveSettings({ env: {}, file: { retentionGiB: value } })), /"retentionGiB": expected a number above 0/, JSON.stringify(value))
    }
    assert.equal(resolveSettings({ env: { FRESHET_RETENTION_GIB: '0.5' } }).retentionGiB, 0.5)
  })

  test('flags win over the environment, which wins over the file, which wins over the default', () => {
    const sources = { flags: { port: 1 }, env: { PORT: '2' }, file: { port: 3 } }
    assert.equal(resolveSettings(sources).port, 1)
    assert.equal(resolveSettings({ ...sources, flags: {} }).port, 2)
    assert.equal(resolveSettings({ env: {}, file: sources.file }).port, 3)
    assert.equal(resolveSettings({ env: {} }).port, 4000)
    // A variable that is there and empty says nothing.
    assert.equal(resolveSettings({ env: { PORT: '' }, file: sources.file }).port, 3)
  })

  test('what needs something beside it says so', () => {
    assert.match(faultsOf(() => resolveSettings({ env: { FRESHET_KAFKA_SASL_MECHANISM: 'plain' } })), /"mechanism" needs "username" and "password"/)
    assert.match(faultsOf(() => resolveSettings({ env: { FRESHET_KAFKA_SASL_USERNAME: 'a' } })), /"username" and "password" need "mechanism", for example/)
    assert.match(faultsOf(() => resolveSettings({ env: { FRESHET_EMBEDDINGS_URL: 'http://localhost:1' } })), /"url" needs "model"/)
    const parts = { FRESHET_KAFKA_BROKERS: 'a:1', FRESHET_WEAVIATE_URL: 'http://a' }
    for (const [name, value] of Object.entries(parts))
      assert.match(faultsOf(() => resolveSettings({ env: { [name]: value }, flags: { processes: '4' } })),
        /^gateway\.processes: expected 1 where "kafka\.brokers" and "weaviate\.url" are not both set.*got 4\. For example: FRESHET_KAFKA_BROKERS=/)
    assert.equal(resolveSettings({ env: parts, file: { gateway: { processes: 4 } } }).processes, 4)
    const dimensions = { FRESHET_EMBEDDINGS_DIMENSIONS: '8' }
    assert.match(faultsOf(() => resolveSettings({ env: dimensions })), /"dimensions" must be at least 16 where there is no "url".*got 8/)
    resolveSettings({ env: { ...dimensions, FRESHET_EMBEDDINGS_URL: 'http://localhost:1', FRESHET_EMBEDDINGS_MODEL: 'small' } })
    createEmbedder(resolveSettings({ env: { FRESHET_EMBEDDINGS_DIMENSIONS: '16' } }))
  })

  test('what does nothing without something else is refused, with that named as one writes it there', () => {
    for (const [name, example, missing, env] of [
      ['FRESHET_KAFKA_SSL', 'true', 'kafka.brokers', 'FRESHET_KAFKA_BROKERS="localhost:9092"'], ['FRESHET_KAFKA_REPLICATION', '3', 'kafka.brokers', 'FRESHET_KAFKA_BROKERS="localhost:9092"'],
      ['FRESHET_WEAVIATE_API_KEY', 'hunter2', 'weaviate.url', 'FRESHET_WEAVIATE_URL="http://localhost:8080"'],
      ['FRESHET_WEAVIATE_GRPC_URL', 'http://localhost:50051', 'weaviate.url', 'FRESHET_WEAVIATE_URL="http://localhost:8080"'],
      ['FRESHET_EMBEDDINGS_API_KEY', 'hunter2', 'embeddings.url', 'FRESHET_EMBEDDINGS_URL="https://api.openai.com/v1"'],
      ['FRESHET_EMBEDDINGS_MODEL', 'small', 'embeddings.url', 'FRESHET_EMBEDDINGS_URL="https://api.openai.com/v1"'],
    ] as const) {
      const message = faultsOf(() => resolveSettings({ env: { [name]: example } }))
      assert.ok(message.startsWith(`${name}: needs "${missing}", without which `) && message.endsWith(`. For example: ${env}`), message)
      assert.doesNotMatch(message, /hunter2/)
    }
    const sasl = { FRESHET_KAFKA_SASL_MECHANISM: 'plain', FRESHET_KAFKA_SASL_USERNAME: 'a', FRESHET_KAFKA_SASL_PASSWORD: 'a' }
    assert.match(faultsOf(() => resolveSettings({ env: sasl })), /^FRESHET_KAFKA_SASL_MECHANISM: needs "kafka\.brokers"/)
    assert.equal(faultsOf(() => resolveSettings({ env: {}, file: { weaviate: { apiKey: 'hunter2' } } })),
      'freshet.yaml: "weaviate.apiKey": needs "weaviate.url", without which the embedded index is used. For example: weaviate: { url: http://localhost:8080 }')
    // Off, it asks for nothing; wrong, what is needed is there.
    resolveSettings({ env: { FRESHET_KAFKA_SSL: 'false' }, file: { weaviate: { apiKey: null } } })
    assert.doesNotMatch(faultsOf(() => resolveSettings({ env: { FRESHET_WEAVIATE_API_KEY: 'a', FRESHET_WEAVIATE_URL: 'localhost' } })), /needs/)
  })

  test('an unknown key of the file is refused, and the one that was meant is named', () => {
    for (const [name, { key }] of definitions) {
      const parts = key.split('.')
      const last = parts.pop() as string
      const inSection = (typo: string) => [...parts, typo].join('.')
      const typos = [inSection(last.toUpperCase()), inSection(last.slice(0, -1)), inSection(`${last}s`), inSection(last.replace(/(.)(.)$/, '$2$1'))]
      for (const typo of typos) {
        if (definitions.some(([, each]) => each.key === typo)) continue
        const message = faultsOf(() => resolveSettings({ env: {}, file: fileOf(typo, 1) }))
        assert.ok(message.includes(`"${typo}" is no setting; did you mean "${key}"?`) && !message.includes('?.'), `${name}: ${message}`)
      }
    }
    assert.match(faultsOf(() => resolveSettings({ env: {}, file: { zzzzzzzz: 1 } })), /"zzzzzzzz" is no setting; the settings are host, port,/)
  })

  test('whatever stands in the file, there are settings or an error in words', () => {
    fc.assert(fc.property(fc.dictionary(fc.constantFrom(...definitions.map(([, { key }]) => key.split('.')[0] as string), 'other'), fc.jsonValue()), (file) => {
      try {
        resolveSettings({ env: {}, file: file as Record<string, unknown> })
      } catch (error) {
        assert.ok(error instanceof SettingsError, String(error))
      }
    }))
  })
})

describe('the settings file', () => {
  const inFile = (content: string, run: (path: string) => void): void => {
    const directory = mkdtempSync(join(tmpdir(), 'freshet-settings-'))
    try {
      writeFileSync(join(directory, 'freshet.yaml'), content)
      run(join(directory, 'freshet.yaml'))
    } finally {
      rmSync(directory, { recursive: true })
    }
  }

  test('is read, and need not be there', () => {
    inFile('port: 5000\nkafka:\n  brokers: [a:1, b:2]\n', (path) => {
      const settings = resolveSettings({ env: {}, file: readSettingsFile(path) })
      assert.deepEqual([settings.port, settings.kafkaBrokers], [5000, ['a:1', 'b:2']])
    })
    for (const nothing of ['', '\n', '# port: 5000\n\n  # host: here\n']) inFile(nothing, (path) => assert.deepEqual(readSettingsFile(path), {}))
    assert.deepEqual(readSettingsFile('/nowhere/freshet.yaml'), {})
  })

  test('that is no YAML, no mapping or not readable is named', () => {
    inFile('port: [1', (path) => assert.match(faultsOf(() => readSettingsFile(path)), /freshet\.yaml: is no YAML/))
    inFile('- port', (path) => assert.match(faultsOf(() => readSettingsFile(path)), /expected keys and values, as in "port: 4000"/))
    assert.match(faultsOf(() => readSettingsFile(tmpdir())), /cannot be read/)
  })
})

test('variables that look like settings and are none are named, those of tests and examples are not', () => {
  const env = { FRESHET_KAFKA_BROKER: 'a:1', FRESHET_KAFKA_BROKERS: 'a:1', FRESHET_TEST_KAFKA: 'a:1', FRESHET_CACHE_DIR: '/tmp', PATH: '/bin' }
  assert.deepEqual(unknownVariables(env), ['FRESHET_KAFKA_BROKER'])
})
