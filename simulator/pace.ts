import { arrive, DAY_SECONDS, depart } from './audience.ts'
import { createBroadcast, scheduleBroadcast } from './broadcasts.ts'
import type { Session, World } from './world.ts'
import { after } from './world.ts'

/** Events per viewer and second, before the market has measured it itself. */
export const EVENTS_PER_VIEWER = 0.2
/** No more than this share of all people is ever online; a higher rate makes the market's clock run faster instead. */
export const MOST_ONLINE = 0.6

/** Keeps the market at its rate by how many people are in it, as a real one has more events because more people came. */
export interface Pace {
  /** Events per market second, as a mean over the day. */
  setRate(eventsPerMarketSecond: number): void
}

/** How busy the hour is: evenings above the mean, mornings below, the opening at the mean. `swing` 0 is a flat day. */
const rhythm = (marketSeconds: number, swing: number): number =>
  1 + swing * Math.sin((2 * Math.PI * marketSeconds) / DAY_SECONDS)

/** The first people come over these seconds; what is measured until all have settled says nothing of later. */
const OPENING_SECONDS = 10
const SETTLED_SECONDS = 25

export function startPace(world: World, options: { rate: number; swing: number; livestreams: number }): Pace {
  let { rate } = options
  let perViewer = EVENTS_PER_VIEWER
  let owed = 0
  let coming = 0
  let before = world.emitter.count
  const most = Math.floor(world.people.users.length * MOST_ONLINE)

  const wanted = (): number => {
    const now = rate * rhythm(world.now, options.swing)
    // What is owed is made up for within some seconds, yet never by a rush.
    const correction = Math.max(-0.5 * now, Math.min(0.5 * now, owed / 15))
    return Math.min(most, (now + correction) / perViewer)
  }

  const invite = (count: number, within: number): void => {
    for (let index = round(world, count); index > 0; index--) {
      coming++
      after(world, within * world.random.float(), () => {
        coming--
        arrive(world)
      })
    }
  }

  const tick = (): void => {
    const made = world.emitter.count - before
    before = world.emitter.count
    const settled = world.now > SETTLED_SECONDS
    if (settled) owed = Math.max(-60 * rate, Math.min(60 * rate, owed + rate * rhythm(world.now, options.swing) - made))
    if (settled && world.sessions.length > 0) perViewer += 0.02 * (Math.min(2, Math.max(0.05, made / world.sessions.length)) - perViewer)
    const missing = wanted() - world.sessions.length - coming
    invite(missing, 1)
    // People go by themselves; only a clear surplus is sent home.
    const surplus = -missing - 1 - 0.05 * world.sessions.length
    for (let index = round(world, surplus / 5); index > 0 && world.sessions.length > 0; index--) {
      depart(world, world.random.pick<Session>(world.sessions))
    }
    after(world, 1, tick)
  }

  /** At the opening everybody comes at once, so that the rate is there within seconds. */
  const open = (): void => {
    before = world.emitter.count
    invite(wanted(), OPENING_SECONDS)
    after(world, 1, tick)
  }
  world.agenda.plan(0, open)
  world.agenda.plan(0, () => keepBroadcasting(world, options.livestreams))
  return { setRate: (next) => { rate = next; owed = 0 } }
}

/** A share of one is one with that probability. */
const round = (world: World, count: number): number =>
  count <= 0 ? 0 : Math.floor(count) + (world.random.chance(count % 1) ? 1 : 0)

/** Announces new shows as old ones end. Those announced and not yet live come on top of the target. */
function keepBroadcasting(world: World, target: number): void {
  const announced = world.open.size - world.live.length
  const lacking = Math.min(target - world.live.length - announced + Math.ceil(target * 0.05), Math.ceil(target / 20))
  for (let index = 0; index < lacking; index++) {
    const broadcast = createBroadcast(world)
    if (!broadcast) break
    scheduleBroadcast(world, broadcast, world.random.between(20, 120))
  }
  after(world, 2, () => keepBroadcasting(world, target))
}
