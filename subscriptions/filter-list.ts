import { isDeepStrictEqual } from 'node:util'
import type { EntityChanged } from '../ingest/changes.ts'
import { fieldOf, type AnyFields, type FieldValue } from '../search/entities.ts'
import type { ChangeKind, ListedLivestream, ListQuery, Reason } from '../resolvers/live-list.ts'
import type { StoredEntity } from '../search/entity-index.ts'
import { compileFilter } from '../search/matches.ts'
import { idOf, imageBefore, isSeen } from './images.ts'
import { diffOf, isEmptyDiff, type ListDiff } from './list-diff.ts'
import { RankedSet, type Compare } from './ranked-set.ts'

/** What changes did to the part of the list that is shown. */
export interface Step {
  diff: ListDiff
  updated: readonly string[]
  reasons: readonly Reason[]
  eventTime: number
  appliedAt: number
}

/** Cosines of livestreams to what a list is near; null where there is no vector. */
export type Similarities = ReadonlyMap<string, number | null>

/** What a batch did to one livestream. */
interface Touch {
  was: boolean
  is: boolean
  isSeen: boolean
  fields: Set<string>
  eventTime: number
  appliedAt: number
}

/**
 * The livestreams that match a filter, in order, kept by change records alone: each says what its entity was and is. What
 * matches is held whole, so that it is known who moves up when another leaves.
 */
export class FilterList {
  readonly #query: ListQuery
  readonly #matches: (id: string, fields: AnyFields) => boolean
  readonly #members = new Map<string, ListedLivestream>()
  /** Of a list by meaning: of all that match the filter, the far ones too. */
  readonly #similarities: Map<string, number | null> | undefined
  #ranked: RankedSet<ListedLivestream>
  #window: readonly ListedLivestream[]
  #contradicted = false

  /** `similarities` where the query has `near`. */
  constructor(query: ListQuery, loaded: Iterable<StoredEntity>, similarities?: Similarities) {
    this.#query = query
    this.#matches = query.filter ? compileFilter('livestream', query.filter) : () => true
    this.#similarities = similarities && new Map(similarities)
    for (const entity of loaded) {
      const member = this.#memberOf({ ...entity, fields: announcedFields(entity.fields) })
      if (member) this.#members.set(member.id, member)
    }
    this.#ranked = RankedSet.of(this.#members.values(), compareBy(query))
    this.#window = this.#ranked.first(query.first)
  }

  /** What is shown. */
  get window(): readonly ListedLivestream[] {
    return this.#window
  }

  /** How many match. */
  get size(): number {
    return this.#ranked.size
  }

