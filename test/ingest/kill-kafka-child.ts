// Runs ingest on Kafka with an index of its own until SIGTERM or SIGKILL: node kill-kafka-child.ts BROKERS PREFIX PARTITIONS DIRECTORY
import { openKafkaLog } from '../../events/kafka.ts'
import { topicNames } from '../../events/topics.ts'
import { silentObserver, systemClock } from '../../ingest/observer.ts'
import { runIngest } from '../../ingest/run.ts'
import { defaultIngestSettings } from '../../ingest/settings.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import { createHashingEmbedder } from '../../search/hashing-embedder.ts'
import { noteWrites } from './write-ledger.ts'

const [brokers, prefix, partitions, directory] = process.argv.slice(2) as [string, string, string, string]
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
// Whoever started it is gone: so is its reason to run.
process.stdin.on('end', () => process.exit(1)).resume()
const log = await openKafkaLog({ brokers: brokers.split(','), partitions: Number(partitions), topicPrefix: prefix, clientId: 'kill-test' })
const index = await openEmbeddedIndex({ directory })
noteWrites(index, `${directory}.writes`)
await runIngest({
  log, index, embedder: createHashingEmbedder(), topics: topicNames(prefix), clock: systemClock, metrics: silentObserver, signal: stop.signal,
  logger: {
    info: (message, details) => console.log(message, JSON.stringify(details ?? {})),
    warn: (message, details) => console.error(message, JSON.stringify(details ?? {})), error: console.error,
  },
  settings: { ...defaultIngestSettings, group: `${prefix}-ingest`, maxRoundRecords: 20, readAhead: 40, checkpointIntervalMs: 300, checkpointChunkBytes: 8_192 },
})
await log.close()
await index.close()
process.exit(0)
