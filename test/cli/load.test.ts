import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { load } from '../../cli/load.ts'
import { openLog, topicsOf } from '../../cli/parts.ts'
import { resolveSettings } from '../../cli/settings.ts'
import { silentLogger } from '../../ingest/observer.ts'

const seller = (number: number) => JSON.stringify({
  specversion: '1.0', id: String(number), source: 'backfill', type: 'SellerRegistered', time: '2026-01-31T12:00:00Z',
  subject: `seller:s-${number}`, data: { name: `Seller ${number}` },
})

describe('freshet load', () => {
  it('appends every good line in order, names the others, and says how many there were', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'freshet-load-'))
    try {
      const file = join(directory, 'events.ndjson')
      const good = Array.from({ length: 2_500 }, (_, number) => seller(number))
      await writeFile(file, [...good.slice(0, 1_000), 'no json', '', '{"specversion":"1.0"}', ...good.slice(1_000)].join('\n'))
      const settings = resolveSettings({ env: { FRESHET_DATA_DIR: directory, FRESHET_PARTITIONS: '1' } })
      const said: string[] = []
      const ended = new AbortController()
      const all = await load({ file, settings, logger: silentLogger, signal: ended.signal, say: (line) => said.push(line) })
      assert.equal(all, false)
      assert.match(said.join('\n'), /line 1001: MALFORMED_JSON/)
      assert.match(said.join('\n'), /line 1003: INVALID_ENVELOPE/)
      assert.match(said.at(-1) ?? '', /Appended 2500 events .* 2 lines were refused/)

      const { log } = await openLog(settings, silentLogger)
      try {
        const topic = topicsOf(settings).sellers
        const keys: (string | null)[] = []
        for await (const records of log.read({ from: { [`${topic}/0`]: 0 }, signal: ended.signal })) {
          keys.push(...records.map(({ key }) => key))
          if (keys.length >= 2_500) ended.abort()
        }
        assert.deepEqual(keys, good.map((_, number) => `seller:s-${number}`))
      } finally {
        await log.close()
      }
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  })

  it('says that a file is missing', async () => {
    const settings = resolveSettings({ env: {} })
    await assert.rejects(
      load({ file: '/nowhere/events.ndjson', settings, logger: silentLogger, signal: AbortSignal.timeout(1_000), say: () => {} }), /There is no file \/nowhere\/events\.ndjson; expected one with a CloudEvent in JSON on each line\./)
  })
})
