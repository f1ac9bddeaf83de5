// Runs ingest on a directory until everything is applied, or until it is killed: node kill-child.ts DIRECTORY PARTITIONS
import { Harness } from './harness.ts'
import { noteWrites } from './write-ledger.ts'

const [directory, partitions] = process.argv.slice(2)
const harness = await new Harness(Number(partitions), directory).open()
noteWrites(harness.index, `${directory}.writes`)
const running = harness.ingest({
  logger: { info: (message) => { if (message === 'ingest owns partitions') console.log('owning') }, warn: console.error, error: console.error },
  settings: { maxRoundRecords: 6, readAhead: 12, checkpointIntervalMs: 60, checkpointChunkBytes: 4_096, copyIntervalMs: 100 },
})
console.log('started')
await Promise.race([harness.announced(), running.ended])
await running.stop()
await harness.close()
console.log('done')
