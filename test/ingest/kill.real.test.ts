import { test } from 'node:test'
import { compareWithUninterrupted } from './kill-embedded.ts'

const wanted = 10

test(`killed ${wanted} times, ingest ends where the uninterrupted run ends and has announced everything once`, { timeout: 180_000 }, async (t) => {
  // How many moments a run offers depends on the machine; each run is compared as a whole.
  let kills = 0
  for (let seed = 1; kills < wanted; seed++) kills += await compareWithUninterrupted({ kills: wanted - kills, events: 8_000, seed })
  t.diagnostic(`${kills} kills`)
})
