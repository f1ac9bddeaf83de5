import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Cut } from '../../../resolvers/live.ts'
import { includes, includesCut, plainPosition } from '../../../subscriptions/cut.ts'
import type { Start } from '../../../subscriptions/delivery/group.ts'
import type { Policy } from '../../../subscriptions/delivery/subscriber.ts'
import { Client, cutOf, decode, History, laneOf, placeOf, Replica, settle, type Happened } from './world.ts'

const lanes = 3
const keep = { count: 6, bytes: 1e6 }
/** More than ever happens in a lane. */
const beyond = 1_000_000

/** Judges what a client has received by what happened. */
class Judge {
  readonly client: Client
  readonly #history: History
  readonly #start: Start
  #position: Cut | undefined
  /** Of conflated keys: what it was not given and must be given something newer of. */
  readonly #owed = new Map<string, number>()

  constructor(client: Client, history: History, start: Start) {
    this.client = client
    this.#history = history
    this.#start = start
    // What is beyond the end of the log is no position.
    if (start.kind === 'after' && history.lanes.every(({ length }, lane) => (start.cut[laneOf(lane)]?.next ?? 0) <= length)) this.#position = start.cut
    if (start.kind === 'since') this.#position = cutOf(history.lanes.map(() => start.time))
  }

  get position(): Cut | undefined {
    return this.#position
  }

  /** Takes what came since it was last asked. */
  judge(): void {
    for (const { data, extensions: { cursor, gap } } of this.client.received.splice(0)) {
      const cut = decode(cursor as string)
      if (this.#position) assert.ok(includesCut(cut, this.#position), 'a cursor never goes back')
      const gained = this.#history.lanes.flat().filter((event) => includes(cut, placeOf(event)) && !(this.#position && includes(this.#position, placeOf(event))))
      if (data?.state) this.#judgeState(data.state, cut, gained.length, gap)
      else this.#judgeEvent(data?.event as Happened, gained, gap)
      this.#position = cut
    }
  }

  #judgeState(state: Record<string, number>, cut: Cut, gained: number, gap: { reason: string; missed: { count: number | null } } | undefined): void {
    assert.deepEqual(state, this.#history.state(cut), 'a state is the one of its cursor')
    this.#owed.clear()
    if (!this.#position) assert.equal(gap?.reason, this.#start.kind === 'now' ? undefined : 'CURSOR')
    // Who came from a replica that was ahead may have some of them, and the state may have more than was read so far.
    else if (gap?.reason === 'BUFFER') assert.ok(gap.missed.count === gained || gap.missed.count === null, 'a gap says how many, or nothing')
    else assert.equal(gap?.reason, 'RETENTION', 'who has a position gets a state only with a gap')
  }

  #judgeEvent(event: Happened, gained: readonly Happened[], gap: unknown): void {
    assert.equal(gap, undefined)
    assert.ok(gained.some(({ lane, n }) => lane === event.lane && n === event.n), 'nothing comes twice')
    const others = gained.filter(({ lane, n }) => lane !== event.lane || n !== event.n)
    if (this.client.policy !== 'CONFLATE') assert.deepEqual(others, [], 'nothing is left out')
    for (const { key, n } of others) this.#owed.set(key, Math.max(n, this.#owed.get(key) ?? 0))
    const owed = this.#owed.get(event.key)
    if (owed !== undefined) {
      assert.ok(event.n > owed, 'what was superseded was superseded by something newer')
      this.#owed.delete(event.key)
    }
  }

  /** Once everything has come. */
  finish(cut: Cut): void {
    this.judge()
    assert.deepEqual([...this.#owed], [], 'the latest of each key has come')
    assert.ok(this.#position && includesCut(this.#position, cut), 'everything has come')
  }
}

const policies: Policy[] = ['CONFLATE', 'BUFFER', 'DISCONNECT']

type Action =
  | { do: 'happen'; lane: number; key: number; times: number }
  | { do: 'advance'; replica: number; lane: number; times: number }
  | { do: 'join'; replica: number; policy: number; buffer: number; start: number; from: number }
  | { do: 'stall' | 'resume' | 'leave'; client: number }
  | { do: 'forget'; lane: number }
  | { do: 'settle' | 'turn' }

const lane = fc.integer({ min: 0, max: lanes - 1 })
const replica = fc.integer({ min: 0, max: 1 })
const client = fc.nat(30)
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('happen' as const), lane, key: fc.nat(3), times: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 8, arbitrary: fc.record({ do: fc.constant('advance' as const), replica, lane, times: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 4, arbitrary: fc.record({
    do: fc.constant('join' as const), replica, policy: fc.nat(2), buffer: fc.integer({ min: 1, max: 8 }), start: fc.nat(6), from: fc.nat(),
  }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('stall' as const, 'resume' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), client }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), lane }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constantFrom('settle' as const, 'turn' as const) }) },
)

