import type { EntityKind } from '../../events/entity.ts'
import type { EntityChanged } from '../../ingest/changes.ts'
import { openEmbeddedIndex } from '../../search/embedded.ts'
import { entityFields, type AnyFields, type FieldDefinition } from '../../search/entities.ts'
import { IndexUnavailableError, type EntityIndex, type Upsert } from '../../search/entity-index.ts'
import { InTurn } from './in-turn.ts'

/** What becomes of a call: it takes effect, it does not, or it does and its answer is lost. */
export type Fate = 'taken' | 'lost' | 'taken, and not said'

const spaces = ['given']

/** An index that survives whoever writes to it, and remembers each state that it was in and under which revision. */
export class LedgerIndex {
  readonly faults: string[] = []
  /** Decides over the calls to come. */
  gate: (ids: readonly string[]) => Promise<Fate> = () => Promise.resolve('taken')
  readonly #index: EntityIndex
  readonly #model: string
  readonly #inTurn = new InTurn()
  /** By entity and revision, the state. */
  readonly #states = new Map<string, AnyFields | null>()

  private constructor(index: EntityIndex, model: string) {
    this.#index = index
    this.#model = model
  }

  static async open(model = ''): Promise<LedgerIndex> {
    return new LedgerIndex(await openEmbeddedIndex({ directory: null }), model)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#index.close()
  }

  upsert(writes: readonly Upsert[]): Promise<void> {
    return this.#call(writes, async () => {
      await this.#index.upsert(writes)
      for (const { kind, id } of writes) {
        const [stored] = await this.#index.getMany(kind, [id], { withVectors: [...spaces, ...(this.#model ? [this.#model] : [])] })
        const vectors = Object.entries(stored?.vectors ?? {}).map(([space, values]) => [`vector:${space}`, values.join()])
        if (stored) this.#note(`${kind}:${id}`, stored.revision, { ...stored.fields, ...Object.fromEntries(vectors) }, 'the index took')
      }
    })
  }

  delete(entities: readonly { kind: EntityKind; id: string }[]): Promise<void> {
    return this.#call(entities, () => this.#index.delete(entities))
  }

  getMany(...args: Parameters<EntityIndex['getMany']>): ReturnType<EntityIndex['getMany']> {
    return this.#index.getMany(...args)
  }

  flush(): Promise<void> {
    return this.#index.flush()
  }

  stats(): ReturnType<EntityIndex['stats']> {
    return this.#index.stats()
  }

  /** Holds an announcement against what the index had under its revision. */
  announced({ entity, revision, after }: EntityChanged): void {
    const name = `${entity} ${revision}`
    const taken = this.#states.get(name)
    if (after === null) return this.#note(entity, revision, null, 'announced was')
    if (!taken) return void this.faults.push(`${name} was announced, and the index never had it`)
    const definitions = entityFields[entity.slice(0, entity.indexOf(':')) as EntityKind] as Record<string, FieldDefinition>
    const said = Object.fromEntries(Object.entries(taken).filter(([field]) => definitions[field]?.filterable || definitions[field]?.orderable))
    if (textOf(said) !== textOf(after)) this.faults.push(`${name} was ${textOf(said)} in the index, and announced was ${textOf(after)}`)
  }

  #note(entity: string, revision: number, state: AnyFields | null, who: string): void {
    const name = `${entity} ${revision}`
    const former = this.#states.get(name)
    if (former === undefined) this.#states.set(name, state)
    else if (textOf(former) !== textOf(state)) this.faults.push(`${name} was ${textOf(former)}, and then ${who} ${textOf(state)}`)
  }

  async #call(entities: readonly { kind: EntityKind; id: string }[], take: () => Promise<void>): Promise<void> {
    const ids = entities.map(({ kind, id }) => `${kind}:${id}`)
    const fate = this.gate(ids)
    await this.#inTurn.run(ids, async () => {
      const decided = await fate
      if (decided !== 'lost') await take()
      if (decided !== 'taken') throw new IndexUnavailableError(`The call was ${decided}.`)
    })
  }
}

const textOf = (state: AnyFields | null): string =>
  JSON.stringify(state && Object.entries(state).sort(([a], [b]) => (a < b ? -1 : 1)))
