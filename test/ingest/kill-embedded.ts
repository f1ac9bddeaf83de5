import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { topicSpecs } from '../../events/topics.ts'
import { Harness } from './harness.ts'
import { runChild } from './killing.ts'
import { announcements, assertIndexed, assertSame, outcome } from './outcome.ts'
import { randomFrom, recordsOf } from './workload.ts'
import { assertOwnRevisions } from './write-ledger.ts'

const partitions = 3

/**
 * Fills a log, copies it, lets ingest run through on one copy and kills it up to `kills` times on the other, then compares:
 * every state, metric and announcement must be equal. Returns how many kills it took (all was applied before the next).
 */
export async function compareWithUninterrupted({ kills, events, seed }: { kills: number; events: number; seed: number }): Promise<number> {
  const directory = mkdtempSync(join(tmpdir(), 'freshet-kill-'))
  try {
    const [calm, killed] = [join(directory, 'calm'), join(directory, 'killed')]
    const now = await fill(calm, events, seed)
    cpSync(calm, killed, { recursive: true })
    await runChild(calm, partitions, null)
    const expected = await examine(calm, now)

    const random = randomFrom(seed)
    let hits = 0
    let done = false
    while (hits < kills && !done) {
      ({ done } = await runChild(killed, partitions, random))
      if (!done) hits++
    }
    if (!done) await runChild(killed, partitions, null)
    const actual = await examine(killed, now)
    assertSame(actual, expected)
    return hits
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function fill(directory: string, events: number, seed: number): Promise<number> {
  const harness = await new Harness(partitions, directory).open()
  await harness.log.ensureTopics(topicSpecs(harness.topics))
  const startAt = Date.now() - 40_000
  const records = [...recordsOf(harness.topics, {
    seed, users: 60, sellers: 8, livestreams: 25, events, startAt, stepMs: 40_000 / events, duplicates: 0.02, garbage: 0.01,
  })]
  for (let at = 0; at < records.length; at += 250) await harness.log.append(records.slice(at, at + 250))
  await harness.close()
  return Date.now()
}

async function examine(directory: string, now: number) {
  const harness = await new Harness(partitions, directory).open()
  try {
    const { states, increments, covered, entities } = await outcome(harness.log, harness.topics, now)
    await assertIndexed(harness.index, entities)
    assertOwnRevisions([`${directory}.writes`], await announcements(harness.log, harness.topics))
    return { states, increments, covered }
  } finally {
    await harness.close()
  }
}
