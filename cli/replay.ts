import { silentObserver, systemClock, type Logger } from '../ingest/observer.ts'
import { replay as rebuild, type ReplayProgress } from '../ingest/replay.ts'
import { createEmbedder, ingestSettingsOf, openIndex, openLog, topicsOf } from './parts.ts'
import { progressBar } from './progress.ts'
import type { Settings } from './settings.ts'

/** `freshet replay`: rebuilds index and states from the logs, with a bar where a person watches. */
export async function replay({ settings, logger, signal, say }: {
  settings: Settings; logger: Logger; signal: AbortSignal; say: (line: string) => void
}): Promise<void> {
  const { log } = await openLog(settings, logger, signal)
  try {
    const { index } = await openIndex(settings)
    try {
      const bar = progressBar(names.reading, say)
      const startedAt = performance.now()
      const { records, entities, generation, from } = await rebuild({
        log, index, embedder: createEmbedder(settings), topics: topicsOf(settings), settings: ingestSettingsOf(settings),
        clock: systemClock, logger, metrics: silentObserver, signal, latenessMs: settings.allowedLatenessSeconds * 1000,
        onProgress: ({ phase, done, total }) => bar.show(done, total, names[phase]),
      }).finally(bar.end)
      say(`Rebuilt ${entities} entities from ${records} records, from the ${from} on, in ${((performance.now() - startedAt) / 1000).toFixed(1)} s; generation ${generation} serves.`)
    } finally {
      await index.close()
    }
  } finally {
    await log.close()
  }
}

const names: Record<ReplayProgress['phase'], string> = { reading: 'reading events', writing: 'writing entities' }
