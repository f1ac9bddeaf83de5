import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { CORE_SCHEMA, load, mergeTag } from 'js-yaml'
import { resolveSettings, settingDefinitions } from '../../cli/settings.ts'
import { checkListen } from '../../gateway/guard.ts'
import { kafkaVersion } from '../servers/kafka.ts'
import { weaviateVersion } from '../servers/weaviate.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

interface Service {
  image?: string
  build?: { context: string; dockerfile: string }
  command?: string[]
  ports?: string[]
  environment?: Record<string, string | number>
  depends_on?: Record<string, { condition: string }>
  profiles?: string[]
  volumes?: string[]
  healthcheck?: { disable?: boolean; test?: string[] }
}

const { services, volumes } = load(read('compose.yaml'), { schema: CORE_SCHEMA.withTags(mergeTag) }) as {
  services: Record<string, Service>
  volumes: Record<string, unknown>
}
const own = Object.entries(services).filter(([, { build }]) => build)
/** As Compose puts them in, with a key from the environment. */
const environmentOf = ({ environment = {} }: Service): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value).replace(/\$\{FRESHET_API_KEY:\?[^}]*\}/, 'a-key')]))

/** What a source file imports, at its head or on demand, and what that imports in turn; types apart. */
function importedFrom(entry: string): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>()
  const packages = new Set<string>()
  const visit = (file: string): void => {
    if (files.has(file)) return
    files.add(file)
    if (!file.endsWith('.ts')) return
    const values = read(file).replaceAll(/^(import|export) type [^;]*? from '[^']+'$/gm, '')
    for (const [, name = ''] of values.matchAll(/(?:^(?:import|export|\}) .*from |^import |\bimport\()'([^']+)'/gm)) {
      if (name.startsWith('.')) visit(join(file, '..', name))
      else if (!name.startsWith('node:')) packages.add(name.split('/').slice(0, name.startsWith('@') ? 2 : 1).join('/'))
    }
  }
  visit(entry)
  return { files, packages }
}

