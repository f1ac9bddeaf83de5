import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { createServer } from 'node:net'
import { LogUnavailableError, NoSuchTopicError, type EventLog } from '../events/log.ts'
import { domainTopics } from '../events/topics.ts'
import { silentLogger } from '../ingest/observer.ts'
import { createEmbedder, openIndex, openLog, topicsOf } from './parts.ts'
import type { Settings } from './settings.ts'

interface Finding {
  what: string
  /** What is right, in a few words. */
  fine?: string
  /** What is wrong, and how to mend it. */
  wrong?: string
  mend?: string
}

/** A system that does not answer within this time counts as away, ms. */
const patienceMs = 5_000

/** `freshet doctor`. @returns whether all is well */
export async function doctor({ settings, say }: { settings: Settings; say: (line: string) => void }): Promise<boolean> {
  const findings: Finding[] = [checkNode(), await checkFolder(settings),
    ...(await Promise.all([checkPort(settings), checkLog(settings), checkIndex(settings), checkEmbedder(settings)]))]
  for (const { what, fine, wrong, mend } of findings) {
    say(`${wrong === undefined ? 'ok   ' : 'WRONG'}  ${what}: ${wrong ?? fine}`)
    if (mend) say(`         → ${mend}`)
  }
  const wrong = findings.filter((finding) => finding.wrong !== undefined).length
  say(wrong === 0 ? 'All is well.' : `${wrong} of ${findings.length} checks found something wrong.`)
  return wrong === 0
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0])
  return major >= 24 ? { what: 'Node', fine: process.version }
    : { what: 'Node', wrong: `${process.version}, but 24 or newer is needed`, mend: 'Run `npm ci`: it brings the right one into node_modules.' }
}

async function checkFolder({ dataDir }: Settings): Promise<Finding> {
  try {
    await mkdir(dataDir, { recursive: true })
    await access(dataDir, constants.R_OK | constants.W_OK)
    return { what: 'data folder', fine: `${dataDir} can be written` }
  } catch (error) {
    return { what: 'data folder', wrong: `${dataDir}: ${messageOf(error)}`, mend: 'Give it to the user who runs Freshet, or set another (FRESHET_DATA_DIR).' }
  }
}

async function checkPort({ host, port }: Settings): Promise<Finding> {
  const what = `port ${port}`
  const free = await new Promise<string | null>((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(null)))
  })
  if (free === null) return { what, fine: 'free' }
  const freshet = await isFreshet(host, port)
  if (freshet) return { what, fine: `a Freshet gateway answers there (${freshet})` }
  return { what, wrong: `taken (${free})`, mend: 'End the program that has it, or choose another port (PORT=4001).' }
}

async function isFreshet(host: string, port: number): Promise<string | null> {
  try {
    const response = await fetch(`http://${host}:${port}/health/ready`, { signal: AbortSignal.timeout(patienceMs) })
    const { status } = (await response.json()) as { status?: unknown }
    return typeof status === 'string' ? status : null
  } catch {
    return null
  }
}

async function checkLog(settings: Settings): Promise<Finding> {
  const kafka = settings.kafkaBrokers?.join(', ')
  const what = kafka === undefined ? 'event log (embedded)' : `event log (Kafka at ${kafka})`
  /** What is said of brokers that do not answer, while they are asked again. */
  let away: unknown
  try {
    const { log } = await openLog(settings, { ...silentLogger, warn: (_message, details) => { away = details?.reason } }, AbortSignal.timeout(patienceMs))
    try {
      return { what, ...await lookInto(log, settings) }
    } finally {
      await log.close()
    }
  } catch (error) {
    const code = (error as { code?: unknown }).code
    if (code === 'DIRECTORY_IN_USE') return { what, fine: inUse(error) }
    const wrong = error instanceof LogUnavailableError ? `no broker answered within ${patienceMs / 1000} s${away === undefined ? '' : ` (${String(away)})`}` : messageOf(error)
    return { what, wrong, mend: kafka === undefined
      ? 'Or set another folder (FRESHET_DATA_DIR).'
      : 'Start the brokers, or correct FRESHET_KAFKA_BROKERS (HOST:PORT, separated by commas) and the SASL/SSL settings.' }
  }
}

/** Looks without creating anything. */
async function lookInto(log: EventLog, settings: Settings): Promise<Omit<Finding, 'what'>> {
  const topics = domainTopics(topicsOf(settings))
  try {
    const ends = await log.ends(topics)
    for (const topic of topics) {
      const partitions = Object.keys(ends).filter((key) => key.startsWith(`${topic}/`)).length
      if (partitions !== log.partitions)
        return { wrong: `the topic ${topic} has ${partitions} partitions, the setting says ${log.partitions}`, mend: `Set FRESHET_PARTITIONS=${partitions}, or another FRESHET_TOPIC_PREFIX.` }
    }
    return { fine: `reachable, ${log.partitions} partitions, ${Object.values(ends).reduce((sum, end) => sum + end, 0)} events so far` }
  } catch (error) {
    if (!(error instanceof NoSuchTopicError)) throw error
    return { fine: `reachable, ${log.partitions} partitions, no topics yet (the first \`freshet start\` creates them)` }
  }
}

async function checkIndex(settings: Settings): Promise<Finding> {
  const what = settings.weaviateUrl ? `index (Weaviate at ${settings.weaviateUrl})` : 'index (embedded)'
  try {
    const { index } = await openIndex(settings)
    try {
      await index.open(AbortSignal.timeout(patienceMs))
      const { entities } = await index.stats()
      return { what, fine: `reachable, ${entities.livestream} livestreams, ${entities.seller} sellers, ${entities.user} users` }
    } finally {
      await index.close()
    }
  } catch (error) {
    if (/another process|in use/i.test(messageOf(error))) return { what, fine: inUse(error) }
    return { what, wrong: messageOf(error), mend: settings.weaviateUrl
      ? 'Start Weaviate, or correct FRESHET_WEAVIATE_URL, FRESHET_WEAVIATE_GRPC_URL and FRESHET_WEAVIATE_API_KEY.'
      : 'Or set another folder (FRESHET_DATA_DIR).' }
  }
}

async function checkEmbedder(settings: Settings): Promise<Finding> {
  const what = settings.embeddingsUrl ? `embeddings (${settings.embeddingsUrl})` : 'embeddings (feature hashing, in process)'
  try {
    const embedder = createEmbedder(settings)
    await embedder.embed(['a livestream'], AbortSignal.timeout(patienceMs))
    return { what, fine: `${embedder.model}, ${embedder.dimensions} dimensions` }
  } catch (error) {
    return { what, wrong: messageOf(error), mend: 'Correct FRESHET_EMBEDDINGS_URL, _MODEL, _DIMENSIONS and _API_KEY.' }
  }
}

/** Without what to do about it, which here is nothing. */
const inUse = (error: unknown): string => `in use by a running Freshet (${/process \d+/.exec(messageOf(error))?.[0] ?? messageOf(error)})`

const messageOf = (error: unknown): string =>
  error instanceof DOMException && error.name === 'TimeoutError' ? `no answer within ${patienceMs / 1000} s`
  : error instanceof Error ? error.message : String(error)
