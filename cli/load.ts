import { createReadStream, statSync } from 'node:fs'
import { createInterface } from 'node:readline'
import type { EventLog, NewRecord } from '../events/log.ts'
import { MAX_EVENT_BYTES } from '../events/parse.ts'
import { parsePublished } from '../events/serialize.ts'
import { topicSpecs, type Topics } from '../events/topics.ts'
import type { Logger } from '../ingest/observer.ts'
import { openLog, topicsOf } from './parts.ts'
import { progressBar, type Bar } from './progress.ts'
import type { Settings } from './settings.ts'

/** Records of one append: large enough for throughput, small enough that the bar moves. */
const batchSize = 1_000
const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`
/** So many refused lines are shown; all are counted. */
const maxShown = 20

/**
 * `freshet load`: appends a file of events, one CloudEvent in JSON per line, to their logs: a backfill, or events kept
 * elsewhere. A line that would be refused is named and left out; the others are appended in order. Events older than the allowed
 * lateness set fields and are not counted in metrics, as always.
 *
 * @returns whether every line was appended
 */
export async function load({ file, settings, logger, signal, say }: {
  file: string; settings: Settings; logger: Logger; signal: AbortSignal; say: (line: string) => void
}): Promise<boolean> {
  const bytes = sizeOf(file)
  const { log, where } = await openLog(settings, logger, signal)
  const bar = progressBar('loading', say, megabytes)
  try {
    const topics = topicsOf(settings)
    await log.ensureTopics(topicSpecs(topics))
    bar.show(0, bytes)
    const { appended, refused } = await appendLines(file, bytes, { log, topics, bar, say, signal })
    bar.end()
    say(`Appended ${appended} events to the log (${where})${refused > 0 ? `; ${refused === 1 ? '1 line was' : `${refused} lines were`} refused` : ''}.`)
    return refused === 0
  } finally {
    bar.end()
    await log.close()
  }
}

/** @throws Error where there is no such file */
function sizeOf(file: string): number {
  const found = statSync(file, { throwIfNoEntry: false })
  if (!found?.isFile()) throw new Error(`There is no file ${file}; expected one with a CloudEvent in JSON on each line.`)
  return found.size
}

async function appendLines(file: string, total: number, { log, topics, bar, say, signal }: {
  log: EventLog; topics: Topics; bar: Bar; say: (line: string) => void; signal: AbortSignal
}): Promise<{ appended: number; refused: number }> {
  let appended = 0
  let refused = 0
  let done = 0
  let number = 0
  let batch: NewRecord[] = []
  const refuse = (reason: string) => {
    if (++refused <= maxShown) say(`line ${number}: ${reason}`)
  }
  const flush = async () => {
    if (batch.length > 0) await log.append(batch, { signal })
    appended += batch.length
    batch = []
    bar.show(Math.min(done, total), total)
  }
  for await (const line of createInterface({ input: createReadStream(file), crlfDelay: Infinity })) {
    number++
    done += Buffer.byteLength(line) + 1
    if (line.trim() === '') continue
    const judged = judge(line, topics)
    if (typeof judged === 'string') refuse(judged)
    else batch.push(judged)
    if (batch.length === batchSize) await flush()
    signal.throwIfAborted()
  }
  await flush()
  return { appended, refused }
}

/** The record of a line, or why there is none. */
function judge(line: string, topics: Topics): NewRecord | string {
  if (line.length > MAX_EVENT_BYTES) return `OVERSIZED: expected at most ${MAX_EVENT_BYTES} bytes`
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    return 'MALFORMED_JSON: expected one CloudEvent in JSON per line'
  }
  const parsed = parsePublished(value, topics, { appendedAt: Date.now() })
  return parsed.ok ? parsed.record : `${parsed.reason}: ${parsed.message}`
}