describe('compose.yaml', () => {
  test('has Kafka, Weaviate, two of ingest, two gateways and, on demand, a simulator', () => {
    const roles = own.map(([, { command, profiles }]) => [...(command ?? []), ...(profiles ?? [])].join(' '))
    assert.deepEqual(roles.sort(), ['gateway', 'gateway', 'ingest', 'ingest', 'simulate simulate'])
    assert.deepEqual(Object.keys(services).filter((name) => !services[name]?.build).sort(), ['kafka', 'weaviate'])
  })

  test('pins the versions that the tests run against', () => {
    assert.equal(services['kafka']?.image, `apache/kafka:${kafkaVersion}`)
    assert.equal(services['weaviate']?.image, `cr.weaviate.io/semitechnologies/weaviate:${weaviateVersion}`)
    for (const [name, { image }] of own) assert.equal(image, 'freshet:local', `${name} is built here, never pulled`)
  })

  test('sets only what Freshet knows, to values that it takes', () => {
    const known = new Set<string>(Object.values(settingDefinitions).map(({ env }) => env))
    for (const [name, service] of own) {
      const environment = environmentOf(service)
      for (const variable of Object.keys(environment)) assert.ok(known.has(variable), `${name}: ${variable} is a setting`)
      const settings = resolveSettings({ env: environment })
      assert.deepEqual(settings.kafkaBrokers, ['kafka:19092'])
      assert.equal(new URL(settings.weaviateUrl ?? '').hostname, 'weaviate')
      if (service.command?.[0] === 'gateway') {
        assert.equal(settings.host, '0.0.0.0')
        assert.deepEqual(settings.allowedHosts, own.filter(([, { command }]) => command?.[0] === 'gateway').map(([gateway]) => gateway))
        checkListen({ ...settings, limits: {} as never, requestTimeoutMs: 0, tokenTimeoutMs: 0, pingIntervalMs: 0, patienceMs: 0 })
      }
    }
  })

  test('has no key of its own: without one from the environment Compose refuses to start', () => {
    for (const [name, { command, environment }] of own)
      if (command?.[0] === 'gateway') assert.match(String(environment?.['FRESHET_API_KEY']), /^\$\{FRESHET_API_KEY:\?.+\}$/, name)
  })

  test('publishes ports on loopback only, no port twice', () => {
    const published = Object.values(services).flatMap(({ ports = [] }) => ports)
    for (const port of published) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/)
    assert.equal(new Set(published.map((port) => port.split(':')[1])).size, published.length)
  })

  test('advertises the addresses by which the brokers are called', () => {
    const advertised = String(services['kafka']?.environment?.['KAFKA_ADVERTISED_LISTENERS'])
    assert.equal(advertised, 'INSIDE://kafka:19092,OUTSIDE://localhost:9092')
    assert.ok(services['kafka']?.ports?.includes('127.0.0.1:9092:9092'))
  })

  test('waits for healthy servers, and asks of a role only what it serves', () => {
    for (const [name, { depends_on: needs, command, healthcheck }] of own) {
      assert.deepEqual(needs, { kafka: { condition: 'service_healthy' }, weaviate: { condition: 'service_healthy' } }, name)
      assert.equal(healthcheck?.disable ?? false, command?.[0] === 'simulate', name)
      if (command?.[0] !== 'ingest') continue
      const [, port] = /127\.0\.0\.1:(\d+)\/health\/ready/.exec(healthcheck?.test?.join(' ') ?? '') ?? []
      assert.equal(Number(port), resolveSettings({ env: environmentOf(own.find(([each]) => each === name)?.[1] ?? {}) }).metricsPort, name)
    }
    for (const name of ['kafka', 'weaviate']) assert.ok(services[name]?.healthcheck?.test, name)
  })

  test('keeps data in volumes that are declared', () => {
    const used = Object.values(services).flatMap(({ volumes: mounts = [] }) => mounts.map((mount) => mount.split(':')[0] as string))
    assert.deepEqual(used.sort(), Object.keys(volumes).sort())
  })

  test('says that it was never run', () => {
    for (const file of ['compose.yaml', 'deploy/Dockerfile']) assert.match(read(file), /Unrun here/)
  })
})

describe('the image', () => {
  const dockerfile = read('deploy/Dockerfile')

  test('is built from the Dockerfile that compose.yaml names', () => {
    for (const [, { build }] of own) assert.ok(existsSync(join(root, build?.context ?? '', build?.dockerfile ?? '')))
  })

  test('has the Node that the program needs, does not run as root and says when it is ready', () => {
    for (const [, image] of dockerfile.matchAll(/^FROM (\S+)/gm)) assert.equal(image, 'node:24-bookworm-slim')
    assert.match(dockerfile, /^USER node$/m)
    assert.match(dockerfile, /HEALTHCHECK[\s\S]*\/health\/ready/)
  })

  const letIn = read('.dockerignore').split('\n').filter((line) => line.startsWith('!')).map((line) => line.slice(1))

  test('has every folder that the program imports from, and nothing that is not there', () => {
    const { files } = importedFrom('cli/main.ts')
    const folders = new Set([...files].map((file) => file.split('/')[0] as string))
    assert.ok(folders.has('federation'), 'imports were followed')
    assert.deepEqual([...folders].sort(), letIn.filter((path) => !path.includes('.') && path !== 'LICENSE').sort())
    for (const path of letIn) assert.ok(existsSync(join(root, path)), `${path} is there`)
  })

  test('has every package that the program imports', () => {
    const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
    // The generator is for developers; `freshet check` loads it, and nothing else does.
    const developersOnly = new Set(['@graphql-codegen/cli'])
    for (const name of importedFrom('cli/main.ts').packages)
      assert.ok(developersOnly.has(name) || dependencies[name], `${name} is among the dependencies`)
  })

  test('lets no data, no key and no history into the build', () => {
    assert.equal(read('.dockerignore').split('\n').filter((line) => line && !line.startsWith('#'))[0], '*')
  })
})
