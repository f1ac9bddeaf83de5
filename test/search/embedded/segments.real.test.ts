import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { openEmbeddedIndex } from '../../../search/embedded.ts'
import { idsOf, randomFrom } from '../contract/fixture.ts'

test('an index on disk is another process\'s until that one ends, by kill -9 too; then all acknowledged rounds are there, whole', async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'freshet-index-'))
  t.after(() => rm(directory, { recursive: true, force: true }))
  const random = randomFrom(1)
  let acknowledged = 0
  for (let kill = 0; kill < 5; kill++) {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'writer.ts'), directory, String(acknowledged + 1)],
      { stdio: ['ignore', 'pipe', 'inherit'] })
    const until = acknowledged + 1 + Math.floor(random() * 40)
    const gone = new Promise((resolve) => child.once('exit', resolve))
    let refused: unknown
    for await (const line of createInterface(child.stdout!)) {
      acknowledged = Number(line)
      refused ??= await openEmbeddedIndex({ directory }).catch((error: unknown) => error)
      if (acknowledged >= until) child.kill('SIGKILL')
    }
    await gone
    assert.match(String(refused), new RegExp(`in use by process ${child.pid}`))
    const index = await openEmbeddedIndex({ directory })
    const { hits } = await index.query({ kind: 'livestream', limit: 1000, withVectors: ['space-a'] })
    assert.equal(hits.length, 300)
    const round = hits[0]!.entity.fields.currentBid as number
    assert.ok(round === acknowledged || round === acknowledged + 1, `round ${round} after ${acknowledged} was acknowledged`)
    assert.ok(hits.every(({ entity }) => entity.fields.currentBid === round && entity.vectors!['space-a']![7] === round))
    assert.deepEqual(idsOf((await index.query({ kind: 'user', limit: 1000 })).hits), [`u-${round}`])
    await index.close()
    acknowledged = round
  }
})
