import type { Call, EntityGroup } from './compile.ts'
import { readEntities, type EntityOutcome } from './entity-answers.ts'
import { cancelledFailure, UnusableAnswer } from './errors.ts'
import type { Lane } from './lanes.ts'
import type { Obj } from './merge.ts'
import { onAbort, SharedWork } from './shared-work.ts'
import type { SubgraphRequest } from './types.ts'

/** Distinct entities of one group that a request asks for. */
export interface Wanted {
  group: EntityGroup
  /** What identifies each of them within the group. */
  keys: readonly string[]
  representations: readonly Obj[]
}

/** What one call brought for some of the wanted entities. */
export interface Brought {
  /** Which of the {@link Wanted}. */
  part: number
  /** Which of its entities, in the order of the outcome; all of them unless said otherwise. */
  positions: readonly number[] | undefined
  outcome: EntityOutcome
}

/** Entities in one call; the next one goes into another. */
const maximumEntities = 1000

/** An entity that a call under way asks for. */
export interface Slot {
  batch: Batch
  /** The field of that call in which it is: groups that ask for the same have different keys in different calls. */
  field: string
  /** Its place among the representations of that field. */
  index: number
}

/** The entities of one group that are under way in a lane, by what identifies them. */
export class Slots {
  readonly #slots = new Map<string, Slot>()
  readonly #emptied: () => void

  constructor(emptied: () => void) {
    this.#emptied = emptied
  }

  get(key: string): Slot | undefined {
    return this.#slots.get(key)
  }

  /** In place of an older one, if there is one: newcomers find the latest. */
  put(key: string, slot: Slot): void {
    this.#slots.set(key, slot)
  }

