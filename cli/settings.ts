import { readFileSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { resolve } from 'node:path'
import { load } from 'js-yaml'
import type { ForeignSubgraph } from '../gateway/foreign.ts'
import { isObject } from '../gateway/json.ts'
import { readSubgraphs, readSupergraphHeaders } from './foreign-settings.ts'
import { hasLogin, withoutLogin } from './logins.ts'

/** Everything that can be set, once: `freshet.yaml`'s keys, the environment's names, defaults, and what is expected. */
export interface Setting<T> {
  /** Key in freshet.yaml; dots are levels. */
  key: string
  env: string
  default: T
  expected: string
  example: string
  /** Undefined: not what is expected. */
  parse: (value: unknown) => T | undefined
  about: string
  /** Never shown. */
  secret?: boolean
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value.trim() !== '' ? value.trim() : undefined)

const whole = (min: number, max: number) => (value: unknown): number | undefined => {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isInteger(number) && number >= min && number <= max ? number : undefined
}

const truth = (value: unknown): boolean | undefined =>
  value === true || value === 'true' || value === '1' ? true : value === false || value === 'false' || value === '0' ? false : undefined

const list = (value: unknown): string[] | undefined => {
  const items = typeof value === 'string' ? value.split(',') : value
  if (!Array.isArray(items)) return undefined
  const texts = items.map(text)
  return texts.every((item) => item !== undefined) ? texts : undefined
}

const brokers = (value: unknown): string[] | undefined => {
  const items = list(value)
  return items && items.length > 0 && items.every((item) => /^[^\s:/]+:\d{1,5}$|^\[[0-9a-f:]+\]:\d{1,5}$/i.test(item)) ? items : undefined
}

const httpUrl = (value: unknown): string | undefined => {
  const url = text(value)
  return url !== undefined && /^https?:\/\/[^/\s]+/i.test(url) && URL.canParse(url) && !hasLogin(url) ? url.replace(/\/+$/, '') : undefined
}

/** A file, or an address that is right. */
const fileOrUrl = (value: unknown): string | undefined => {
  const place = text(value)
  return place === undefined || !/^https?:/i.test(place) || (URL.canParse(place) && !hasLogin(place)) ? place : undefined
}

const listOf = (one: (item: string) => string | undefined) => (value: unknown): string[] | undefined => {
  const items = list(value)?.map(one)
  return items?.every((item) => item !== undefined) ? items : undefined
}

/** As requests name it: in small letters, without scheme and port, IPv6 in brackets. One written otherwise would match none. */
const hostName = (name: string): string | undefined =>
  isIPv6(name) ? `[${name.toLowerCase()}]`
  : /^[a-z0-9._-]+$/i.test(name) || (/^\[.*\]$/.test(name) && isIPv6(name.slice(1, -1))) ? name.toLowerCase()
  : undefined

/** As browsers name it: scheme and host in small letters, no port that goes without saying, no path. Other schemes are those of apps. */
function webOrigin(origin: string): string | undefined {
  if (origin === 'null') return origin
  if (!/^[a-z][a-z0-9+.-]*:\/\/[^/?#\s@*]+\/?$/i.test(origin) || !URL.canParse(origin)) return undefined
  const url = new URL(origin)
  return url.origin === 'null' ? origin.replace(/\/$/, '') : url.origin
}

const oneOf = <T extends string>(...values: readonly T[]) => (value: unknown): T | undefined => values.find((each) => each === value)

const define = <T>(setting: Setting<T>): Setting<T> => setting
const optional = <T>(setting: Omit<Setting<T>, 'default'>): Setting<T | undefined> => ({ ...setting, default: undefined })

/** The list from which parsing, error messages, `freshet settings` and the README's table derive. */
export const settingDefinitions = {
  host: define({ key: 'host', env: 'FRESHET_HOST', default: '127.0.0.1', parse: text, expected: 'an address to listen on', example: '127.0.0.1', about: 'Address to listen on. Anything but loopback needs `apiKey`.' }),
  port: define({ key: 'port', env: 'PORT', default: 4000, parse: whole(0, 65_535), expected: 'a whole number from 0 to 65535', example: '4000', about: 'Port to listen on; 0 lets the system choose.' }),
  processes: define({ key: 'gateway.processes', env: 'FRESHET_GATEWAY_PROCESSES', default: 1, parse: whole(1, 64), expected: 'a whole number from 1 to 64', example: '4', about: 'Processes of `freshet gateway` that serve behind the one port, one for each core that it shall use; more than 1 need Kafka and Weaviate.' }),
  metricsPort: define({ key: 'metricsPort', env: 'FRESHET_METRICS_PORT', default: 0, parse: whole(0, 65_535), expected: 'a whole number from 0 to 65535', example: '4100', about: 'Port of `/metrics` and `/health` where only ingest runs; 0 lets the system choose.' }),
  apiKey: optional({ key: 'apiKey', env: 'FRESHET_API_KEY', parse: text, expected: 'a text that is not empty', example: 'a long random text', about: 'Key that every request must bring (`authorization: Bearer KEY`).', secret: true }),
  allowedHosts: define({ key: 'allowedHosts', env: 'FRESHET_ALLOWED_HOSTS', default: [] as string[], parse: listOf(hostName), expected: 'host names without scheme and port, separated by commas', example: 'freshet.example.com', about: 'Names under which clients may call, besides loopback.' }),
  allowedOrigins: define({ key: 'allowedOrigins', env: 'FRESHET_ALLOWED_ORIGINS', default: [] as string[], parse: listOf(webOrigin), expected: 'origins (scheme, host and port, no path), separated by commas', example: 'https://app.example.com', about: 'Origins of web pages that may call and read the answers (CORS, without cookies), besides its own.' }),
  trustedDocumentsFile: optional({ key: 'trustedDocuments.file', env: 'FRESHET_TRUSTED_DOCUMENTS', parse: text, expected: 'a file', example: './documents.json', about: 'Manifest of trusted documents, as `{ "ID": "query …" }` or in Apollo\'s form; requests name one by `documentId`.' }),
  trustedDocumentsMode: define({ key: 'trustedDocuments.mode', env: 'FRESHET_TRUSTED_DOCUMENTS_MODE', default: 'also' as 'also' | 'only', parse: oneOf('also', 'only'), expected: 'also or only', example: 'also', about: '`only`: all other operations at `/graphql` are refused (routers still ask at `/subgraphs/NAME`).' }),
  cursorKey: optional({ key: 'cursorKey', env: 'FRESHET_CURSOR_KEY', parse: (value: unknown) => { const key = text(value); return key !== undefined && key.length >= 16 ? key : undefined }, expected: 'a text of at least 16 characters', example: 'a long random text', about: 'Signs the cursors of subscriptions: the same for all replicas, so that a client goes on at any. Default: a random one, which the embedded log keeps.', secret: true }),
  dataDir: define({ key: 'dataDir', env: 'FRESHET_DATA_DIR', default: './.freshet', parse: text, expected: 'a folder', example: './.freshet', about: 'Where the embedded log and index keep their files.' }),
  partitions: define({ key: 'partitions', env: 'FRESHET_PARTITIONS', default: 4, parse: whole(1, 1024), expected: 'a whole number from 1 to 1024', example: '4', about: 'Partitions of every topic; fixed once the topics exist.' }),
  topicPrefix: define({ key: 'topicPrefix', env: 'FRESHET_TOPIC_PREFIX', default: 'freshet', parse: (value: unknown) => { const prefix = text(value); return prefix && /^[A-Za-z0-9._-]{1,100}$/.test(prefix) ? prefix : undefined }, expected: 'letters, digits, dots, dashes and underscores', example: 'freshet', about: 'What the names of topics and collections begin with.' }),
  kafkaBrokers: optional({ key: 'kafka.brokers', env: 'FRESHET_KAFKA_BROKERS', parse: brokers, expected: 'addresses HOST:PORT, separated by commas', example: 'localhost:9092', about: 'Kafka brokers. Without them the embedded log is used.' }),
  kafkaReplication: optional({ key: 'kafka.replicationFactor', env: 'FRESHET_KAFKA_REPLICATION', parse: whole(1, 15), expected: 'a whole number from 1 to 15', example: '3', about: 'Replicas of topics that Freshet creates. Default: the broker\'s own.' }),
  kafkaSsl: define({ key: 'kafka.ssl', env: 'FRESHET_KAFKA_SSL', default: false, parse: truth, expected: 'true or false', example: 'true', about: 'Whether to speak TLS with the brokers.' }),
  kafkaSaslMechanism: optional({ key: 'kafka.sasl.mechanism', env: 'FRESHET_KAFKA_SASL_MECHANISM', parse: oneOf('plain', 'scram-sha-256', 'scram-sha-512'), expected: 'plain, scram-sha-256 or scram-sha-512', example: 'scram-sha-512', about: 'How to log in to the brokers.' }),
  kafkaSaslUsername: optional({ key: 'kafka.sasl.username', env: 'FRESHET_KAFKA_SASL_USERNAME', parse: text, expected: 'a text that is not empty', example: 'freshet', about: 'Who logs in to the brokers.' }),
  kafkaSaslPassword: optional({ key: 'kafka.sasl.password', env: 'FRESHET_KAFKA_SASL_PASSWORD', parse: text, expected: 'a text that is not empty', example: 'the password', about: 'Their password.', secret: true }),
  weaviateUrl: optional({ key: 'weaviate.url', env: 'FRESHET_WEAVIATE_URL', parse: httpUrl, expected: 'an http or https address without a password in it', example: 'http://localhost:8080', about: 'Weaviate. Without it the embedded index is used.' }),
  weaviateGrpcUrl: optional({ key: 'weaviate.grpcUrl', env: 'FRESHET_WEAVIATE_GRPC_URL', parse: httpUrl, expected: 'an http or https address without a password in it', example: 'http://localhost:50051', about: 'Its gRPC address. Default: same host, port 50051.' }),
  weaviateApiKey: optional({ key: 'weaviate.apiKey', env: 'FRESHET_WEAVIATE_API_KEY', parse: text, expected: 'a text that is not empty', example: 'the key', about: 'Its API key.', secret: true }),
  embeddingsUrl: optional({ key: 'embeddings.url', env: 'FRESHET_EMBEDDINGS_URL', parse: httpUrl, expected: 'an http or https address without a password in it', example: 'https://api.openai.com/v1', about: 'An OpenAI-compatible endpoint. Without it texts are embedded by feature hashing, in process.' }),
  embeddingsModel: optional({ key: 'embeddings.model', env: 'FRESHET_EMBEDDINGS_MODEL', parse: text, expected: 'the name of a model', example: 'text-embedding-3-small', about: 'Model of that endpoint.' }),
  embeddingsDimensions: define({ key: 'embeddings.dimensions', env: 'FRESHET_EMBEDDINGS_DIMENSIONS', default: 256, parse: whole(8, 4096), expected: 'a whole number from 8 to 4096', example: '256', about: 'Length of the vectors.' }),
  embeddingsApiKey: optional({ key: 'embeddings.apiKey', env: 'FRESHET_EMBEDDINGS_API_KEY', parse: text, expected: 'a text that is not empty', example: 'the key', about: 'Key of that endpoint.', secret: true }),
  allowedLatenessSeconds: define({ key: 'allowedLatenessSeconds', env: 'FRESHET_ALLOWED_LATENESS_SECONDS', default: 300, parse: whole(1, 86_400), expected: 'a whole number from 1 to 86400', example: '300', about: 'How late, by the log\'s clock, an event may come and still be counted in metrics.' }),
  retentionGiB: define({ key: 'retentionGiB', env: 'FRESHET_RETENTION_GIB', default: 2, parse: (value: unknown) => { const size = typeof value === 'string' && value.trim() !== '' ? Number(value) : value; return typeof size === 'number' && size > 0 && size <= 10_000 ? size : undefined }, expected: 'a number above 0, at most 10000', example: '2', about: 'How much the embedded log keeps behind its snapshot, in GiB.' }),
  supergraph: optional({ key: 'supergraph', env: 'FRESHET_SUPERGRAPH', parse: fileOrUrl, expected: 'a file, or an http or https address without a password in it', example: './supergraph.graphql', about: 'A supergraph that was composed elsewhere: a file or an address. Without it Freshet composes its own subgraphs and `subgraphs`.' }),
  pollSeconds: define({ key: 'pollSeconds', env: 'FRESHET_POLL_SECONDS', default: 10, parse: whole(0, 86_400), expected: 'a whole number from 0 to 86400', example: '10', about: 'Seconds between looks for a changed supergraph or foreign subgraph, which is then swapped in; 0: never.' }),
  publicUrl: optional({ key: 'publicUrl', env: 'FRESHET_PUBLIC_URL', parse: httpUrl, expected: 'an http or https address without a password in it', example: 'https://freshet.example.com', about: 'How others reach this gateway: foreign subgraphs for subscriptions by HTTP callback, and routers that have what `freshet compose` wrote.' }),
  pingSeconds: define({ key: 'pingSeconds', env: 'FRESHET_PING_SECONDS', default: 12, parse: whole(1, 3_600), expected: 'a whole number from 1 to 3600', example: '12', about: 'Seconds between pings of a WebSocket; one that is not answered before the next ends the connection.' }),
  operationsPerConnection: define({ key: 'limits.operationsPerConnection', env: 'FRESHET_OPERATIONS_PER_CONNECTION', default: 100, parse: whole(1, 100_000), expected: 'a whole number from 1 to 100000', example: '100', about: 'Operations that a WebSocket or single-connection stream may have under way; one more is refused.' }),
  queriesPerConnection: define({ key: 'limits.queriesPerConnection', env: 'FRESHET_QUERIES_PER_CONNECTION', default: 32, parse: whole(1, 100_000), expected: 'a whole number from 1 to 100000', example: '32', about: 'Queries and mutations among them that are begun at a time; others wait until an answer has left.' }),
  liveEvaluationsPerSecond: define({ key: 'liveEvaluationsPerSecond', env: 'FRESHET_LIVE_EVALUATIONS_PER_SECOND', default: 200, parse: whole(1, 100_000), expected: 'a whole number from 1 to 100000', example: '200', about: 'How often live feeds and searches may be evaluated in a second, all together; what is more waits its turn.' }),
  simulate: define({ key: 'simulate', env: 'FRESHET_SIMULATE', default: true, parse: truth, expected: 'true or false', example: 'false', about: 'Whether `freshet start` runs the marketplace simulator.' }),
  simulateRate: define({ key: 'simulateRate', env: 'FRESHET_SIMULATE_RATE', default: 200, parse: whole(1, 20_000), expected: 'a whole number from 1 to 20000', example: '200', about: 'Events per second of the simulator.' }),
  simulateSeed: define({ key: 'simulateSeed', env: 'FRESHET_SIMULATE_SEED', default: 1, parse: whole(0, 2 ** 31), expected: 'a whole number from 0 to 2147483648', example: '1', about: 'Seed of the simulator: the same seed makes the same market.' }),
} as const

/** Dimensions that feature hashing needs (search/hashing-embedder.ts); endpoints may have fewer. */
const leastHashed = 16

type Definitions = typeof settingDefinitions
export type SettingName = keyof Definitions
type Plain = { [N in SettingName]: Definitions[N]['default'] extends infer D ? (Definitions[N] extends Setting<infer T> ? T : D) : never }

/** `subgraphs` and `supergraphHeaders` have keys of their own, which only `freshet.yaml` can say (cli/foreign-settings.ts). */
export type Settings = Plain & {
  subgraphs: readonly ForeignSubgraph[]
  supergraphHeaders: Readonly<Record<string, string>>
}
const structuredKeys = ['subgraphs', 'supergraphHeaders'] as const

/** A setting that is not what it should be: names the key, what was expected, what came and an example. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

export interface SettingSources {
  env: Readonly<Record<string, string | undefined>>
  /** Parsed freshet.yaml. */
  file?: Readonly<Record<string, unknown>>
  fileName?: string
  /** From the command line: they win over the environment, which wins over the file. */
  flags?: Readonly<Partial<Record<SettingName, unknown>>>
}

/** @throws SettingsError naming every wrong key */
export function resolveSettings({ env, file = {}, fileName = 'freshet.yaml', flags = {} }: SettingSources): Settings {
  const faults: string[] = unknownKeys(file).map((key) => `${fileName}: "${key}" is no setting${nearestKey(key)}`)
  const plain = Object.fromEntries(Object.entries(settingDefinitions).map(([name, definition]) => {
    const { value, source } = given(name as SettingName, { env, file, flags })
    if (value === undefined) return [name, definition.default]
    const parsed = definition.parse(value)
    if (parsed === undefined) {
      const came = 'secret' in definition && definition.secret ? 'something else' : withoutLogin(value)
      faults.push(`${placeOf(name as SettingName, source, fileName)}: expected ${definition.expected}, got ${came}. For example: ${exampleOf(name as SettingName, source)}`)
    }
    return [name, parsed ?? definition.default]
  })) as Plain
  const context = { env, faults, fileName, publicUrl: plain.publicUrl }
  const settings: Settings = {
    ...plain, subgraphs: readSubgraphs(file.subgraphs, context), supergraphHeaders: readSupergraphHeaders(file.supergraphHeaders, context),
  }
  for (const [name, needed, otherwise] of needing) {
    const { value, source } = given(name, { env, file, flags })
    if (value === undefined || settings[name] === false || given(needed, { env, file, flags }).value !== undefined) continue
    faults.push(`${placeOf(name, source, fileName)}: needs "${settingDefinitions[needed].key}", without which ${otherwise}. For example: ${exampleOf(needed, source)}`)
  }
  if (settings.kafkaSaslMechanism && !(settings.kafkaSaslUsername && settings.kafkaSaslPassword))
    faults.push('kafka.sasl: "mechanism" needs "username" and "password" (FRESHET_KAFKA_SASL_USERNAME, FRESHET_KAFKA_SASL_PASSWORD).')
  if (!settings.kafkaSaslMechanism && (settings.kafkaSaslUsername || settings.kafkaSaslPassword))
    faults.push('kafka.sasl: "username" and "password" need "mechanism", for example FRESHET_KAFKA_SASL_MECHANISM="scram-sha-512".')
  if (settings.trustedDocumentsMode === 'only' && !settings.trustedDocumentsFile)
    faults.push('trustedDocuments: "mode" only needs "file" (FRESHET_TRUSTED_DOCUMENTS).')
  if (settings.embeddingsUrl && !settings.embeddingsModel)
    faults.push('embeddings: "url" needs "model", for example FRESHET_EMBEDDINGS_MODEL="text-embedding-3-small".')
  if (!settings.embeddingsUrl && settings.embeddingsDimensions < leastHashed)
    faults.push(`embeddings: "dimensions" must be at least ${leastHashed} where there is no "url", as feature hashing needs them; got ${settings.embeddingsDimensions}.`)
  if (settings.processes > 1 && !(settings.kafkaBrokers && settings.weaviateUrl))
    faults.push(`gateway.processes: expected 1 where "kafka.brokers" and "weaviate.url" are not both set, as the embedded log and index belong to one process; got ${settings.processes}. `
      + 'For example: FRESHET_KAFKA_BROKERS="localhost:9092" FRESHET_WEAVIATE_URL="http://localhost:8080"')
  if (faults.length > 0) throw new SettingsError(faults.join('\n'))
  return settings
}

/** What does nothing without something else, which was most probably forgotten; and what is used in its place. */
const needing: readonly (readonly [SettingName, SettingName, string])[] = [
  ...(['kafkaReplication', 'kafkaSsl', 'kafkaSaslMechanism'] as const).map((name) => [name, 'kafkaBrokers', 'the embedded log is used'] as const),
  ...(['weaviateGrpcUrl', 'weaviateApiKey'] as const).map((name) => [name, 'weaviateUrl', 'the embedded index is used'] as const),
  ...(['embeddingsModel', 'embeddingsApiKey'] as const).map((name) => [name, 'embeddingsUrl', 'texts are embedded by feature hashing'] as const),
]

type Source = 'flags' | 'environment' | 'file'

function given(name: SettingName, { env, file, flags }: Omit<Required<SettingSources>, 'fileName'>): { value: unknown; source: Source } {
  const { key, env: variable } = settingDefinitions[name]
  if (flags[name] !== undefined) return { value: flags[name], source: 'flags' }
  const fromEnv = env[variable]
  if (fromEnv !== undefined && fromEnv !== '') return { value: fromEnv, source: 'environment' }
  const value = key.split('.').reduce<unknown>((node, part) => (isObject(node) ? node[part] : undefined), file)
  return { value: value ?? undefined, source: 'file' }
}

const flagOf = (name: SettingName): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

function placeOf(name: SettingName, source: Source, fileName: string): string {
  const { key, env } = settingDefinitions[name]
  return source === 'flags' ? flagOf(name) : source === 'environment' ? env : `${fileName}: "${key}"`
}

/** As one writes it where the setting came from. */
function exampleOf(name: SettingName, source: Source): string {
  const { key, env, example } = settingDefinitions[name]
  if (source === 'flags') return `${flagOf(name)} ${example}`
  if (source === 'environment') return `${env}=${JSON.stringify(example)}`
  const [last, ...sections] = key.split('.').reverse()
  return sections.reduce((inner, section) => `${section}: { ${inner} }`, `${last}: ${example}`)
}

const knownKeys = (): string[] => [...Object.values(settingDefinitions).map(({ key }) => key), ...structuredKeys]

function unknownKeys(file: Readonly<Record<string, unknown>>, prefix = ''): string[] {
  const known = knownKeys()
  return Object.entries(file).flatMap(([name, value]) => {
    const key = prefix + name
    if (known.includes(key)) return []
    return isObject(value) && known.some((each) => each.startsWith(`${key}.`)) ? unknownKeys(value, `${key}.`) : [key]
  })
}

/** What was probably meant: the known key with the fewest changes of letters, if they are few. */
function nearestKey(key: string): string {
  const known = knownKeys()
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9.]/g, '')
  const [nearest] = known.map((each) => ({ each, changes: editDistance(plain(key), plain(each)) })).sort((a, b) => a.changes - b.changes)
  return nearest && nearest.changes <= Math.max(2, Math.floor(key.length / 3))
    ? `; did you mean "${nearest.each}"?` : `; the settings are ${known.join(', ')}.`
}

