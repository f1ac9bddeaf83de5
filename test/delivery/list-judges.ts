import { isDeepStrictEqual } from 'node:util'
import { Judge, some, type Shown } from './judges.ts'
import type { Ledger } from './ledger.ts'

type Item = Pick<Shown, 'id' | 'title'>

interface Update {
  kind: 'SNAPSHOT' | 'DIFF'
  added: { rank: number; node: Shown }[]
  removed: string[]
  moved: { id: string; rank: number }[]
  updated: { rank: number; node: Shown }[]
}

/** A list that is followed: applying the diffs, as the schema says, gives the list. */
abstract class DiffJudge extends Judge {
  readonly field: string
  #list: Shown[] | undefined
  #snapshots = 0

  /** @param field which gives the updates */
  constructor(name: string, ledger: Ledger, field: string) {
    super(name, ledger)
    this.field = field
  }

  /** A second one without a notice says that the client could not go on from where it was. */
  get snapshots(): number {
    return this.#snapshots
  }

  protected judge(data: Record<string, unknown>): void {
    const { kind, added, removed, moved, updated } = data[this.field] as Update
    if (kind === 'SNAPSHOT') {
      this.#snapshots++
      this.#list = []
    }
    const list = this.#list
    if (!list) return void this.found.push('a diff came before any snapshot')
    const at = new Map(list.map((shown) => [shown.id, shown]))
    const absent = [...removed, ...moved.map(({ id }) => id), ...updated.map(({ node }) => node.id)].filter((id) => !at.has(id))
    const present = added.filter(({ node }) => at.has(node.id)).map(({ node }) => node.id)
    if (absent.length > 0) this.found.push(`changes what is not in the list: ${some(absent)}`)
    if (present.length > 0) this.found.push(`adds what is in the list: ${some(present)} (removes ${some(removed)}; there were ${some(list.map(({ id }) => id))})`)
    for (const { node } of updated) {
      const former = at.get(node.id)
      if (former && node.revision < former.revision) this.found.push(`${node.id}: ${node.title} came after ${former.title}`)
      at.set(node.id, node)
    }
    const out = new Set([...removed, ...moved.map(({ id }) => id)])
    const left = list.filter(({ id }) => !out.has(id)).map(({ id }) => at.get(id) as Shown)
    const placed = [
      ...added.map(({ rank, node }) => ({ rank, shown: node })),
      ...moved.flatMap(({ id, rank }) => { const shown = at.get(id); return shown ? [{ rank, shown }] : [] }),
    ]
    for (const { rank, shown } of placed.sort((a, b) => a.rank - b.rank)) left.splice(rank, 0, shown)
    this.#list = left
  }

  protected get shown(): Item[] | undefined {
    return this.#list?.map(({ id, title }) => ({ id, title }))
  }

  protected differs(expected: readonly Item[]): string[] {
    const { shown } = this
    return isDeepStrictEqual(shown, expected) ? [] : [`the list is ${listed(shown ?? [])}, expected ${listed(expected)}`]
  }
}

/** A list by filter: what it must be follows from what was sent. */
export class ListJudge extends DiffJudge {
  readonly #category: string
  readonly #first: number
  readonly #nearOnly: boolean

  constructor(name: string, ledger: Ledger, { category, first, nearOnly = false }: { category: string; first: number; nearOnly?: boolean }) {
    super(name, ledger, 'livestreams')
    this.#category = category
    this.#first = first
    this.#nearOnly = nearOnly
  }

  has(): boolean {
    return this.differs(this.#expected).length === 0
  }

  faults(): string[] {
    return [...this.found, ...this.differs(this.#expected)]
  }

  get #expected(): Item[] {
    return this.ledger.listOf(this.#category, this.#first, { nearOnly: this.#nearOnly })
  }
}

/** A search or a feed: at rest it must be what the query of the same name answers. */
export class EvaluatedJudge extends DiffJudge {
  #answer: readonly Item[] | undefined

  /** What the query answers, once nothing happens any more. */
  expect(answer: readonly Item[]): void {
    this.#answer = answer
  }

  has(): boolean {
    return this.#answer ? this.differs(this.#answer).length === 0 : this.shown !== undefined
  }

  faults(): string[] {
    return [...this.found, ...this.#answer ? this.differs(this.#answer) : ['nobody has asked the query']]
  }
}

const listed = (list: readonly Item[]): string => list.map(({ id, title }) => `${id} ${title}`).join(', ')