  remove(key: string, slot: Slot): void {
    if (this.#slots.get(key) !== slot) return
    this.#slots.delete(key)
    if (this.#slots.size === 0) this.#emptied()
  }
}

/** What one request waits for in one field of one batch, of one of its groups. */
interface Need {
  part: number
  field: string
  positions: number[]
  indexes: number[]
}

/**
 * One `_entities` call for several requests of one lane. It gathers until the event loop has handed out everything
 * that has arrived, is sent, and tells every member what became of the entities that it needs.
 */
export class Batch extends SharedWork<EntityAsk> {
  readonly #call: Call
  readonly #groups: readonly EntityGroup[]
  readonly #variables: Obj
  readonly #lane: Lane
  readonly #over: () => void
  readonly #representations = new Map<string, Obj[]>()
  readonly #entities: { slots: Slots, key: string, slot: Slot }[] = []

  /**
   * @param groups All of the call's: one that nobody needs is asked for with an empty list.
   * @param over Called once, when it ends or is given up.
   */
  constructor(
    call: Call, groups: readonly EntityGroup[], variables: Obj, lane: Lane, over: () => void,
  ) {
    super()
    this.#call = call
    this.#groups = groups
    this.#variables = variables
    this.#lane = lane
    this.#over = over
  }

  get takesMore(): boolean {
    return this.#entities.length < maximumEntities && this.admits(0)
  }

  add(group: EntityGroup, slots: Slots, key: string, representation: Obj): Slot {
    const field = group.responseKey
    let representations = this.#representations.get(field)
    if (!representations) this.#representations.set(field, representations = [])
    const slot = { batch: this, field, index: representations.push(representation) - 1 }
    slots.put(key, slot)
    this.#entities.push({ slots, key, slot })
    return slot
  }

  async send(begun: number): Promise<void> {
    if (this.signal.aborted) return
    this.begun = begun
    const variables = { ...this.#variables }
    for (const { variable, responseKey } of this.#groups) {
      variables[variable] = this.#representations.get(responseKey) ?? []
    }
    let outcomeOf: (group: EntityGroup) => EntityOutcome
    try {
      const result = await this.#lane.execute(this.#call, variables, this.signal)
      outcomeOf = (group) => readEntities(result, group, this.#representations.get(group.responseKey)?.length ?? 0)
    } catch (cause) {
      outcomeOf = () => ({ cause })
    }
    if (this.signal.aborted) return
    this.over()
    const outcomes = new Map(this.#groups.map((group) => [group.responseKey, outcomeOf(group)]))
    const shared = this.members.size > 1
    for (const member of this.members) member.told(this, outcomes, shared)
  }

  protected override over(): void {
    for (const { slots, key, slot } of this.#entities) slots.remove(key, slot)
    this.#over()
  }
}

/** One request's entities of one step: in batches of its own and in calls of others that are under way. */
export class EntityAsk {
  readonly #call: Call
  readonly #lane: Lane
  readonly #wanted: readonly Wanted[]
  readonly #variables: Obj
  readonly #signal: AbortSignal | undefined
  readonly #needs = new Map<Batch, Need[]>()
  readonly #brought: Brought[] = []
  readonly #settled = Promise.withResolvers<readonly Brought[]>()
  readonly #listening: () => void
  #waiting = 0

  constructor(call: Call, wanted: readonly Wanted[], lane: Lane, request: SubgraphRequest, since: number) {
    this.#call = call
    this.#lane = lane
    this.#wanted = wanted
    this.#variables = request.variables ?? {}
    this.#signal = request.signal
    this.#listening = onAbort(request.signal, () => this.#leave())
    const groups = wanted.map(({ group }) => group)
    const identity = call.variables.length > 0 ? JSON.stringify(request.variables) : ''
    for (const [part, { group, keys, representations }] of wanted.entries()) {
      if (keys.length === 0) continue
      const slots = lane.slots(group, identity)
      let of: Slot | undefined
      let need: Need | undefined
      for (let position = 0; position < keys.length; position++) {
        const key = keys[position]!
        let slot = slots.get(key)
        if (!slot?.batch.admits(since)) {
          slot = lane.gathering(call, groups, this.#variables, identity).add(group, slots, key, representations[position]!)
        }
        if (slot.batch !== of?.batch || slot.field !== of.field) need = this.#needOf(of = slot, part)
        need!.positions.push(position)
        need!.indexes.push(slot.index)
      }
    }
  }

  /** In the order in which the calls ended. Rejects when the request is given up. */
  get settled(): Promise<readonly Brought[]> {
    return this.#settled.promise
  }

  told(batch: Batch, outcomes: ReadonlyMap<string, EntityOutcome>, shared: boolean): void {
    const needs = this.#needs.get(batch) ?? []
    this.#needs.delete(batch)
    const mine = needs.map(({ field }) => outcomes.get(field)!)
    if (shared && mine.some(isNobodysInParticular)) {
      void this.#askAlone(needs)
      return
    }
    for (const [number, { part, positions, indexes }] of needs.entries()) {
      this.#brought.push({ part, positions, outcome: chosen(mine[number]!, indexes) })
    }
    this.#oneDone()
  }

  #needOf({ batch, field }: Slot, part: number): Need {
    let needs = this.#needs.get(batch)
    if (!needs) {
      this.#needs.set(batch, needs = [])
      batch.members.add(this)
      this.#waiting++
    }
    let need = needs.find((one) => one.part === part && one.field === field)
    if (!need) needs.push(need = { part, field, positions: [], indexes: [] })
    return need
  }

  /**
   * What went wrong cannot be told from one member to the other: each asks again for its own, so that nobody is
   * answered by another's failure.
   */
  async #askAlone(needs: readonly Need[]): Promise<void> {
    const variables = { ...this.#variables }
    const positionsOf = (part: number) => needs.flatMap((need) => need.part === part ? need.positions : [])
    for (const [part, { group, representations }] of this.#wanted.entries()) {
      variables[group.variable] = positionsOf(part).map((position) => representations[position])
    }
    let outcomeOf: (group: EntityGroup, count: number) => EntityOutcome
    try {
      const result = await this.#lane.execute(this.#call, variables, this.#signal)
      outcomeOf = (group, count) => readEntities(result, group, count)
    } catch (cause) {
      outcomeOf = () => ({ cause })
    }
    for (const [part, { group }] of this.#wanted.entries()) {
      const positions = positionsOf(part)
      if (positions.length > 0) this.#brought.push({ part, positions, outcome: outcomeOf(group, positions.length) })
    }
    this.#oneDone()
  }

  #oneDone(): void {
    if (--this.#waiting > 0) return
    this.#listening()
    this.#settled.resolve(this.#brought)
  }

  #leave(): void {
    for (const batch of this.#needs.keys()) batch.leave(this)
    this.#needs.clear()
    this.#settled.reject(cancelledFailure('not waited for'))
  }
}

/** Whether it may be another member's entity that made the call fail as a whole. */
const isNobodysInParticular = (outcome: EntityOutcome): boolean =>
  'cause' in outcome ? outcome.cause instanceof UnusableAnswer : outcome.general.length > 0

/** The outcome for those entities only. */
const chosen = (outcome: EntityOutcome, indexes: readonly number[]): EntityOutcome =>
  'cause' in outcome ? outcome : {
    general: outcome.general, answers: outcome.answers && indexes.map((index) => outcome.answers![index]!),
  }