/** Insertions, deletions and replacements of a letter that make one text of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1]
    for (let j = 0; j < b.length; j++)
      next.push(Math.min(row[j]! + (letter === b[j] ? 0 : 1), row[j + 1]! + 1, next[j]! + 1))
    row = next
  }
  return row[b.length]!
}

/** Reads freshet.yaml. @returns an empty object where there is none */
export function readSettingsFile(path: string): Record<string, unknown> {
  let source: string
  try {
    source = readFileSync(resolve(path), 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new SettingsError(`${path}: cannot be read (${(error as Error).message}).`)
  }
  // An empty file, or one in which everything is commented out, is no YAML document.
  if (source.split('\n').every((line) => /^\s*(#.*)?$/.test(line))) return {}
  let parsed: unknown
  try {
    parsed = load(source, { filename: path })
  } catch (error) {
    throw new SettingsError(`${path}: is no YAML: ${(error as Error).message}`)
  }
  if (parsed === null || parsed === undefined) return {}
  if (!isObject(parsed)) throw new SettingsError(`${path}: expected keys and values, as in "port: 4000".`)
  return parsed
}

/** Read by tests, examples and the cache of test servers; no settings of the program. */
const foreignVariables = /^FRESHET_(TEST_|SOAK_|CACHE_DIR$|URL$)/

/** Variables that look like settings and are none: most often a misspelt name, which would otherwise go unnoticed. */
export function unknownVariables(env: Readonly<Record<string, string | undefined>>): string[] {
  const known = new Set<string>(Object.values(settingDefinitions).map(({ env: name }) => name))
  return Object.keys(env).filter((name) => name.startsWith('FRESHET_') && !known.has(name) && !foreignVariables.test(name))
}