async function play(actions: readonly Action[]): Promise<void> {
  const history = new History(lanes)
  const replicas = [new Replica(history, { keep, polled: false }), new Replica(history, { keep, maxBytes: 4_000 })] as const
  const judges: { judge: Judge; replica: Replica }[] = []
  const joins: Promise<void>[] = []
  const cuts: Cut[] = [cutOf([0, 0, 0])]
  const at = (index: number) => judges[index % Math.max(1, judges.length)]

  for (const action of actions) {
    switch (action.do) {
      case 'happen': {
        for (let left = action.times; left > 0; left--) history.add(action.lane, action.key)
        break
      }
      case 'advance': {
        const chosen = replicas[action.replica] as Replica
        for (let left = action.times; left > 0; left--) chosen.advance(action.lane)
        cuts.push(chosen.cut)
        break
      }
      case 'join': {
        const chosen = replicas[action.replica] as Replica
        const cut = cuts[action.from % cuts.length] as Cut
        const start: Start = action.start < 2 ? { kind: 'now' } : action.start < 4 ? { kind: 'after', cut }
          : action.start === 4 ? { kind: 'since', time: 0 } : action.start === 5 ? { kind: 'lost', reason: 'CURSOR' }
          : { kind: 'after', cut: { ...cut, [laneOf(action.from % lanes)]: plainPosition(beyond) } }
        const each = new Client(policies[action.policy], action.buffer)
        judges.push({ judge: new Judge(each, history, start), replica: chosen })
        joins.push(each.join(chosen.group, start))
        break
      }
      case 'stall':
      case 'resume': {
        const each = at(action.client)?.judge.client
        if (each && action.do === 'stall') each.stalled = true
        else each?.resume()
        break
      }
      case 'leave': {
        const found = judges.splice(action.client % Math.max(1, judges.length), 1)[0]
        if (!found) break
        // Whoever leaves has had nothing wrong so far, and comes back with its last cursor.
        if (found.judge.client.subscriber) {
          found.judge.client.subscriber.leave()
          found.judge.judge()
          if (found.judge.position) cuts.push(found.judge.position)
        } else judges.push(found)
        break
      }
      case 'forget': {
        history.forgotten[action.lane] = Math.min(...replicas.map(({ counts }) => counts[action.lane] as number))
        break
      }
      case 'settle': await settle(...replicas); break
      case 'turn': for (const { turns } of replicas) turns.shift()?.()
    }
  }
  await Promise.all(joins)
  for (const each of replicas) for (let lane = 0; lane < lanes; lane++) for (const _ of history.lanes[lane] as Happened[]) each.advance(lane)
  await settle(...replicas)
  for (const { judge } of judges) judge.client.resume()
  await settle(...replicas)
  for (const { judge } of judges) judge.client.resume()
  await settle(...replicas)
  for (const { judge } of judges) {
    if (judge.client.ended) {
      judge.judge()
      assert.equal(judge.client.ended.code, 'SUBSCRIBER_TOO_SLOW')
      assert.equal(judge.client.policy, 'DISCONNECT')
      if (judge.position && judge.client.ended.cursor !== undefined) assert.ok(includesCut(judge.position, decode(judge.client.ended.cursor)))
    } else judge.finish(cutOf(history.lanes.map(({ length }) => length)))
  }
  for (const { errors, budget } of replicas) {
    assert.deepEqual(errors, [])
    assert.ok(budget.used <= 1e9)
  }
  for (const { judge } of judges) judge.client.subscriber?.leave()
  for (const { budget, running } of replicas) {
    assert.equal(budget.used, 0, 'nothing is kept once everybody has left')
    assert.equal(running, false)
  }
}

test('each gets exactly what the model says, whatever happens and whoever stalls', { timeout: 120_000 }, async () => {
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), play), { numRuns: Number(process.env.RUNS ?? 300) })
})