  /** How many are held in memory. */
  get held(): number {
    return Math.max(this.#members.size, this.#similarities?.size ?? 0)
  }

  /** Livestreams whose similarity has to be asked for before the changes can be applied, in their order. */
  needing(changes: Iterable<EntityChanged>): Set<string> {
    const needing = new Set<string>()
    const { near } = this.#query
    if (!near) return needing
    /** Of those that a change takes out of the filter no similarity is kept: another one may bring them back. */
    const forgotten = new Set<string>()
    for (const { entity, changed, after } of changes) {
      const id = idOf(entity)
      if (!after || !this.#matches(id, after)) forgotten.add(id)
      else if (forgotten.has(id) || !this.#similarities?.has(id) || `vector:${near.space}` in changed) needing.add(id)
    }
    return needing
  }

  /**
   * Takes in changes in their order; undefined where nothing that is shown has changed.
   *
   * @param similarities of those that need one, as of now
   */
  apply(changes: readonly EntityChanged[], similarities?: Similarities): Step | undefined {
    const touches = new Map<string, Touch>()
    let isShown = false
    for (const change of changes) {
      const id = idOf(change.entity)
      const former = this.#members.get(id)
      // It was loaded with that change: the last of them says that nobody had been told of it yet.
      const isIn = former !== undefined && change.revision <= former.revision
      if (isIn && change.revision < former.revision) continue
      if (this.#contradicts(change, former)) this.#contradicted = true
      if (isIn) continue
      if (similarities?.has(id)) this.#similarities?.set(id, similarities.get(id) ?? null)
      if (!change.after || !this.#matches(id, change.after)) this.#similarities?.delete(id)
      const member = change.after ? this.#memberOf(toEntity(id, change, change.after)) : undefined
      isShown = this.#put(former, member) || isShown
      const touch = touches.get(id)
      touches.set(id, {
        was: touch?.was ?? former !== undefined,
        is: member !== undefined,
        isSeen: touch?.isSeen === true || change.operation !== 'updated' || Object.keys(change.changed).some(isSeen),
        fields: new Set([...touch?.fields ?? [], ...Object.keys(change.changed).filter(isField)]),
        eventTime: Math.max(touch?.eventTime ?? 0, change.eventTime),
        appliedAt: Math.max(touch?.appliedAt ?? 0, change.appliedAt),
      })
    }
    if (!isShown) return undefined
    const before = this.#window.map(({ id }) => id)
    this.#window = this.#ranked.first(this.#query.first)
    return stepOf(before, this.#window, touches)
  }

  /**
   * Whether a change has said that its entity was not what the list held: then the list was loaded in a state that was not
   * announced yet. Asking forgets it.
   */
  takeContradicted(): boolean {
    const was = this.#contradicted
    this.#contradicted = false
    return was
  }

  /**
   * What the list has become by these changes, of which `apply` has been told: from the list before the first of them to now.
   * `null` where the changes do not say what was before: records do not hold vectors.
   */
  since(changes: readonly EntityChanged[]): Step | undefined | null {
    const { near, first } = this.#query
    const touches = new Map<string, Touch>()
    let ranked = this.#ranked
    for (const change of changes) {
      const { entity, operation, changed, after, eventTime, appliedAt } = change
      const id = idOf(entity)
      if (near && (operation === 'deleted' || (operation === 'updated' && `vector:${near.space}` in changed))) return null
      let touch = touches.get(id)
      if (!touch) {
        const image = operation === 'created' ? null : imageBefore(changed, after)
        if (near && image && this.#matches(id, image) && !this.#similarities?.has(id)) return null
        const former = image ? this.#memberOf(toEntity(id, change, image)) : undefined
        const member = this.#members.get(id)
        if (member) ranked = ranked.without(member)
        if (former) ranked = ranked.with(former)
        touches.set(id, touch = { was: former !== undefined, is: member !== undefined, isSeen: false, fields: new Set(), eventTime, appliedAt })
      }
      touch.isSeen ||= operation !== 'updated' || Object.keys(changed).some(isSeen)
      for (const field of Object.keys(changed)) if (isField(field)) touch.fields.add(field)
      touch.eventTime = Math.max(touch.eventTime, eventTime)
      touch.appliedAt = Math.max(touch.appliedAt, appliedAt)
    }
    return stepOf(ranked.first(first).map(({ id }) => id), this.#window, touches)
  }

  #contradicts({ operation, changed, after, entity }: EntityChanged, former: ListedLivestream | undefined): boolean {
    if (former) {
      return operation === 'created'
        || Object.keys(changed).some((name) => isAnnounced(name) && !isSameValue(former.fields[name], changed[name]))
    }
    const id = idOf(entity)
    return operation !== 'created' && !this.#similarities?.has(id) && this.#matches(id, imageBefore(changed, after))
  }

  #memberOf(entity: StoredEntity): ListedLivestream | undefined {
    if (!this.#matches(entity.id, entity.fields)) return undefined
    const { near } = this.#query
    if (!near) return entity
    const similarity = this.#similarities?.get(entity.id) ?? null
    return similarity !== null && similarity >= near.minSimilarity ? { ...entity, similarity } : undefined
  }

  /** Whether it was or is among those shown. */
  #put(former: ListedLivestream | undefined, member: ListedLivestream | undefined): boolean {
    const { first } = this.#query
    const wasShown = former !== undefined && this.#ranked.rankOf(former) < first
    if (former) this.#ranked = this.#ranked.without(former)
    if (former) this.#members.delete(former.id)
    if (!member) return wasShown
    this.#members.set(member.id, member)
    const isShown = this.#ranked.rankOf(member) < first
    this.#ranked = this.#ranked.with(member)
    return wasShown || isShown
  }
}

function stepOf(before: readonly string[], window: readonly ListedLivestream[], touches: ReadonlyMap<string, Touch>): Step | undefined {
  const after = window.map(({ id }) => id)
  const diff = diffOf(before, after)
  const shownBefore = new Set(before)
  const updated = after.filter((id) => shownBefore.has(id) && touches.get(id)?.isSeen)
  if (isEmptyDiff(diff) && updated.length === 0) return undefined
  const reason = (id: string, kind: ChangeKind): Reason => ({ id, kind, fields: [...touches.get(id)?.fields ?? []] })
  const times = [...touches.values()]
  return {
    diff,
    updated,
    reasons: [
      ...diff.added.map(({ id }) => reason(id, touches.get(id)?.was === false ? 'ENTERED' : 'ADVANCED')),
      ...diff.removed.map((id) => reason(id, touches.get(id)?.is === false ? 'LEFT' : 'OUTRANKED')),
      ...updated.map((id) => reason(id, 'UPDATED')),
    ],
    eventTime: Math.max(...times.map(({ eventTime }) => eventTime)),
    appliedAt: Math.max(...times.map(({ appliedAt }) => appliedAt)),
  }
}

const isField = (name: string): boolean => !name.startsWith('vector:')

/** Whether change records hold the field's value. */
function isAnnounced(name: string): boolean {
  const definition = fieldOf('livestream', name)
  return definition?.filterable === true || definition?.orderable === true
}

/** Descriptions are long, and read when they are shown. */
const announcedFields = (fields: AnyFields): AnyFields =>
  Object.fromEntries(Object.entries(fields).filter(([name]) => isAnnounced(name)))

const toEntity = (id: string, { revision, eventTime, appliedAt }: EntityChanged, fields: AnyFields): StoredEntity =>
  ({ kind: 'livestream', id, fields, revision, eventTime, appliedAt })

/** An empty list is kept nowhere. */
const isSameValue = (a: FieldValue | undefined, b: FieldValue | null | undefined): boolean =>
  isDeepStrictEqual(Array.isArray(a) && a.length === 0 ? null : a ?? null, Array.isArray(b) && b.length === 0 ? null : b ?? null)

/** Total: missing values last in both directions, ties by id. The index's listings have the same order. */
function compareBy({ orderBy, near }: ListQuery): Compare<ListedLivestream> {
  const byId = orderBy.findIndex(({ field }) => field === 'id')
  const orderings = byId < 0 ? orderBy : orderBy.slice(0, byId + 1)
  return (a, b) => {
    for (const { field, direction } of orderings) {
      const order = field === 'id' ? compare(a.id, b.id) : compare(a.fields[field], b.fields[field], direction === 'desc')
      if (order !== 0) return field === 'id' && direction === 'desc' ? -order : order
    }
    if (orderings.length === 0 && near) {
      const order = (b.similarity ?? 0) - (a.similarity ?? 0)
      if (order !== 0) return order
    }
    return compare(a.id, b.id)
  }
}

function compare(a: FieldValue | undefined, b: FieldValue | undefined, descending = false): number {
  if (a === b) return 0
  if (a === undefined) return 1
  if (b === undefined) return -1
  return (a < b) !== descending ? -1 : 1
}
