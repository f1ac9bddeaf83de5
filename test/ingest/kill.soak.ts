import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requireReal } from '../servers/available.ts'
import { compareWithUninterrupted } from './kill-embedded.ts'
import { killMembersInTurn } from './kill-kafka.ts'

const { FRESHET_SOAK_KILLS = '200' } = process.env
const wanted = Number(FRESHET_SOAK_KILLS)
if (!Number.isInteger(wanted) || wanted < 1) throw new Error(`expected FRESHET_SOAK_KILLS to be a whole number above 0, got '${FRESHET_SOAK_KILLS}'`)
const minutes = 60_000

/** Heard while it runs; diagnostics of a test come at its end. */
const say = (what: string): void => console.error(`kill.soak: ${what}`)

const spread = (takeovers: readonly number[]): string => {
  const sorted = [...takeovers].sort((a, b) => a - b)
  return `takeovers: median ${sorted[Math.floor(sorted.length / 2)]} ms, longest ${sorted.at(-1)} ms`
}

describe('kill -9 at random moments', () => {
  test(`${wanted} times on the embedded log: every figure and announcement equals the uninterrupted run's`, { timeout: 40 * minutes }, async (t) => {
    let kills = 0
    for (let seed = 100; kills < wanted; seed++) {
      kills += await compareWithUninterrupted({ kills: Math.min(25, wanted - kills), events: 25_000, seed })
      say(`${kills} of ${wanted} on the embedded log`)
    }
    t.diagnostic(`${kills} kills`)
  })

  test(`${wanted} times one of two processes on Kafka, with takeovers within 10 s`, { timeout: 58 * minutes, skip: requireReal('kafka') }, async (t) => {
    const takeovers: number[] = []
    // Each round is compared as a whole.
    for (let seed = 200; takeovers.length < wanted; seed++) {
      const onKill = (takeover: number) => {
        takeovers.push(takeover)
        if (takeovers.length % 10 === 0) say(`${takeovers.length} of ${wanted} on Kafka; ${spread(takeovers)}`)
      }
      await killMembersInTurn({ kills: Math.min(20, wanted - takeovers.length), seed, onKill })
    }
    t.diagnostic(`${takeovers.length} kills; ${spread(takeovers)}`)
    assert.ok(Math.max(...takeovers) <= 10_000, `expected takeovers within 10 s, got ${takeovers.join(', ')} ms`)
  })
})
